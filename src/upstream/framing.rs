//! Refuses answer heads that are not final, or whose length or coding two readers would read
//! differently (RFC 9112, section 6).

use http::{HeaderMap, StatusCode, header};

use super::failed::Failed;
use crate::failure::What;

/// Checks that the answer is final and has one unambiguous framing.
pub(super) fn check(status: StatusCode, headers: &HeaderMap) -> Result<(), Failed> {
    let wrong = if !FINAL.contains(&status.as_u16()) {
        "a status that no answer ends with"
    } else if !is_alone(headers, &header::CONTENT_LENGTH, is_number) {
        "a length that can be read in two ways"
    } else if !is_alone(headers, &header::TRANSFER_ENCODING, is_chunked) {
        "a transfer coding other than `chunked`"
    } else if status.is_success() && has_two_types(headers) {
        "two content types"
    } else {
        return Ok(());
    };
    let cause = format!("answered {} with {wrong}", status.as_u16());
    Err(Failed::new(What::Malformed(Some(status.as_u16())), cause))
}

/// Whether the header occurs at most once, with an allowed value.
fn is_alone(headers: &HeaderMap, name: &header::HeaderName, may: fn(&[u8]) -> bool) -> bool {
    let Some(value) = headers.get(name) else { return true };
    may(value.as_bytes()) && (has_no_repeated(headers) || headers.get_all(name).iter().count() == 1)
}

/// Nearly all heads have one line for each header.
fn has_no_repeated(headers: &HeaderMap) -> bool {
    headers.len() == headers.keys_len()
}

/// Whether lines differ in what the body is. Only heads with repeated lines are searched.
fn has_two_types(headers: &HeaderMap) -> bool {
    if has_no_repeated(headers) {
        return false;
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    types.next().is_some_and(|first| types.any(|other| other != first))
}

fn is_number(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

fn is_chunked(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"chunked")
}

/// The final statuses (RFC 9110, section 15).
const FINAL: std::ops::Range<u16> = 200..600;

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(status: u16, lines: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        check(StatusCode::from_u16(status).unwrap(), &headers).is_ok()
    }

    #[test]
    fn head_read_in_one_way_passes() {
        for status in [200, 204, 302, 404, 599] {
            assert!(passes(status, &[]), "{status}");
        }
        assert!(passes(200, &[("content-length", "2")]));
        assert!(passes(200, &[("transfer-encoding", "Chunked"), ("content-length", "2")]));
    }

    #[test]
    fn head_read_in_two_ways_fails() {
        for status in [100, 101, 199, 600, 999] {
            assert!(!passes(status, &[]), "{status}");
        }
        for length in ["2, 2", "2, 3", "+2", "-2", "2 ", "0x2", "", "2.0"] {
            assert!(!passes(200, &[("content-length", length)]), "{length:?}");
        }
        assert!(!passes(200, &[("content-length", "2"), ("content-length", "2")]));
        let (json, html) = (("content-type", "application/json"), ("content-type", "text/html"));
        assert!(!passes(200, &[json, html]) && !passes(206, &[html, ("x", "y"), json]));
        assert!(passes(200, &[json, json]) && passes(429, &[json, html]), "judged by its status");
        assert!(passes(200, &[json, ("x", "y"), ("x", "z")]));
        for coding in ["gzip, chunked", "chunked, chunked", "identity", "xchunked", ""] {
            assert!(!passes(200, &[("transfer-encoding", coding)]), "{coding:?}");
        }
    }
}
