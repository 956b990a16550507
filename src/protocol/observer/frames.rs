//! How a stream of AWS's frames ends: with the frame that says why the model stopped, or with an
//! exception. Anything else is no end.
//!
//! It never reads a frame: it looks for headers that only these have.

use std::sync::LazyLock;

use crate::protocol::{
    Protocol,
    marks::{Marks, Seam},
};

/// Watches for the end of one stream of frames.
#[derive(Debug, Default)]
pub(super) struct FrameMarks(Seam);

impl FrameMarks {
    /// Whether an end is among what comes next, or completed by it.
    pub(super) fn end_in(&mut self, piece: &[u8]) -> bool {
        ENDS.as_ref().is_some_and(|ends| ends.stand_in(&mut self.0, piece, |_, _| true))
    }
}

/// Of every protocol that has frames.
static ENDS: LazyLock<Option<Marks>> = LazyLock::new(|| Marks::new(&frame_ends()));

fn frame_ends() -> Vec<&'static [u8]> {
    let each = |protocol: &Protocol| protocol.profile().stream.frame_ends.iter().copied();
    Protocol::ALL.iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_is_seen_across_any_split() {
        assert!(!frame_ends().is_empty());
        for end in frame_ends() {
            let stream = [b"\x0b:event-type\x07\0\x0cmessageStart...", end, b"..."].concat();
            for size in 1..=stream.len() {
                let sees_end = |bytes: &[u8]| {
                    let mut watch = FrameMarks::default();
                    bytes.chunks(size).any(|piece| watch.end_in(piece))
                };
                assert!(sees_end(&stream), "{size}");
                assert!(!sees_end(&stream[..stream.len() - 4]), "{size}");
            }
        }
    }
}
