//! Errors inside a success: JSON that only contains an `error`, and error events.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{At, BAD_GATEWAY, Told, is_about_context, kind_of};
use crate::{
    body,
    failure::{Failure, Kind},
};

/// Whether a JSON answer is an error without any requested content.
pub(crate) fn is_error_alone(json: &[u8]) -> bool {
    // Nearly every answer is not an error, which is seen without reading it.
    NAMED.iter().any(|named| named.find(json).is_some()) && body::stands_alone(json, &KEYS)
}

/// Whether the data of an event that opens a stream is an error, perhaps with a choice that ends for it.
pub(in crate::protocol) fn is_error_beside_nothing(data: &[u8]) -> bool {
    NAMED.iter().any(|named| named.find(data).is_some())
        && (body::stands_alone(data, &KEYS) || Told::inside(At::Event, data).is_said())
}

/// Whether the data of an event is an error. It may contain a choice besides.
pub fn is_error_event(data: &[u8]) -> bool {
    let told = Told::inside(At::Event, data);
    told.is_said() || told.value["type"].as_str().is_some_and(is_error_name)
}

/// Whether an event of this name is an error.
pub(crate) fn is_error_name(name: &str) -> bool {
    matches!(name, "error" | "response.failed")
}

/// An event that its protocol has no form for: if it is an error, the failure that it is.
pub(crate) fn odd_event(data: &str) -> Option<Failure> {
    if !is_error_event(data.as_bytes()) {
        return None;
    }
    let told = Told::inside(At::Event, data.as_bytes());
    let kind = told.codes().iter().find_map(|word| kind_of(word));
    Some(told.bare(kind, data.as_bytes()))
}

/// The status of an error inside a success: its own number, or 502.
pub(crate) fn status_inside(body: &[u8]) -> u16 {
    Told::inside(At::Success, body).status().unwrap_or(BAD_GATEWAY)
}

/// The same failure with the status of its kind, if a word and not a number gives the kind. Its
/// class stays.
pub(crate) fn with_its_own_status(said: Failure, body: &[u8]) -> Failure {
    let told = Told::inside(At::Success, body);
    if told.status().is_some() {
        return said;
    }
    let words = told.codes();
    let kind = match words.iter().find_map(|word| kind_of(word)) {
        // Too vague to count.
        None | Some(Kind::Server) => return said,
        Some(Kind::InvalidRequest) if is_about_context(&said.message) => Kind::ContextWindow,
        // A provider that is out of order is a bad gateway.
        Some(kind) if kind.status() >= 500 => return said,
        Some(kind) => kind,
    };
    Failure { kind, status: kind.status(), ..said }
}

/// The key, plain or with an escaped letter.
static NAMED: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["\"error\"", "\\u00"].map(Finder::new));
/// The keys of an error and of the protocols' results.
const KEYS: [&str; 6] = ["error", "choices", "output", "content", "data", "candidates"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_nothing_else() {
        let cases: &[(&str, bool)] = &[
            (r#"{"error":{"code":429}}"#, true),
            (r#"{"id":"x","err\u006fr" : "overloaded" ,"type":"error"}"#, true),
            (r#"{"\u0065rror":{"code":429}}"#, true),
            (r#"{"error":true}"#, true),
            (r#"{"error":null}"#, false),
            (r#"{"error":false}"#, false),
            (r#"{"error":{},"choices":[]}"#, false),
            (r#"{"output":[],"error":{}}"#, false),
            (r#"{"content":[],"error":"x"}"#, false),
            (r#"{"data":[],"error":"x"}"#, false),
            (r#"{"candidates":[],"error":"x"}"#, false),
            (r#"{"choices":[{"error":{"code":500}}]}"#, false),
            (r#"{"result":{"error":{"code":500}}}"#, false),
            (r#"[{"error":{}}]"#, false),
            (r#"{"error":{}"#, false),
            (r#""error""#, false),
            ("", false),
        ];
        for (body, wanted) in cases {
            assert_eq!(is_error_alone(body.as_bytes()), *wanted, "{body}");
        }
    }

    #[test]
    fn an_errors_own_numeric_code_decides() {
        let table = [
            (r#"{"error":{"code":429,"message":"slow down"}}"#, 429),
            (r#"{"error":{"code":"503"}}"#, 503),
            (r#"{"error":{"code":"rate_limit_exceeded"}}"#, 502),
            (r#"{"error":"boom"}"#, 502),
            (r#"{"error":{"code":200}}"#, 502),
            (r#"{"type":"response.failed","response":{"error":{"code":429}}}"#, 429),
            ("not json", 502),
        ];
        for (envelope, status) in table {
            assert_eq!(status_inside(envelope.as_bytes()), status, "{envelope}");
        }
    }

    #[test]
    fn errors_in_the_middle() {
        for (data, is_error) in [
            (r#"{"error":{"code":503}}"#, true),
            (r#"{"error":{"code":429},"choices":[{"finish_reason":"error"}]}"#, true),
            (r#"{"type":"error","error":{"type":"api_error"}}"#, true),
            (r#"{"type":"response.failed","response":{}}"#, true),
            (r#"{"error":null,"choices":[]}"#, false),
            (r#"{"choices":[{"content_filter_results":{"error":{"code":"x"}}}]}"#, false),
            (r#"{"candidates":[{"functionCall":{"args":{"error":{}}}}]}"#, false),
        ] {
            assert_eq!(is_error_event(data.as_bytes()), is_error, "{data}");
        }
    }
}
