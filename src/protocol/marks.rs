//! Searches chunks of bytes for several marks in one pass, also across chunk boundaries.

use aho_corasick::{AhoCorasick, packed::Searcher};
use smallvec::SmallVec;

pub(crate) use aho_corasick::Match;

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Marks {
    /// All of them, in one pass over many bytes at once. Absent where the machine has no
    /// instructions for it.
    packed: Option<Searcher>,
    /// The same in one pass, byte by byte.
    plain: AhoCorasick,
    longest: usize,
}

/// The last bytes that came, for a mark that the next piece completes.
#[derive(Debug, Default)]
pub(crate) struct Seam(SmallVec<[u8; 64]>);

impl Marks {
    /// `None` if there are no marks.
    pub(crate) fn new<M: AsRef<[u8]>>(marks: &[M]) -> Option<Self> {
        let longest = marks.iter().map(|mark| mark.as_ref().len()).max()?;
        let plain = AhoCorasick::new(marks).ok()?;
        Some(Self { packed: Searcher::new(marks), plain, longest })
    }

    /// Whether a mark that `counts` is in the next chunk or completed by it. `counts` receives the
    /// searched bytes and the place of the mark.
    pub(crate) fn stand_in(
        &self,
        seam: &mut Seam,
        piece: &[u8],
        counts: impl Fn(&[u8], Match) -> bool,
    ) -> bool {
        let Seam(around) = seam;
        around.drain(..around.len().saturating_sub(self.longest));
        around.extend_from_slice(&piece[..piece.len().min(self.longest)]);
        let found = self.stand_among(around, &counts) || self.stand_among(piece, &counts);
        if piece.len() > self.longest {
            around.clear();
            around.extend_from_slice(&piece[piece.len() - self.longest..]);
        }
        found
    }

    fn stand_among(&self, bytes: &[u8], counts: impl Fn(&[u8], Match) -> bool) -> bool {
        match &self.packed {
            Some(packed) => packed.find_iter(bytes).any(|mark| counts(bytes, mark)),
            None => self.plain.find_iter(bytes).any(|mark| counts(bytes, mark)),
        }
    }

    /// The same without the machine's instructions for many bytes at once.
    #[cfg(test)]
    pub(crate) fn byte_by_byte(self) -> Self {
        Self { packed: None, ..self }
    }
}

impl Seam {
    /// Before the first piece, after these bytes.
    pub(crate) fn after(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }
}
