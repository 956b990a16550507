//! The delimiter of a form's parts, recognized across chunks. A partial match is stored only as its
//! length.

use memchr::memrchr;

/// `\r\n--boundary`, and how much of it the bytes so far end with.
///
/// A carriage return stands at its beginning and nowhere else, so where a match breaks off,
/// nothing but the breaking byte itself can begin another.
pub(super) struct Delimiter {
    bytes: Box<[u8]>,
    matched: usize,
    /// How many of the matched bytes are not content: the line end before the first line.
    assumed: usize,
}

/// What became of a delimiter that had begun.
pub(super) enum Progress {
    /// It ends before this place.
    Whole(usize),
    /// The piece ended first.
    More,
    /// It was none: these bytes were content, and the piece goes on here.
    Content(Box<[u8]>, usize),
}

impl Delimiter {
    pub(super) fn new(boundary: &str) -> Self {
        let bytes = [b"\r\n--", boundary.as_bytes()].concat().into_boxed_slice();
        Self { bytes, matched: 0, assumed: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn begun(&self) -> bool {
        self.matched > 0
    }

    /// Here a line begins, so the delimiter needs no line end of its own.
    pub(super) fn at_line_start(&mut self) {
        self.matched = LINE_END;
        self.assumed = LINE_END;
    }

    /// Compares the rest of a delimiter that has begun.
    pub(super) fn go_on(&mut self, piece: &[u8], mut at: usize) -> Progress {
        while let Some(wanted) = self.bytes.get(self.matched) {
            match piece.get(at) {
                None => return Progress::More,
                Some(byte) if byte == wanted => {
                    self.matched += 1;
                    at += 1;
                }
                Some(_) => {
                    let content = self.bytes.get(self.assumed..self.matched).unwrap_or_default();
                    let content = content.into();
                    self.forget();
                    return Progress::Content(content, at);
                }
            }
        }
        self.forget();
        Progress::Whole(at)
    }

    /// Notes a delimiter that begins at the very end of `rest`; answers what comes before it.
    pub(super) fn begin_at_end_of<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let near = rest.len().saturating_sub(self.bytes.len() - 1);
        let begun = rest.get(near..).and_then(|tail| memrchr(b'\r', tail)).map(|at| near + at);
        if let Some((content, tail)) = begun.and_then(|at| rest.split_at_checked(at))
            && self.bytes.starts_with(tail)
        {
            self.matched = tail.len();
            return content;
        }
        rest
    }

    fn forget(&mut self) {
        self.matched = 0;
        self.assumed = 0;
    }
}

const LINE_END: usize = b"\r\n".len();
