//! Whether a text in chunks is JSON, such as the arguments of tools, and where its strings begin
//! and end.

use std::ops::Range;

/// How far it has been read.
#[derive(Debug, Default)]
pub(super) struct Json {
    at: usize,
    /// Whether it begins as JSON does; not known before anything has come.
    is_json: Option<bool>,
    is_inside: bool,
    is_escaped: bool,
}

impl Json {
    /// Reads on to this place in a piece of the text that begins at `base`.
    pub(super) fn follow(&mut self, piece: &[u8], base: usize, to: usize) {
        let from = self.at.saturating_sub(base).min(to);
        for byte in piece.get(from..to).unwrap_or_default() {
            if self.is_json.is_none() && !byte.is_ascii_whitespace() {
                self.is_json = Some(matches!(byte, b'{' | b'['));
            }
            if self.is_json == Some(false) {
                break;
            }
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.is_inside = !self.is_inside,
                _ => {}
            }
        }
        self.at = self.at.max(base + to);
    }

    /// Whether a place, up to which it has been read, is a whole number that is in no string.
    pub(super) fn is_number(&self, piece: &[u8], place: &Range<usize>) -> bool {
        let is_of = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let before = place.start.checked_sub(1).and_then(|before| piece.get(before));
        let is_whole = !before.is_some_and(is_of) && !piece.get(place.end).is_some_and(is_of);
        let found = piece.get(place.clone()).unwrap_or_default();
        self.is_json == Some(true) && !self.is_inside && is_whole && found.iter().all(is_of)
    }
}
