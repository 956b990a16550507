//! A body as the chunks in which it arrived, and the replacement of one value.
//!
//! A large body is not joined: a copy for another attempt copies pointers, and a new model is put
//! between two slices of the same memory.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

/// The bytes of a body in order, none of the pieces empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    pub(super) list: List,
    length: u64,
}

/// Three, so that a body that came in one piece stays inline even with a value replaced.
pub(super) type List = SmallVec<[Bytes; 3]>;

impl Pieces {
    /// A body without bytes.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.length += piece.len() as u64;
            self.list.push(piece);
        }
    }

    /// Makes one piece of the last few where they are crumbs, each of which keeps more memory than it
    /// fills: what a body takes is then never much more than its bytes.
    pub(crate) fn join_crumbs(&mut self, count: usize) {
        let at = self.list.len().saturating_sub(count);
        if let Some(joined) = joined_crumbs(self.list[at..].iter(), count) {
            self.list.truncate(at);
            self.list.push(joined);
        }
    }

    /// Bytes in all pieces together: what `content-length` says.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Whether there is not one byte.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The pieces in order.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Bytes> {
        self.list.iter()
    }

    /// The same body with other bytes in the place of `span`, which may be empty; what of it
    /// lies beyond the end is ignored.
    pub(crate) fn replace(&self, span: Range<u64>, with: Bytes) -> Self {
        let before = 0..span.start.min(self.length);
        let after = span.end.clamp(before.end, self.length)..self.length;
        let length = before.end + with.len() as u64 + (after.end - after.start);
        if length <= SMALL {
            let mut joined = Vec::with_capacity(length as usize);
            self.range(before).for_each(|(piece, range)| joined.extend_from_slice(&piece[range]));
            joined.extend_from_slice(&with);
            self.range(after).for_each(|(piece, range)| joined.extend_from_slice(&piece[range]));
            return Self::from(Bytes::from(joined));
        }
        let mut spliced = Self::new();
        self.range(before).for_each(|(piece, range)| spliced.push(piece.slice(range)));
        spliced.push(with);
        self.range(after).for_each(|(piece, range)| spliced.push(piece.slice(range)));
        spliced
    }

    /// The JSON object with one more member, its first, and where that begins; `None` if it is not an object. `name` is
    /// in quotes, with a colon.
    pub(crate) fn with_first_member(&self, name: &str, value: &[u8]) -> Option<(Self, u64)> {
        let bytes = self.iter().flatten().copied().enumerate();
        let mut bytes = bytes.filter(|(_, byte)| !byte.is_ascii_whitespace());
        let (brace, _) = bytes.next().filter(|(_, byte)| *byte == b'{')?;
        let comma: &[u8] = if bytes.next()?.1 == b'}' { b"" } else { b"," };
        let at = brace as u64 + 1;
        let member = [name.as_bytes(), value, comma].concat();
        Some((self.replace(at..at, Bytes::from(member)), at))
    }

    /// The same body with other bytes in the place of each span; they ascend and do not overlap. One
    /// copy, however many there are.
    pub(crate) fn replace_each(
        &self,
        spans: impl IntoIterator<Item = (Range<u64>, Bytes)>,
    ) -> Self {
        let whole = self.to_bytes();
        let mut joined = Vec::with_capacity(whole.len());
        let mut from = 0;
        for (span, with) in spans {
            joined.extend_from_slice(whole.get(from..span.start as usize).unwrap_or_default());
            joined.extend_from_slice(&with);
            from = span.end as usize;
        }
        joined.extend_from_slice(whole.get(from..).unwrap_or_default());
        Self::from(Bytes::from(joined))
    }

    /// The bytes of a span, in one piece.
    pub(crate) fn slice(&self, span: Range<u64>) -> Vec<u8> {
        let mut joined = Vec::new();
        self.range(span).for_each(|(piece, range)| joined.extend_from_slice(&piece[range]));
        joined
    }

    /// All bytes in one piece, without copying when there is but one. For what has to be read
    /// as a whole.
    pub(crate) fn to_bytes(&self) -> Bytes {
        match self.list.as_slice() {
            [] => Bytes::new(),
            [piece] => piece.clone(),
            pieces => {
                let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
                pieces.iter().for_each(|piece| whole.put_slice(piece));
                whole.freeze()
            }
        }
    }

    /// The pieces that lie in a range, each with the part of it that does.
    pub(super) fn range(&self, range: Range<u64>) -> impl Iterator<Item = (&Bytes, Range<usize>)> {
        let mut offset = 0;
        self.list.iter().filter_map(move |piece| {
            let length = piece.len() as u64;
            let start = range.start.clamp(offset, offset + length) - offset;
            let end = range.end.clamp(offset, offset + length) - offset;
            offset += length;
            // Both are at most the piece's length, so the conversion loses nothing.
            (start < end).then_some((piece, start as usize..end as usize))
        })
    }
}

impl From<Bytes> for Pieces {
    fn from(piece: Bytes) -> Self {
        let mut pieces = Self::new();
        pieces.push(piece);
        pieces
    }
}

impl Extend<Bytes> for Pieces {
    fn extend<I: IntoIterator<Item = Bytes>>(&mut self, pieces: I) {
        pieces.into_iter().for_each(|piece| self.push(piece));
    }
}

impl FromIterator<Bytes> for Pieces {
    fn from_iter<I: IntoIterator<Item = Bytes>>(pieces: I) -> Self {
        let mut list = Self::new();
        list.extend(pieces);
        list
    }
}

impl<'a> IntoIterator for &'a Pieces {
    type Item = &'a Bytes;
    type IntoIter = std::slice::Iter<'a, Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// So many pieces as one; none where they are large enough to stay as they are.
pub(crate) fn joined_crumbs<'a>(
    pieces: impl Iterator<Item = &'a Bytes> + Clone,
    count: usize,
) -> Option<Bytes> {
    let length: usize = pieces.clone().map(Bytes::len).sum();
    (length < count * CRUMB).then(|| pieces.cloned().collect::<Pieces>().to_bytes())
}

/// A text as a JSON string, quotes included: what takes the place of a `model`.
pub fn json_string(text: &str) -> Bytes {
    let mut json = BytesMut::with_capacity(text.len() + 2);
    json.put_u8(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| needs_escape(byte)) {
        let (plain, after) = rest.split_at(at);
        json.put_slice(plain);
        if let Some((&byte, after)) = after.split_first() {
            put_escaped(&mut json, byte);
            rest = after;
        }
    }
    json.put_slice(rest);
    json.put_u8(b'"');
    json.freeze()
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn put_escaped(json: &mut BytesMut, byte: u8) {
    match byte {
        b'"' | b'\\' => json.put_slice(&[b'\\', byte]),
        _ => json.put_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}

/// Up to here one copy is cheaper than what each further piece costs on its way to the socket.
const SMALL: u64 = 4096;
/// What is smaller is not worth a piece of its own.
const CRUMB: usize = 4096;
/// After how many pieces it is looked whether they are crumbs.
pub(crate) const A_FEW: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_large_body_is_spliced_not_copied() {
        let large = Bytes::from(vec![b'x'; 100_000]);
        let pieces: Pieces = [large.slice(..60_000), large.slice(60_000..)].into_iter().collect();
        let spliced = pieces.replace(10..20, Bytes::from_static(b"new"));
        let list: Vec<_> = spliced.iter().collect();
        assert_eq!(list.len(), 4);
        assert_eq!(list[0].as_ptr(), large.as_ptr());
        assert_eq!(list[2].as_ptr(), large[20..].as_ptr());
        assert_eq!(list[3].as_ptr(), large[60_000..].as_ptr());
        assert_eq!(spliced.len(), 99_993);
    }

    #[test]
    fn many_values_are_replaced_in_one_copy() {
        let pieces: Pieces = b"abcdefgh".chunks(3).map(Bytes::copy_from_slice).collect();
        let spans = [(0..1, "AA"), (3..3, "-"), (6..8, "")];
        let each = spans.map(|(span, with)| (span, Bytes::from(with)));
        assert_eq!(pieces.replace_each(each).to_bytes(), "AAbc-def");
        assert_eq!(pieces.replace_each([]).to_bytes(), "abcdefgh");
    }

    #[test]
    fn a_small_body_stays_one_piece() {
        let pieces = Pieces::from(Bytes::from_static(br#"{"model":"a"}"#));
        let spliced = pieces.replace(9..12, json_string("gpt-5"));
        assert_eq!(spliced.iter().collect::<Vec<_>>(), [&br#"{"model":"gpt-5"}"#[..]]);
    }

    proptest! {
        #[test]
        fn replace_in_pieces_equals_a_splice_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..8),
            start in 0_usize..9000,
            length in 0_usize..9000,
            with in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let mut whole: Vec<u8> = parts.concat();
            let pieces: Pieces = parts.into_iter().map(Bytes::from).collect();
            prop_assert_eq!(pieces.len(), whole.len() as u64);
            let start = start.min(whole.len());
            let end = (start + length).min(whole.len());
            let spliced = pieces.replace(start as u64..end as u64, Bytes::from(with.clone()));
            whole.splice(start..end, with);
            prop_assert_eq!(spliced.len(), whole.len() as u64);
            prop_assert!(spliced.iter().all(|piece| !piece.is_empty()));
            prop_assert_eq!(spliced.to_bytes(), whole);
        }

        #[test]
        fn json_strings_read_back(text in any::<String>()) {
            let json = json_string(&text);
            prop_assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
        }
    }
}
