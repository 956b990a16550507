//! Vertex AI's changes to its publishers' protocols: for Anthropic, model and stream are in the
//! path and the version is in the body; for Gemini, token counting has no envelope.
//!
//! All other bytes stay.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::{
    body::{Model, Pieces, Scanner},
    path::NOT_IN_A_SEGMENT,
};

/// The path below the publisher and the body, from those of the publisher's own API; the body
/// names the provider's model already.
pub(crate) fn adapted<'a>(
    path: Cow<'a, str>,
    body: Pieces,
    model: &str,
    stream: bool,
) -> (Cow<'a, str>, Pieces) {
    let bare = path.split('?').next().unwrap_or_default();
    match bare {
        "/v1/messages" => {
            let method = if stream { "streamRawPredict" } else { "rawPredict" };
            let model = utf8_percent_encode(model, NOT_IN_A_MODEL);
            let body = with_version(body, true);
            (format!("/models/{model}:{method}").into(), body)
        }
        "/v1/messages/count_tokens" => {
            ("/models/count-tokens:rawPredict".into(), with_version(body, false))
        }
        counts if counts.ends_with(":countTokens") => (path, without_envelope(body)),
        _ => (path, body),
    }
}

/// Writes the version instead of the model's member, or after it.
fn with_version(body: Pieces, replaces_model: bool) -> Pieces {
    let bytes = body.to_bytes();
    let mut scanner = Scanner::new();
    scanner.feed(&bytes);
    // A body that is not a JSON object is sent unchanged, and the answer says so.
    let Ok(found) = scanner.finish() else { return body };
    let Some(Model { span, .. }) = found.model else { return at_the_beginning(&bytes) };
    if !replaces_model {
        return body.replace(span.end..span.end, Bytes::from(format!(",{VERSION}")));
    }
    let start = member_start(&bytes[..span.start as usize]);
    body.replace(start as u64..span.end, Bytes::from_static(VERSION.as_bytes()))
}

/// The start of the member whose value follows these bytes. A key that reads `model` contains no
/// quote.
fn member_start(before: &[u8]) -> usize {
    let key = before.trim_ascii_end().strip_suffix(b":").unwrap_or(before).trim_ascii_end();
    let key = key.strip_suffix(b"\"").unwrap_or(key);
    memchr::memrchr(b'"', key).unwrap_or(key.len())
}

fn at_the_beginning(bytes: &Bytes) -> Pieces {
    let Some(brace) = memchr::memchr(b'{', bytes) else { return Pieces::from(bytes.clone()) };
    let after = brace as u64 + 1;
    let is_empty = bytes[brace + 1..].trim_ascii_start().starts_with(b"}");
    let comma = if is_empty { "" } else { "," };
    let version = Bytes::from(format!("{VERSION}{comma}"));
    Pieces::from(bytes.clone()).replace(after..after, version)
}

/// `{"generateContentRequest": {"model": …, REST}}` becomes `{REST}`.
fn without_envelope(body: Pieces) -> Pieces {
    let read = serde_json::from_slice::<Map<String, Value>>(&body.to_bytes());
    let Ok(Some(Value::Object(mut inner))) = read.map(|mut map| map.remove(ENVELOPE)) else {
        return body;
    };
    inner.shift_remove("model");
    Pieces::from(Bytes::from(Value::Object(inner).to_string()))
}

const VERSION: &str = r#""anthropic_version":"vertex-2023-10-16""#;
const ENVELOPE: &str = "generateContentRequest";
/// `@` stands before a model's version.
const NOT_IN_A_MODEL: &AsciiSet = &NOT_IN_A_SEGMENT.remove(b'@');

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(path: &str, body: &str) -> String {
        let pieces: Pieces = body.as_bytes().chunks(3).map(Bytes::copy_from_slice).collect();
        let (_, adapted) = adapted(path.into(), pieces, "m", false);
        String::from_utf8(adapted.to_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_version_takes_the_models_place() {
        for (body, wanted) in [
            (r#"{"model":"m","a":1}"#, r#"{"anthropic_version":"vertex-2023-10-16","a":1}"#),
            (
                r#"{"a":"\"","mo\u0064el" : "x" }"#,
                r#"{"a":"\"","anthropic_version":"vertex-2023-10-16" }"#,
            ),
            (
                "{\n \"a\": {\"model\": 1},\n \"model\"\t:\n\"x\"\n}",
                "{\n \"a\": {\"model\": 1},\n \"anthropic_version\":\"vertex-2023-10-16\"\n}",
            ),
            (r#" { "a":1}"#, r#" {"anthropic_version":"vertex-2023-10-16", "a":1}"#),
            ("{ }", r#"{"anthropic_version":"vertex-2023-10-16" }"#),
            ("not json", "not json"),
        ] {
            assert_eq!(body_of("/v1/messages?beta=true", body), wanted);
        }
        let count = body_of("/v1/messages/count_tokens", r#"{"model":"m","a":1}"#);
        assert_eq!(count, r#"{"model":"m","anthropic_version":"vertex-2023-10-16","a":1}"#);
    }

    #[test]
    fn paths_name_the_model_and_the_delivery() {
        let path = |path: &'static str, stream| {
            adapted(path.into(), Pieces::new(), "claude-sonnet-4@20250514", stream).0.into_owned()
        };
        assert_eq!(path("/v1/messages", false), "/models/claude-sonnet-4@20250514:rawPredict");
        assert_eq!(
            path("/v1/messages?beta=true", true),
            "/models/claude-sonnet-4@20250514:streamRawPredict"
        );
        assert_eq!(path("/v1/messages/count_tokens", false), "/models/count-tokens:rawPredict");
        assert_eq!(
            path("/v1beta/models/g:generateContent?alt=sse", true),
            "/v1beta/models/g:generateContent?alt=sse"
        );
    }

    #[test]
    fn geminis_tokens_are_counted_without_the_envelope() {
        let path = "/v1beta/models/g:countTokens";
        let enveloped = r#"{"generateContentRequest":{"model":"models/g","contents":[{"parts":[]}],"tools":[]}}"#;
        assert_eq!(body_of(path, enveloped), r#"{"contents":[{"parts":[]}],"tools":[]}"#);
        assert_eq!(body_of(path, r#"{"contents":[]}"#), r#"{"contents":[]}"#);
    }
}
