//! The chunks of an answer that were read ahead. Most answers have one, which takes no memory of its
//! own.

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

/// Chunks in their order; those that were taken out leave an empty place.
#[derive(Default)]
pub(super) struct Held {
    pieces: SmallVec<[Bytes; 1]>,
    taken: usize,
}

impl Held {
    /// One chunk.
    pub(super) fn of(piece: Bytes) -> Self {
        Self { pieces: smallvec![piece], taken: 0 }
    }

    /// The chunks that are left.
    pub(super) fn pieces(&self) -> &[Bytes] {
        &self.pieces[self.taken..]
    }

    /// Adds a chunk behind the others.
    pub(super) fn push(&mut self, piece: Bytes) {
        self.pieces.push(piece);
    }

    /// Keeps the first `count` chunks.
    pub(super) fn truncate(&mut self, count: usize) {
        self.pieces.truncate(self.taken + count);
    }

    /// Takes the first chunk out. It is asked before each chunk of a stream, most often in vain.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if self.pieces.is_empty() { None } else { self.take_first() }
    }

    fn take_first(&mut self) -> Option<Bytes> {
        let piece = std::mem::take(self.pieces.get_mut(self.taken)?);
        self.taken += 1;
        if self.taken == self.pieces.len() {
            self.pieces.clear();
            self.taken = 0;
        }
        Some(piece)
    }

    /// The chunks that are left, as their own.
    pub(super) fn collect<T: FromIterator<Bytes>>(self) -> T {
        self.pieces.into_iter().skip(self.taken).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_taken_out_in_their_order() {
        let mut held = Held::of("a".into());
        held.push("b".into());
        held.push("c".into());
        assert_eq!(held.next(), Some("a".into()));
        assert_eq!(held.pieces(), ["b", "c"]);
        held.truncate(1);
        held.push("d".into());
        assert_eq!(held.pieces(), ["b", "d"]);
        assert_eq!(held.next(), Some("b".into()));
        assert_eq!(held.next(), Some("d".into()));
        assert_eq!((held.next(), held.pieces().len()), (None, 0));
        held.push("e".into());
        held.push("f".into());
        held.next();
        assert_eq!(held.collect::<Vec<_>>(), ["f"]);
    }
}
