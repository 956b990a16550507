//! Reads an event's own fields, not those inside a model's output: a key below a tool's argument
//! belongs to the model, whatever its name.
//!
//! It stores only a few short keys, so an event may have any length and any chunks.

use smallvec::SmallVec;

/// A place in an event: the keys from its top, `*` for any item of an array.
pub(super) type Path = &'static [&'static str];

/// Goes through the bytes of events and stops at certain places.
#[derive(Debug, Default)]
pub(super) struct Top {
    /// The key or `*` at each level that is open; deeper ones are counted only.
    keys: [Text; DEEPEST],
    depth: usize,
    /// Inside a string, which is kept if it may be a key or a requested value.
    in_text: bool,
    escaped: bool,
    text: Text,
    /// A colon came, and no value yet.
    awaits_value: bool,
    /// The last byte ended a line: another end is the event's.
    line_ended: bool,
    /// The line has started and is not data: a comment, or the event's name.
    is_other: bool,
    /// A line has begun.
    begun: bool,
}

type Text = SmallVec<[u8; LONGEST + 1]>;

impl Top {
    /// Reads more bytes. `found` receives the place and the value: the string, or `None` for
    /// another type. `null` and `false` are skipped.
    pub(super) fn read(&mut self, bytes: &[u8], mut found: impl FnMut(&Self, Option<&[u8]>)) {
        for &byte in bytes {
            if self.in_text {
                self.text_goes_on(byte, &mut found);
                continue;
            }
            let line_ended = std::mem::replace(&mut self.line_ended, byte == b'\n');
            match byte {
                b'\n' if line_ended => *self = Self { line_ended: true, ..Self::default() },
                // Windows' ends of lines.
                b'\r' => self.line_ended = line_ended,
                _ if self.depth == 0 && (line_ended || !self.begun) => {
                    self.begun = true;
                    self.is_other = byte != b'd';
                }
                // What stands before an event's data is not JSON.
                _ if self.depth == 0 && (self.is_other || !matches!(byte, b'{' | b'[')) => {}
                b'"' => {
                    self.in_text = true;
                    self.text.clear();
                }
                b'{' | b'[' => {
                    self.value(byte, &mut found);
                    self.open(byte);
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.awaits_value = false;
                }
                b':' => {
                    if let Some(key) = self.keys.get_mut(self.depth - 1) {
                        key.clone_from(&self.text);
                    }
                    self.awaits_value = true;
                }
                b',' => self.awaits_value = false,
                b' ' | b'\t' | b'\n' => {}
                other => self.value(other, &mut found),
            }
        }
    }

    /// Whether an event has begun and not ended.
    pub(super) fn is_mid_event(&self) -> bool {
        self.depth > 0 || self.in_text
    }

    /// Whether the place is this one.
    pub(super) fn is_at(&self, path: Path) -> bool {
        self.depth == path.len()
            && self.keys.iter().zip(path).all(|(key, name)| key.as_slice() == name.as_bytes())
    }

    fn text_goes_on(&mut self, byte: u8, found: &mut impl FnMut(&Self, Option<&[u8]>)) {
        // No text of JSON holds the end of a line.
        if byte == b'\n' {
            (self.in_text, self.escaped, self.line_ended) = (false, false, true);
            return;
        }
        let ends = byte == b'"' && !self.escaped;
        self.escaped = byte == b'\\' && !self.escaped;
        if !ends {
            // One byte more than the longest requested text distinguishes longer ones.
            if self.text.len() <= LONGEST {
                self.text.push(byte);
            }
            return;
        }
        self.in_text = false;
        if std::mem::take(&mut self.awaits_value) {
            found(self, Some(&self.text));
        }
    }

    fn value(&mut self, first: u8, found: &mut impl FnMut(&Self, Option<&[u8]>)) {
        if std::mem::take(&mut self.awaits_value) && !matches!(first, b'n' | b'f') {
            found(self, None);
        }
    }

    fn open(&mut self, bracket: u8) {
        if let Some(key) = self.keys.get_mut(self.depth) {
            key.clear();
            if bracket == b'[' {
                key.push(b'*');
            }
        }
        self.depth += 1;
        self.awaits_value = false;
    }
}

/// No place is deeper.
const DEEPEST: usize = 4;
/// No key and no value that is asked for is longer.
const LONGEST: usize = 31;

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands at the path, from pieces of any size.
    fn at(path: Path, events: &str) -> Vec<Option<String>> {
        let mut whole = None;
        for size in [events.len(), 1, 2, 3, 7] {
            let (mut top, mut seen) = (Top::default(), Vec::new());
            for piece in events.as_bytes().chunks(size.max(1)) {
                top.read(piece, |top, text| {
                    if top.is_at(path) {
                        seen.push(text.map(|text| String::from_utf8_lossy(text).into_owned()));
                    }
                });
            }
            assert!(!top.is_mid_event(), "{events}");
            assert_eq!(whole.get_or_insert_with(|| seen.clone()), &seen, "in pieces of {size}");
        }
        whole.unwrap_or_default()
    }

    #[test]
    fn place_is_found_whatever_surrounds_it() {
        let stop = vec![Some("stop".to_owned())];
        let path: Path = &["choices", "*", "finish_reason"];
        for events in [
            "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n",
            "event: x\r\ndata: {\"a\" : [1, {\"b\":2}], \"choices\" : [ {\"delta\":{\"finish_reason\":\"no\"}, \"finish_reason\" : \"stop\" } ] }\r\n\r\n",
            "data: {\"x\":\"}]\\\"\\\\\",\"choices\":[{\"finish_reason\":null},{\"finish_reason\":\"stop\"}]}\n\n",
            ": {[\"\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n",
        ] {
            assert_eq!(at(path, events), stop, "{events}");
        }
        assert_eq!(at(&["error"], "data: {\"error\":{\"a\":1}}\n\n"), [None]);
        let two = "data: {\"type\":\"a\"}\n\ndata: {\"type\":\"b\"}\n\n";
        assert_eq!(at(&["type"], two), [Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn place_inside_what_a_model_says_is_not_found() {
        for events in [
            "data: {\"error\":null}\n\n",
            "data: {\"error\":false}\n\n",
            "data: {\"input\":{\"error\":{}}}\n\n",
            "data: {\"text\":\"\\\"error\\\":{}\"}\n\n",
            "data: {\"name\":\"error\"}\n\n",
            "data: [\"error\",{}]\n\n",
            "data: {\"errors\":1,\"an error\":1}\n\n",
        ] {
            assert!(at(&["error"], events).is_empty(), "{events}");
        }
    }

    #[test]
    fn event_that_is_not_json_does_not_spoil_the_next() {
        let events = "data: {\"a\":{\n\ndata: {\"type\":\"b\"}\n\n";
        assert_eq!(at(&["type"], events), [Some("b".to_owned())]);
    }
}
