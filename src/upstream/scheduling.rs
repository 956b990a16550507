//! Removes a request's own scheduling priority for providers that do not accept it.
//!
//! It costs every other provider one comparison.

use bytes::Bytes;

use crate::{body::Pieces, protocol::members};

/// The body without the priority.
pub(super) fn without_priority(body: Pieces) -> Pieces {
    let bytes = body.to_bytes();
    let places = std::str::from_utf8(&bytes).map(|text| members::places(text, &MEMBERS));
    let places = places.unwrap_or_default();
    if places.is_empty() {
        return body;
    }
    let spans = places.into_iter().map(|it| (it.start as u64..it.end as u64, Bytes::new()));
    Pieces::from(bytes.clone()).replace_each(spans.collect::<Vec<_>>())
}

const MEMBERS: [&str; 2] = ["priority", "nvext"];
