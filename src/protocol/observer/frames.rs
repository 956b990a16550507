//! The end of a stream of AWS frames: the frame with the stop reason, or an exception. It searches
//! for headers that only these have.

use std::sync::LazyLock;

use crate::protocol::{
    Protocol,
    conversation::Finish,
    marks::{Marks, Seam},
    reasons,
};

/// Watches for the end of one stream of frames.
#[derive(Debug, Default)]
pub(super) struct FrameMarks {
    seam: Seam,
    /// The end of the last chunk after the last frame has started, since its reason may be split.
    last: Vec<u8>,
}

impl FrameMarks {
    /// Whether an end is in the next chunk or completed by it.
    pub(super) fn end_in(&mut self, piece: &[u8]) -> bool {
        ENDS.as_ref().is_some_and(|ends| ends.stand_in(&mut self.seam, piece, |_, _| true))
    }

    /// Why the model stopped, where the last frame has begun with this piece or before it.
    pub(super) fn reason_in(&mut self, piece: &[u8], protocol: Protocol) -> Option<Finish> {
        self.last.extend_from_slice(&piece[..piece.len().min(SEAM)]);
        let reason = reasons::in_frames(protocol, &self.last);
        if let Some(reason) = reason.or_else(|| reasons::in_frames(protocol, piece)) {
            return Some(reason);
        }
        if piece.len() > SEAM {
            self.last.clear();
            self.last.extend_from_slice(&piece[piece.len() - SEAM..]);
        }
        self.last.drain(..self.last.len().saturating_sub(SEAM));
        None
    }
}

/// Of every protocol that has frames.
static ENDS: LazyLock<Option<Marks>> = LazyLock::new(|| Marks::new(&frame_ends()));

fn frame_ends() -> Vec<&'static [u8]> {
    let each = |protocol: &Protocol| protocol.profile().stream.frame_ends.iter().copied();
    Protocol::ALL.iter().flat_map(each).collect()
}

/// Bytes that a reason's key and its word take.
const SEAM: usize = 128;

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

    #[test]
    fn reason_is_read_across_any_split() {
        let before =
            b"{\"contentBlockIndex\":0,\"delta\":{\"text\":\"\\\"stopReason\\\":\\\"x\\\"\"}}";
        for end in frame_ends() {
            let said = br#"{"p":"abcdefghijklmnop","stopReason":"max_tokens"}"#;
            let stream = [&before[..], end, b"\0\0\0", said, b"\0\0"].concat();
            for size in 1..=stream.len() {
                let (mut watch, mut ended, mut reason) = (FrameMarks::default(), false, None);
                for piece in stream.chunks(size) {
                    ended |= watch.end_in(piece);
                    if ended && reason.is_none() {
                        reason = watch.reason_in(piece, Protocol::Bedrock);
                    }
                }
                assert_eq!(reason, Some(Finish::Length), "{size}");
            }
        }
    }
}
