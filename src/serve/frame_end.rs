//! How a stream of AWS's frames ends that passes as it came: with the frame that says why the model
//! stopped, or with an exception. Anything else is no end.
//!
//! It never holds a frame back and never reads one: it looks for headers that only these have.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Watches over one stream of frames.
#[derive(Debug, Default)]
pub struct FrameEnd {
    /// The last bytes of the piece before: a header may be split.
    tail: Vec<u8>,
    ends_well: bool,
}

impl FrameEnd {
    /// One more piece has come.
    pub fn see(&mut self, piece: &[u8]) {
        if self.ends_well {
            return;
        }
        let seam = piece.len().min(LONGEST);
        self.tail.extend_from_slice(&piece[..seam]);
        self.ends_well = is_end(&self.tail) || is_end(piece);
        if seam == piece.len() {
            let surplus = self.tail.len().saturating_sub(LONGEST);
            self.tail.drain(..surplus);
        } else {
            self.tail.clear();
            self.tail.extend_from_slice(&piece[piece.len() - LONGEST..]);
        }
    }

    /// Whether what came is all of it.
    pub fn ends_well(&self) -> bool {
        self.ends_well
    }
}

fn is_end(bytes: &[u8]) -> bool {
    ENDS.iter().any(|end| end.find(bytes).is_some())
}

/// A header's name, the type of a text, its length in two bytes, and the text. Zero bytes are escaped
/// in JSON, so none of these can stand in what a model says.
static ENDS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| {
    [
        b":event-type\x07\0\x0bmessageStop".as_slice(),
        b":message-type\x07\0\x09exception",
        b":message-type\x07\0\x05error",
    ]
    .map(Finder::new)
});
/// No end is longer.
const LONGEST: usize = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_seen_across_any_split() {
        for end in ENDS.iter() {
            assert!(end.needle().len() <= LONGEST);
            let stream =
                [b"\x0b:event-type\x07\0\x0cmessageStart...", end.needle(), b"..."].concat();
            for size in 1..=stream.len() {
                let mut watch = FrameEnd::default();
                stream.chunks(size).for_each(|piece| watch.see(piece));
                assert!(watch.ends_well(), "{size}");
                let mut watch = FrameEnd::default();
                stream[..stream.len() - 4].chunks(size).for_each(|piece| watch.see(piece));
                assert!(!watch.ends_well(), "{size}");
            }
        }
    }
}
