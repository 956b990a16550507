//! One request to the admin API, read whole with limits on size and time.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::Query,
    http::{HeaderMap, Method, Request, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;

use super::{conditions::Conditions, denied::Denied};
use crate::config::{Path, edit::Document};

/// A request.
#[derive(Debug)]
pub(super) struct Asked {
    /// The names in its path, in each way to read them.
    names: Vec<Vec<String>>,
    query: Vec<(String, String)>,
    /// What must be true for it to be done.
    conditions: Conditions,
    body: Bytes,
    /// The sender, for the audit log.
    pub(super) from: String,
    /// The method, for the audit log.
    pub(super) method: Method,
}

impl Asked {
    /// Reads the body.
    pub(super) async fn read(
        request: Request<Incoming>,
        names: Vec<Vec<String>>,
        client: Option<IpAddr>,
    ) -> Result<Self, Denied> {
        let (head, body) = request.into_parts();
        let query = Query::<Vec<(String, String)>>::try_from_uri(&head.uri);
        let Query(query) = query.map_err(|_| Denied::invalid("the query is invalid", None))?;
        let conditions = Conditions::of(&head.headers);
        let body = timeout(LONGEST, Limited::new(body, MOST).collect());
        let body = match body.await {
            Err(_) => return Err(Denied::TooSlow),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Denied::TooLarge),
            Ok(Err(_)) => return Err(Denied::invalid("the body broke off", None)),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let from = client.map_or_else(|| "a socket".to_owned(), |client| client.to_string());
        Ok(Self { names, query, conditions, body, from, method: head.method })
    }

    /// A name in the path, counted from 0.
    pub(super) fn name(&self, at: usize) -> &str {
        self.names.first().and_then(|names| names.get(at)).map_or("", String::as_str)
    }

    /// The two names in the path, in each way to read them: both may contain slashes.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().filter_map(|names| match &names[..] {
            [first, second] => Some((first.as_str(), second.as_str())),
            _ => None,
        })
    }

    /// The value of a parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Refuses unknown parameters, since ignoring one could change the meaning.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Denied> {
        match self.query.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, _)) => {
                let message = "this route has no such parameter";
                Err(Denied::invalid(message, Some(key.clone())))
            }
            None => Ok(()),
        }
    }

    /// Whether the change is a dry run.
    pub(super) fn is_dry_run(&self) -> Result<bool, Denied> {
        match self.parameter(DRY_RUN) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(_) => Err(Denied::invalid("write `true` or `false`", Some(DRY_RUN.into()))),
        }
    }

    /// Refuses a change of a file with this ETag if the request is meant for another state of it.
    pub(super) fn meant_for(&self, etag: &str) -> Result<(), Denied> {
        match self.conditions.allow(etag) {
            true => Ok(()),
            false => Err(Denied::Stale(etag.to_owned())),
        }
    }

    /// Refuses the change if the request wants the thing to be new and it exists, or the reverse.
    pub(super) fn meant_for_existing(&self, exists: bool) -> Result<(), Denied> {
        match self.conditions.allow_existing(exists) {
            true => Ok(()),
            false => Err(Denied::Unmet { exists }),
        }
    }

    /// Whether the path names the thing that is to be changed, which then exists. `PUT` alone creates.
    pub(super) fn names_what_exists(&self) -> bool {
        self.method != Method::PUT && self.names.first().is_some_and(|names| !names.is_empty())
    }

    /// Refuses a body, except an empty object.
    pub(super) fn no_body(&self) -> Result<(), Denied> {
        match self.body.trim_ascii() {
            b"" | b"{}" => Ok(()),
            _ => Err(Denied::invalid("this route accepts no body", None)),
        }
    }

    /// Whether some text of the body contains this.
    pub(super) fn says(&self, text: &str) -> bool {
        fn says(value: &Value, text: &str) -> bool {
            match value {
                Value::String(said) => said.contains(text),
                Value::Array(items) => items.iter().any(|it| says(it, text)),
                Value::Object(members) => members.values().any(|it| says(it, text)),
                _ => false,
            }
        }
        self.json().is_ok_and(|body| says(&body, text))
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Denied> {
        let document = Document::read("body", &self.body).map_err(Denied::Unread)?;
        Ok(document.value(&Path::root()).unwrap_or_default())
    }
}

/// Refuses requests of another origin, with which an operator's browser would send credentials.
pub(super) fn refuse_foreign(headers: &HeaderMap) -> Result<(), Denied> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let host = headers.get(header::HOST).map(|host| host.as_bytes()).unwrap_or_default();
    let origin = origin.to_str().unwrap_or_default();
    match origin.split_once("://") {
        Some((_, authority)) if authority.as_bytes() == host => Ok(()),
        _ => Err(Denied::ForeignPage),
    }
}

const DRY_RUN: &str = "dry_run";
/// The largest body.
const MOST: usize = 1024 * 1024;
/// How long a body may take.
const LONGEST: Duration = Duration::from_secs(30);

#[cfg(test)]
impl Asked {
    /// A request with only a body.
    pub(super) fn with_body(body: &str) -> Self {
        Self {
            names: Vec::new(),
            query: Vec::new(),
            conditions: Conditions::default(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            from: String::new(),
            method: Method::PUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parameters_are_refused() {
        let mut asked = Asked::with_body("{}");
        asked.query.push(("dry_run".into(), "true".into()));
        assert!(asked.only(&["dry_run"]).is_ok() && asked.only(&[]).is_err());
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        let refused = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:9090".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            refuse_foreign(&headers).is_err()
        };
        assert!(!refused(None) && !refused(Some("http://127.0.0.1:9090")));
        assert!(refused(Some("http://evil.example")) && refused(Some("null")));
    }
}
