//! Full-width digits, which models read as any others (U+FF10 to U+FF19).

/// A text with its full-width digits as those of ASCII.
pub(super) struct Narrow {
    pub(super) text: Vec<u8>,
    /// Where each full-width digit stands in it, in their order.
    digits: Vec<usize>,
}

impl Narrow {
    /// Of a text that has any.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut places = places(text).peekable();
        places.peek()?;
        let mut narrow = Self { text: Vec::with_capacity(text.len()), digits: Vec::new() };
        let mut from = 0;
        for place in places {
            narrow.text.extend_from_slice(text.get(from..place).unwrap_or_default());
            narrow.digits.push(narrow.text.len());
            narrow.text.push(text.get(place + 2).map_or(b'0', |last| last - FIRST + b'0'));
            from = place + LENGTH;
        }
        narrow.text.extend_from_slice(text.get(from..).unwrap_or_default());
        Some(narrow)
    }

    /// The same place in the text as it was.
    pub(super) fn place(&self, at: usize) -> usize {
        at + (LENGTH - 1) * self.digits.partition_point(|digit| *digit < at)
    }
}

/// How many full-width digits a text has.
pub(super) fn count(text: &[u8]) -> usize {
    places(text).count()
}

/// Where they begin.
fn places(text: &[u8]) -> impl Iterator<Item = usize> {
    let is_one = move |at: &usize| matches!(text.get(*at..), Some([_, 0xbc, FIRST..=LAST, ..]));
    memchr::memchr_iter(0xef, text).filter(is_one)
}

/// The last bytes of the first and the last of them.
const FIRST: u8 = 0x90;
const LAST: u8 = 0x99;
/// How many bytes each has.
const LENGTH: usize = 3;
