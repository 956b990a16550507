//! Finds text that looks like a delimiter but is not one, because it is inside a line or after
//! another line end than CRLF. A lenient reader would split the form there.

use memchr::memmem::Finder;
use smallvec::SmallVec;

/// `--boundary`, looked for in text that arrives in pieces.
pub(super) struct Lookalike {
    finder: Finder<'static>,
    /// The last bytes before this piece, in which one may have begun.
    tail: SmallVec<[u8; 128]>,
}

impl Lookalike {
    pub(super) fn new(boundary: &str) -> Self {
        let needle = [b"--", boundary.as_bytes()].concat();
        Self { finder: Finder::new(&needle).into_owned(), tail: SmallVec::new() }
    }

    /// Whether one ends in this piece.
    pub(super) fn is_in(&mut self, piece: &[u8]) -> bool {
        let most = self.finder.needle().len() - 1;
        let before = self.tail.len();
        self.tail.extend_from_slice(piece.get(..most).unwrap_or(piece));
        if self.finder.find(&self.tail).is_some() || self.finder.find(piece).is_some() {
            return true;
        }
        if piece.len() > most {
            self.tail.clear();
            self.tail.extend_from_slice(&piece[piece.len() - most..]);
        } else {
            let surplus = (before + piece.len()).saturating_sub(most);
            self.tail.drain(..surplus);
        }
        false
    }

    /// Begins anew: what follows does not belong to what was read.
    pub(super) fn forget(&mut self) {
        self.tail.clear();
    }
}
