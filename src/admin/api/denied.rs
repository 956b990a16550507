//! The errors of the admin API, one row each: status, code, message.
//!
//! They contain no secret, because a problem quotes no value.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;
use serde_json::Value;

use super::answered::json;
use crate::config::{Path, Problem, Problems};

/// Why the admin API refuses a request.
#[derive(Debug)]
pub(super) enum Denied {
    MissingKey,
    WrongKey,
    /// The request comes from a page of another origin.
    ForeignPage,
    NoRoute,
    /// The route has other methods.
    NoMethod(String),
    TooLarge,
    TooSlow,
    /// The body is not JSON.
    Unread(Problems),
    /// Something in the request is invalid.
    Invalid {
        message: String,
        param: Option<String>,
    },
    /// It is used elsewhere; holds where.
    InUse(String),
    /// Several have this name; holds how to name each.
    Ambiguous(String),
    /// Fields without a counterpart, by name.
    Unknown(Vec<String>),
    /// It does not exist.
    Absent(String),
    /// `***` stands where there is no secret.
    NoSecret(Path),
    /// The file has another ETag than the request expects.
    Stale(String),
    /// The request wants to create what exists, or to replace what does not exist.
    Unmet {
        exists: bool,
    },
    /// The file cannot be written.
    Fixed(String),
    /// The file has problems before the change.
    Broken(Problems),
    /// The file would have problems.
    Problems(Problems),
    /// The file was checked and written, but the process did not load it.
    NotTaken {
        problems: String,
        is_taken_back: bool,
    },
    /// The file was written, but is not live yet.
    Late,
    /// The file changes faster than it can be written.
    Busy,
}

/// What stands in the answer.
#[derive(Serialize)]
struct Envelope {
    error: Told,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Value>,
}

#[derive(Serialize)]
struct Told {
    message: String,
    r#type: &'static str,
    param: Option<String>,
    code: &'static str,
}

impl Denied {
    /// Something in the request is invalid.
    pub(super) fn invalid(message: impl Into<String>, param: Option<String>) -> Self {
        Self::Invalid { message: message.into(), param }
    }

    /// The answer.
    pub(super) fn response(self) -> Response<Body> {
        let (status, code, message) = self.row();
        let kind = match status {
            StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => "api_error",
            _ => "invalid_request_error",
        };
        let param = match &self {
            Self::Invalid { param, .. } => param.clone(),
            Self::Unknown(fields) => fields.first().cloned(),
            Self::NoSecret(path) => Some(path.to_string()),
            _ => None,
        };
        let problems = match &self {
            Self::Unread(all) | Self::Broken(all) | Self::Problems(all) => {
                all.0.iter().map(Problem::told).collect()
            }
            _ => Vec::new(),
        };
        let told = Told { message, r#type: kind, param, code };
        let mut response = json(status, &Envelope { error: told, problems });
        let headers = response.headers_mut();
        match self {
            Self::MissingKey | Self::WrongKey => {
                let scheme = HeaderValue::from_static("Bearer realm=\"onwards\"");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            Self::NoMethod(methods) => {
                headers.extend(methods.parse().ok().map(|it: HeaderValue| (header::ALLOW, it)));
            }
            _ => {}
        }
        response
    }

    fn row(&self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        let (status, code, message) = match self {
            Self::MissingKey => {
                let how = "send the admin key as `Authorization: Bearer …`";
                (S::UNAUTHORIZED, "missing_api_key", how)
            }
            Self::WrongKey => (S::UNAUTHORIZED, "invalid_api_key", "this is not the admin key"),
            Self::ForeignPage => {
                (S::FORBIDDEN, "forbidden", "requests from pages of another origin are refused")
            }
            Self::NoRoute => (S::NOT_FOUND, "not_found", "this route does not exist"),
            Self::TooLarge => {
                (S::PAYLOAD_TOO_LARGE, "payload_too_large", "the body is larger than 1 MiB")
            }
            Self::TooSlow => (S::REQUEST_TIMEOUT, "request_timeout", "the body took too long"),
            Self::Late => {
                let message = "the file is written, but it is not live yet";
                (S::GATEWAY_TIMEOUT, "not_live_yet", message)
            }
            Self::Busy => {
                let message = "the file changes faster than it can be written; try again";
                (S::SERVICE_UNAVAILABLE, "file_busy", message)
            }
            other => return other.row_of_its_own(),
        };
        (status, code, message.to_owned())
    }

    /// The rows with a message of their own.
    fn row_of_its_own(&self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        match self {
            Self::NoMethod(methods) => {
                let message = format!("this route has the methods {methods}");
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", message)
            }
            Self::Unread(problems) => (S::BAD_REQUEST, "invalid_json", problems.to_string()),
            Self::Invalid { message, .. } => (S::BAD_REQUEST, "invalid_request", message.clone()),
            Self::Unknown(fields) => {
                let fields = fields.join("`, `");
                let message =
                    format!("nothing was changed: there is no counterpart for `{fields}`");
                (S::BAD_REQUEST, "unsupported_field", message)
            }
            Self::InUse(message) => (S::CONFLICT, "in_use", message.clone()),
            Self::Ambiguous(message) => (S::CONFLICT, "ambiguous", message.clone()),
            Self::Absent(what) => (S::NOT_FOUND, "not_found", what.clone()),
            Self::NoSecret(path) => {
                let message = format!(
                    "`***` at `{path}` does not replace a secret of the file: write the secret, a \
                     reference, or leave it out of a PATCH"
                );
                (S::BAD_REQUEST, "masked_secret", message)
            }
            Self::Stale(etag) => {
                let message = format!("the file has changed; its ETag is \"{etag}\" now");
                (S::PRECONDITION_FAILED, "precondition_failed", message)
            }
            Self::Unmet { exists } => {
                let message = match exists {
                    true => "it exists already, and `If-None-Match: *` creates only",
                    false => "it does not exist, and `If-Match: *` does not create",
                };
                (S::PRECONDITION_FAILED, "precondition_failed", message.to_owned())
            }
            Self::Fixed(why) => {
                let message = format!("the configuration file cannot be written: {why}");
                (S::CONFLICT, "file_not_writable", message)
            }
            Self::Broken(problems) => {
                let message = format!("the file already has problems; fix them first: {problems}");
                (S::CONFLICT, "file_has_problems", message)
            }
            Self::Problems(problems) => {
                let message = format!("nothing was changed: {problems}");
                (S::UNPROCESSABLE_ENTITY, "invalid_configuration", message)
            }
            Self::NotTaken { problems, is_taken_back } => {
                let state = match is_taken_back {
                    true => "the change was reverted",
                    false => "the file was left unchanged",
                };
                let message = format!("the process did not load the file, and {state}: {problems}");
                (S::CONFLICT, "not_taken", message)
            }
            _ => (S::INTERNAL_SERVER_ERROR, "internal_error", String::new()),
        }
    }
}
