//! The ID of a request, which every response has.
//!
//! A client's own ID is used only if it is safe in a log.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use rand::Rng;

use crate::rare::{self, Rare};

/// The ID of a request. A copy is kept for the case of a panic, so cloning is cheap: a generated ID
/// is not yet a header.
#[derive(Debug, Clone)]
pub(crate) enum RequestId {
    /// The client's own.
    Sent(HeaderValue),
    /// Drawn, as the client's own is missing or not sane.
    Drawn(u64),
}

impl RequestId {
    /// The client's own, if it is sane, else a new one.
    pub(crate) fn of(headers: &HeaderMap, rare: Rare) -> Self {
        match rare.get(headers, rare::Name::RequestId).filter(is_sane) {
            Some(id) => Self::Sent(id.clone()),
            None => Self::Drawn(rand::rng().random()),
        }
    }

    /// As a log says it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Sent(id) => String::from_utf8_lossy(id.as_bytes()),
            Self::Drawn(bits) => String::from_utf8_lossy(&drawn(*bits)).into_owned().into(),
        }
    }

    /// Appends it as a log says it.
    pub(crate) fn append(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sent(id) => out.extend_from_slice(id.as_bytes()),
            Self::Drawn(bits) => out.extend_from_slice(&drawn(*bits)),
        }
    }

    /// As a header says it.
    pub(crate) fn into_value(self) -> HeaderValue {
        match self {
            Self::Sent(id) => id,
            // Counted from the start: it goes to the provider and to the client.
            Self::Drawn(bits) => HeaderValue::from_maybe_shared(Bytes::from_owner(drawn(bits)))
                .unwrap_or(HeaderValue::from_static("req")),
        }
    }
}

fn drawn(mut bits: u64) -> [u8; 20] {
    let mut id = *b"req_0000000000000000";
    for digit in id.iter_mut().skip(4) {
        *digit = HEX[(bits & 15) as usize];
        bits >>= 4;
    }
    id
}

/// Whether a client's own id is one.
fn is_sane(value: &&HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !bytes.is_empty() && bytes.len() <= LONGEST && bytes.iter().all(plain)
}

/// The id of a request, in every response.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static(rare::Name::RequestId.text());
const LONGEST: usize = 128;
const HEX: &[u8; 16] = b"0123456789abcdef";
