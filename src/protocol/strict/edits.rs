//! Cuts and replacements in bytes, in one pass. Without changes nothing is copied.

use bytes::Bytes;

/// Changes to some bytes, in ascending order.
pub(super) struct Edits<'a> {
    from: &'a [u8],
    out: Vec<u8>,
    /// How much of the original has been copied or cut.
    done: usize,
}

/// How far the changes were.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    done: usize,
}

impl<'a> Edits<'a> {
    pub(super) fn new(from: &'a [u8]) -> Self {
        Self { from, out: Vec::new(), done: 0 }
    }

    /// Replaces the bytes from `start` to `end`.
    pub(super) fn replace(&mut self, start: usize, end: usize, with: &[&[u8]]) {
        if self.out.capacity() == 0 {
            self.out.reserve(self.from.len() + 128);
        }
        self.out.extend_from_slice(self.from.get(self.done..start).unwrap_or_default());
        with.iter().for_each(|part| self.out.extend_from_slice(part));
        self.done = end;
    }

    /// Removes the bytes from `start` to `end`.
    pub(super) fn cut(&mut self, start: usize, end: usize) {
        self.replace(start, end, &[]);
    }

    /// How far the changes are.
    pub(super) fn mark(&self) -> Mark {
        Mark { length: self.out.len(), done: self.done }
    }

    /// Takes back every change since.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.out.truncate(mark.length);
        self.done = mark.done;
    }

    /// The bytes with all changes; the original if there are none.
    pub(super) fn finish(mut self, original: &Bytes) -> Bytes {
        if self.out.is_empty() && self.done == 0 {
            return original.clone();
        }
        self.out.extend_from_slice(self.from.get(self.done..).unwrap_or_default());
        self.out.into()
    }
}

/// Members of an object, or items of a list, on their way.
pub(super) struct Run {
    /// Where the last one that is kept ends.
    pub(super) kept: Option<usize>,
    /// Where those begin that are cut since then, and where they end.
    pub(super) cut: Option<(usize, usize)>,
}

impl Run {
    pub(super) fn new() -> Self {
        Self { kept: None, cut: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_none() && self.cut.is_none()
    }

    /// One more is cut.
    pub(super) fn cut(&mut self, start: usize, end: usize) {
        self.cut = Some((self.cut.map_or(start, |(start, _)| start), end));
    }

    /// Cuts what is to be cut before one that is kept.
    pub(super) fn release(&mut self, start: usize, edits: &mut Edits<'_>) {
        if let Some((from, _)) = self.cut.take() {
            edits.cut(from, start);
        }
    }

    /// Cuts what is to be cut at the end, with the comma before it.
    pub(super) fn close(&mut self, edits: &mut Edits<'_>) {
        if let Some((from, end)) = self.cut.take() {
            edits.cut(self.kept.unwrap_or(from), end);
        }
    }
}
