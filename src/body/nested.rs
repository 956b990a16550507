//! Texts at given places below the top level of a JSON body, such as `requests[].params.model`.
//!
//! The body was validated before. No tree is built, and a text is kept only up to the length of a
//! model's name.

use std::ops::Range;

use smallvec::SmallVec;

use super::Pieces;

/// A text at one of the places.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nested<'a> {
    /// Byte offsets in the whole body, without the quotes.
    pub(crate) span: Range<u64>,
    /// The text, decoded; none where it is longer than any model's name.
    pub(crate) text: Option<&'a str>,
    /// Whether it is written with escapes.
    pub(crate) escaped: bool,
}

/// Calls `see` for each text at one of `places`: paths of keys, of which `*` is any key or item.
/// Keys are compared without their case and their underscores, as lenient readers do.
pub(crate) fn each_nested(body: &Pieces, places: &[&[&str]], see: &mut dyn FnMut(Nested<'_>)) {
    each_nested_in(body, 0..body.len(), places, see);
}

/// The same within one value, which stands there; the places begin in it.
pub(crate) fn each_nested_in(
    body: &Pieces,
    value: Range<u64>,
    places: &[&[&str]],
    see: &mut dyn FnMut(Nested<'_>),
) {
    let base = value.start;
    let mut walk = Walk { places, levels: SmallVec::new(), key: 0, text: None, base };
    for (piece, part) in body.range(value) {
        let piece = piece.get(part).unwrap_or_default();
        walk.piece(piece, see);
        walk.base += piece.len() as u64;
    }
}

struct Walk<'a> {
    places: &'a [&'a [&'a str]],
    levels: SmallVec<[Level; 16]>,
    /// The places that lead through the key whose value comes next.
    key: u64,
    /// The string that is being read.
    text: Option<Text>,
    base: u64,
}

struct Level {
    is_object: bool,
    /// A key comes next, not a value.
    at_key: bool,
    /// The places that lead through here, a bit each.
    alive: u64,
}

struct Text {
    start: u64,
    is_key: bool,
    /// What it says is of interest.
    counts: bool,
    /// The next byte is escaped.
    escape: bool,
    escaped: bool,
    raw: SmallVec<[u8; 128]>,
}

impl Walk<'_> {
    fn piece(&mut self, piece: &[u8], see: &mut dyn FnMut(Nested<'_>)) {
        let mut at = 0;
        while at < piece.len() {
            if let Some(text) = self.text.take() {
                at = self.string(text, piece, at, see);
                continue;
            }
            match piece[at] {
                b'"' => self.text = Some(self.begin(at)),
                open @ (b'{' | b'[') => {
                    let alive = self.value();
                    let is_object = open == b'{';
                    self.levels.push(Level { is_object, at_key: is_object, alive });
                }
                b'}' | b']' => {
                    self.levels.pop();
                }
                b',' => {
                    if let Some(level) = self.levels.last_mut() {
                        level.at_key = level.is_object;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn begin(&mut self, at: usize) -> Text {
        let is_key = self.levels.last().is_some_and(|level| level.at_key);
        let depth = self.levels.len();
        let counts = if is_key {
            self.levels.last().is_some_and(|level| level.alive != 0)
        } else {
            let alive = self.value();
            self.each(alive).any(|(_, place)| place.len() == depth)
        };
        let start = self.base + at as u64 + 1;
        Text { start, is_key, counts, escape: false, escaped: false, raw: SmallVec::new() }
    }

    /// Reads on in a string; where the piece goes on.
    fn string(
        &mut self,
        mut text: Text,
        piece: &[u8],
        mut at: usize,
        see: &mut dyn FnMut(Nested<'_>),
    ) -> usize {
        loop {
            let from = at;
            if text.escape && at < piece.len() {
                text.escape = false;
                at += 1;
            }
            let rest = piece.get(at..).unwrap_or_default();
            let end = memchr::memchr2(b'"', b'\\', rest).map_or(piece.len(), |end| at + end);
            let room = (LONGEST + 1).saturating_sub(text.raw.len());
            if text.counts {
                let plain = piece.get(from..end).unwrap_or_default();
                text.raw.extend_from_slice(plain.get(..room).unwrap_or(plain));
            }
            match piece.get(end) {
                None => {
                    self.text = Some(text);
                    return piece.len();
                }
                Some(b'"') => {
                    self.ended(&text, self.base + end as u64, see);
                    return end + 1;
                }
                Some(_) => {
                    if text.counts && text.raw.len() <= LONGEST {
                        text.raw.push(b'\\');
                    }
                    (text.escape, text.escaped) = (true, true);
                    at = end + 1;
                }
            }
        }
    }

    fn ended(&mut self, text: &Text, end: u64, see: &mut dyn FnMut(Nested<'_>)) {
        let decoded = (text.counts && text.raw.len() <= LONGEST)
            .then(|| {
                let quoted = [b"\"", text.raw.as_slice(), b"\""].concat();
                serde_json::from_slice::<String>(&quoted).ok()
            })
            .flatten();
        if !text.is_key {
            if text.counts {
                let (span, escaped) = (text.start..end, text.escaped);
                see(Nested { span, text: decoded.as_deref(), escaped });
            }
            return;
        }
        let depth = self.levels.len();
        let alive = self.levels.last().map_or(0, |level| level.alive);
        let leads = |place: &[&str]| {
            let wanted = place.get(depth - 1);
            wanted
                .is_some_and(|it| *it == "*" || decoded.as_deref().is_some_and(|key| same(it, key)))
        };
        let key =
            self.each(alive).filter(|(_, place)| leads(place)).fold(0, |all, (bit, _)| all | bit);
        self.key = key;
        if let Some(level) = self.levels.last_mut() {
            level.at_key = false;
        }
    }

    /// The places that lead through the value that begins here.
    fn value(&self) -> u64 {
        let depth = self.levels.len();
        match self.levels.last() {
            None => u64::MAX,
            Some(level) if level.is_object => self.key,
            Some(level) => self
                .each(level.alive)
                .filter(|(_, place)| place.get(depth - 1) == Some(&"*"))
                .fold(0, |all, (bit, _)| all | bit),
        }
    }

    fn each(&self, alive: u64) -> impl Iterator<Item = (u64, &[&str])> {
        let bits = (0..u64::BITS).map(|at| 1 << at);
        bits.zip(self.places.iter().copied()).filter(move |(bit, _)| alive & bit != 0)
    }
}

/// Whether two keys are one to a lenient reader.
fn same(one: &str, other: &str) -> bool {
    let letters = |key: &'_ str| {
        key.bytes()
            .filter(|byte| !matches!(byte, b'_' | b'-'))
            .map(|byte| byte.to_ascii_lowercase())
            .collect()
    };
    let (one, other): (SmallVec<[u8; 32]>, SmallVec<[u8; 32]>) = (letters(one), letters(other));
    one == other
}

/// More than any model's name, in bytes as it is written.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, places: &[&[&str]]) -> Vec<String> {
        let cut = |size: usize| {
            let mut found = Vec::new();
            let pieces: Pieces =
                json.as_bytes().chunks(size).map(bytes::Bytes::copy_from_slice).collect();
            each_nested(&pieces, places, &mut |nested| {
                let written = &json[nested.span.start as usize..nested.span.end as usize];
                let text = nested.text.unwrap_or("too long");
                assert_eq!(nested.escaped, written.contains('\\'));
                found.push(if nested.escaped { format!("{text} {written}") } else { text.into() });
            });
            found
        };
        let whole = cut(json.len());
        for size in 1..9 {
            assert_eq!(cut(size), whole, "{json} in pieces of {size}");
        }
        whole
    }

    #[test]
    fn every_place_and_no_other() {
        let batch: &[&[&str]] = &[&["requests", "*", "params", "model"], &["session", "model"]];
        assert_eq!(
            found(
                r#"{"requests":[{"params":{"model":"a","x":{"model":"no"}},"model":"no"},
                    {"params":{"y":["model"],"Mod\u0065l":"b\"c","model":{"model":"no"}}}, "no",
                    [{"params":{"model":"no"}}]],
                    "session":{"model":"d","model":"e"}, "model":"no", "REQUESTS":{"k":{"par_ams":{"model":"f"}}}}"#,
                batch
            ),
            ["a", r#"b"c b\"c"#, "d", "e", "f"]
        );
        assert_eq!(found(r#"{"model":"a","m":{"model":"b"}}"#, &[&["model"]]), ["a"]);
        let body = Pieces::from(bytes::Bytes::from_static(br#"{"a":[{"model":"b"}],"model":"c"}"#));
        let mut seen = Vec::new();
        let places: &[&[&str]] = &[&["*", "model"], &["model"]];
        each_nested_in(&body, 5..20, places, &mut |it| seen.push((it.span, it.text.is_some())));
        assert_eq!(seen, [(16..17, true)]);
        assert_eq!(found(r#"{"models":["a",["b"],"c"]}"#, &[&["models", "*"]]), ["a", "c"]);
        assert!(found(r#"{"model":null,"a":[],"b":{},"c":1.5e3}"#, &[&["model"]]).is_empty());
        let long = format!(r#"{{"model":"{}"}}"#, "x".repeat(2000));
        assert_eq!(found(&long, &[&["model"]]), ["too long"]);
        let escapes = r#"{"x\\":{"model":"no"},"model":"\\\u006d"}"#;
        assert_eq!(found(escapes, &[&["model"]]), [r"\m \\\u006d"]);
    }
}
