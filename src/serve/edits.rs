//! Edits the bytes of a client's body, and moves the known places in it accordingly.
//!
//! All other bytes stay unchanged.

use std::ops::Range;

use bytes::Bytes;

use crate::upstream::inbound::Inbound;

/// Replacements by range, in order and without overlaps.
pub(super) type Edits = Vec<(Range<u64>, Bytes)>;

/// Applies the edits to the body.
pub(super) fn splice(inbound: &mut Inbound, edits: Edits) {
    if edits.is_empty() {
        return;
    }
    // The end of each edit, and the shift of what follows it.
    let mut gained = 0_i64;
    let shifts: Vec<(u64, i64)> = edits
        .iter()
        .map(|(span, with)| {
            gained += with.len() as i64 - (span.end - span.start) as i64;
            (span.end, gained)
        })
        .collect();
    let moved = |at: u64| {
        let before = shifts.partition_point(|(end, _)| *end <= at).checked_sub(1);
        at.saturating_add_signed(before.map_or(0, |nth| shifts[nth].1))
    };
    if let Some(model) = &mut inbound.model {
        model.span = moved(model.span.start)..moved(model.span.end);
    }
    inbound.mentions.moved(moved);
    inbound.body = inbound.body.replace_each(edits);
}
