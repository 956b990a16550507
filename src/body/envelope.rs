//! Recognises the error envelope in a JSON answer that came with status 200.
//!
//! It never calls an answer an error that also carries what was asked for.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use super::json::{Kind, Machine};

/// Where the value of the top-level `error` stands, if the bytes are a JSON object with an
/// `error` that is neither `null` nor `false`, and with none of the keys that the protocols put
/// their results under (`choices`, `output`, `content`, `data`, `candidates`).
pub fn error_value(body: &[u8]) -> Option<Range<usize>> {
    // Nearly every answer is none, and says so without being read.
    if !NAMED.iter().any(|named| named.find(body).is_some()) {
        return None;
    }
    let mut machine =
        Machine::new(&["error", "choices", "output", "content", "data", "candidates"]);
    machine.feed(body);
    let [error, results @ ..] = machine.finish().ok()?.seen;
    let is_error = error.times > 0
        && !matches!(error.kind, Kind::Null | Kind::False)
        && results.iter().all(|result| result.times == 0);
    let start = usize::try_from(error.start).ok()?;
    let end = usize::try_from(error.end).ok()?;
    is_error.then_some(start..end)
}

/// The key as it is written, or with a letter of it escaped.
static NAMED: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["\"error\"", "\\u00"].map(Finder::new));

#[cfg(test)]
mod tests {
    use super::error_value;

    #[test]
    fn an_error_and_nothing_else() {
        let cases: &[(&str, Option<&str>)] = &[
            (r#"{"error":{"code":429}}"#, Some(r#"{"code":429}"#)),
            (r#"{"id":"x","err\u006fr" : "overloaded" ,"type":"error"}"#, Some(r#""overloaded""#)),
            (r#"{"\u0065rror":{"code":429}}"#, Some(r#"{"code":429}"#)),
            (r#"{"error":true}"#, Some("true")),
            (r#"{"error":null}"#, None),
            (r#"{"error":false}"#, None),
            (r#"{"error":{},"choices":[]}"#, None),
            (r#"{"output":[],"error":{}}"#, None),
            (r#"{"content":[],"error":"x"}"#, None),
            (r#"{"data":[],"error":"x"}"#, None),
            (r#"{"candidates":[],"error":"x"}"#, None),
            (r#"{"choices":[{"error":{"code":500}}]}"#, None),
            (r#"{"result":{"error":{"code":500}}}"#, None),
            (r#"[{"error":{}}]"#, None),
            (r#"{"error":{}"#, None),
            (r#""error""#, None),
            ("", None),
        ];
        for (body, wanted) in cases {
            let found = error_value(body.as_bytes()).map(|span| &body[span]);
            assert_eq!(found, *wanted, "{body}");
        }
    }
}
