//! The id of a request, which every response bears.
//!
//! Never: a text of the client's that could not stand in a log as it is.

use http::{HeaderMap, HeaderValue};
use rand::Rng;

use super::answer::REQUEST_ID;

/// The client's own id, if it is sane, else a new one.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    sane(headers).cloned().unwrap_or_else(new)
}

/// The client's own id, if it is sane.
pub fn sane(headers: &HeaderMap) -> Option<&HeaderValue> {
    let is_sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        !bytes.is_empty() && bytes.len() <= LONGEST && bytes.iter().all(plain)
    };
    headers.get(REQUEST_ID).filter(is_sane)
}

/// An id for a request that came with none.
pub fn new() -> HeaderValue {
    let mut id = *b"req_0000000000000000";
    let mut bits: u64 = rand::rng().random();
    for digit in id.iter_mut().skip(4) {
        *digit = HEX[(bits & 15) as usize];
        bits >>= 4;
    }
    HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static("req"))
}

const LONGEST: usize = 128;
const HEX: &[u8; 16] = b"0123456789abcdef";
