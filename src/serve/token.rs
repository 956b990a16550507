//! Where clients send their key: in one of four headers, or on Gemini's paths in the query.
//!
//! A credential in the query is not passed on.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    uri::{InvalidUri, PathAndQuery},
};
use percent_encoding::percent_decode_str;

pub(crate) use crate::protocol::token::of;
use crate::{
    path::{ClientPath, query},
    protocol::{Endpoint, Operation, mask::Mask, profile::InQuery},
};

/// The path without Gemini's `?key=…`, which moves to the equivalent header, with its mask widened, and without the AWS
/// signature of a presigned URL, which is not accepted.
///
/// # Errors
/// The rest is not a path and query.
pub(crate) fn take_from_query(
    path_and_query: &PathAndQuery,
    endpoint: Option<&Endpoint>,
    headers: &mut HeaderMap,
) -> Result<ClientPath, InvalidUri> {
    let mask = endpoint.and_then(masked);
    if let Some((mask, operation)) = mask {
        mask.widen_header(headers, operation);
    }
    let Some(query) = path_and_query.query() else { return Ok(ClientPath::of(path_and_query)) };
    let path = path_and_query.path();
    let rest = match InQuery::of(path, endpoint) {
        InQuery::Nothing => return Ok(ClientPath::of(path_and_query)),
        InQuery::Signature => query::without(query, &mut is_signature),
        InQuery::Key => take_key(query, headers),
    };
    let rest = match mask {
        Some((mask, operation)) => mask.widen_query(&rest, operation).unwrap_or(rest),
        None => rest,
    };
    match rest.as_str() {
        "" => path.parse(),
        rest => format!("{path}?{rest}").parse(),
    }
}

/// How a client of the endpoint says which parts of an answer it wants, and whether the router reads any there.
fn masked(endpoint: &Endpoint) -> Option<(&'static Mask, Operation)> {
    let mask = endpoint.protocol.profile().mask.as_ref()?;
    let is_read = matches!(endpoint.operation, Operation::Generate | Operation::Embed);
    is_read.then_some((mask, endpoint.operation))
}

/// Moves the `key` of a query into its header. Returns the rest of the query.
pub(crate) fn take_key(query: &str, headers: &mut HeaderMap) -> String {
    let is_key = |pair: &str| decoded(name_of(pair)) == "key";
    let first = query::pairs(query).find(|pair| is_key(pair));
    if let Some(pair) = first.filter(|_| of(headers).is_none()) {
        let decoded = decoded(pair.split_once('=').unwrap_or_default().1);
        if let Ok(value) = HeaderValue::try_from(&*decoded) {
            headers.insert(GOOGLE_KEY, value);
        }
    }
    query::without(query, &mut |pair| is_key(pair))
}

fn is_signature(pair: &str) -> bool {
    let name = decoded(name_of(pair));
    name.get(..AWS.len()).is_some_and(|start| start.eq_ignore_ascii_case(AWS))
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

const AWS: &str = "x-amz-";
const GOOGLE_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(path: &str, endpoint: Option<&Endpoint>, headers: &mut HeaderMap) -> ClientPath {
        take_from_query(&path.parse().unwrap(), endpoint, headers).unwrap()
    }

    #[test]
    fn geminis_key_leaves_the_path() {
        let path = "/v1beta/models/gemini:generateContent?alt=sse&key=sk%2D1&x=1";
        let (bare, query) = path.split_once('?').unwrap();
        let endpoint = Endpoint::find(bare, Some(query));
        let mut headers = HeaderMap::new();
        let taken = of_text(path, endpoint.as_ref(), &mut headers);
        assert_eq!(&*taken, "/v1beta/models/gemini:generateContent?alt=sse&x=1");
        assert_eq!(of(&headers), Some("sk-1"));
        let only = of_text(&format!("{bare}?key=other"), endpoint.as_ref(), &mut headers);
        assert_eq!((&*only, of(&headers)), (bare, Some("sk-1")));
        let divided = of_text(&format!("{bare}?x=1;key=sk;y=2"), endpoint.as_ref(), &mut headers);
        assert_eq!(&*divided, format!("{bare}?x=1;y=2"), "some servers divide there, too");
        let elsewhere = of_text("/v1/files?key=k", None, &mut headers);
        assert_eq!(&*elsewhere, "/v1/files?key=k");
        for path in [
            "/v1beta/cachedContents",
            "/v1beta/openai/chat/completions",
            "/v1alpha/models/gemini:generateContent",
            "/upload/v1beta/files",
            "/v1/models/gemini:predict",
        ] {
            let mut headers = HeaderMap::new();
            let taken = of_text(&format!("{path}?k%65y=sk%2D2&key"), None, &mut headers);
            assert_eq!((&*taken, of(&headers)), (path, Some("sk-2")));
        }
    }

    #[test]
    fn the_signature_of_a_url_goes_no_further() {
        let path = "/model/m/converse";
        let endpoint = Endpoint::find(path, None);
        let mut headers = HeaderMap::new();
        let mut taken =
            |query: &str| of_text(&format!("{path}?{query}"), endpoint.as_ref(), &mut headers);
        assert_eq!(
            &*taken("X-Amz-Credential=AKIA&a=b&x-amz-signature=0&c&X%2DAmz-Date=1"),
            "/model/m/converse?a=b&c"
        );
        assert_eq!(&*taken("X-Amz-Signature=0"), path);
    }

    #[test]
    fn any_of_the_usual_headers() {
        let of_one = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            of(&headers).map(str::to_owned)
        };
        assert_eq!(of_one("authorization", "bEaReR  sk "), Some("sk".into()));
        assert_eq!(of_one("authorization", "Basic sk"), None);
        assert_eq!(of_one("authorization", "Bearer "), None);
        for name in ["x-api-key", "api-key", "x-goog-api-key"] {
            assert_eq!(of_one(name, "sk"), Some("sk".into()));
        }
    }
}
