//! A strict JSON reader that keeps the place of every value.
//!
//! It copies no text (a [`Node`] is spans of the file), has a fixed recursion limit, and repairs
//! nothing: text that is not JSON is one [`Flaw`] with its place.

use std::borrow::Cow;

use serde_json::Number;

use super::{look_alike, path::Path};

/// A range of bytes: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    /// A string; [`string`] decodes its span.
    Text,
    List(Vec<Node>),
    /// All entries as written, duplicates included.
    Object(Vec<Entry>),
}

/// A key, with its quotes, and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Span,
    pub(super) value: Node,
}

/// The first place at which the text is not JSON.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) at: usize,
    pub(super) path: Path,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

/// Reads one JSON value and requires the end of the text after it.
pub(super) fn read(text: &str) -> Result<Node, Flaw> {
    let mut reader = Reader { text, at: 0, steps: Vec::new() };
    let root = reader.value()?;
    match reader.peek() {
        None => Ok(root),
        Some(_) => Err(reader.expected("the end of the file", None)),
    }
}

/// Decodes the string at `span`, which [`read`] has found.
pub(super) fn string(text: &str, span: Span) -> Cow<'_, str> {
    let inner = &text[span.start + 1..span.end - 1];
    match memchr::memchr(b'\\', inner.as_bytes()) {
        None => Cow::Borrowed(inner),
        Some(_) => serde_json::from_str(&text[span.start..span.end])
            .map_or(Cow::Borrowed(inner), Cow::Owned),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    steps: Vec<Step>,
}

enum Step {
    Key(Span),
    Index(usize),
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Node, Flaw> {
        let first = self.peek();
        let start = self.at;
        if self.steps.len() > DEEPEST {
            return Err(self.flaw(start, format!("nested deeper than {DEEPEST} levels"), None));
        }
        let kind = match first {
            Some(b'{') => self.object()?,
            Some(b'[') => self.list()?,
            Some(b'"') => self.text().map(|_| Kind::Text)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { span: Span { start, end: self.at }, kind })
    }

    fn object(&mut self) -> Result<Kind, Flaw> {
        let mut entries = Vec::new();
        self.at += 1;
        if self.took(b'}') {
            return Ok(Kind::Object(entries));
        }
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(b'}') => return Err(self.expected("a key", TRAILING_COMMA)),
                _ => {
                    let hint = look_alike::key(self.rest());
                    return Err(self.expected("a key in double quotes", hint));
                }
            }
            let key = self.text()?;
            self.steps.push(Step::Key(key));
            if !self.took(b':') {
                return Err(self.expected("`:` after the key", None));
            }
            let value = self.value()?;
            entries.push(Entry { key, value });
            if self.took(b',') {
                self.steps.pop();
            } else if self.took(b'}') {
                self.steps.pop();
                // In a large file most objects are small, and the spare capacity would double their
                // size.
                entries.shrink_to_fit();
                return Ok(Kind::Object(entries));
            } else {
                let hint = look_alike::anywhere(self.rest());
                return Err(self.expected("`,` or `}` after the value", hint));
            }
        }
    }

    fn list(&mut self) -> Result<Kind, Flaw> {
        let mut items = Vec::new();
        self.at += 1;
        if self.took(b']') {
            return Ok(Kind::List(items));
        }
        loop {
            self.steps.push(Step::Index(items.len()));
            if self.peek() == Some(b']') {
                return Err(self.expected("a value", TRAILING_COMMA));
            }
            items.push(self.value()?);
            if self.took(b',') {
                self.steps.pop();
            } else if self.took(b']') {
                self.steps.pop();
                items.shrink_to_fit();
                return Ok(Kind::List(items));
            } else {
                let hint = look_alike::anywhere(self.rest());
                return Err(self.expected("`,` or `]` after the value", hint));
            }
        }
    }

    fn text(&mut self) -> Result<Span, Flaw> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escapes = false;
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    at += 1;
                }
                Some(0..=0x1f) => return Err(self.unfinished(start, at, "the end of the line")),
                None => return Err(self.unfinished(start, self.text.len(), "the end of the file")),
                Some(_) => {}
            }
            at += 1;
        }
        let span = Span { start, end: at + 1 };
        if escapes {
            // Decoded once here to validate it, so that `string` cannot fail.
            serde_json::from_str::<String>(&self.text[span.start..span.end]).map_err(|error| {
                let within = error.column().saturating_sub(1).min(at - start);
                let within = self.text[start..]
                    .char_indices()
                    .map(|(at, _)| at)
                    .take_while(|at| *at <= within)
                    .last();
                self.flaw(
                    start + within.unwrap_or(0),
                    "this escape is not valid JSON".to_owned(),
                    Some("a `\\\\` alone is written `\\\\\\\\`"),
                )
            })?;
        }
        self.at = span.end;
        Ok(span)
    }

    fn number(&mut self) -> Result<Kind, Flaw> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let number = serde_json::from_str(&rest[..length]).map_err(|_| {
            self.flaw(self.at, "this is not a JSON number".to_owned(), self.of_file())
        })?;
        self.at += length;
        Ok(Kind::Number(number))
    }

    fn word(&mut self) -> Result<Kind, Flaw> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let kind = match &rest[..length] {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ => {
                let hint = self.of_file().or_else(|| look_alike::value(self.rest()));
                return Err(self.expected("a value", hint));
            }
        };
        self.at += length;
        Ok(kind)
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn took(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// What is said of the whole file, where nothing of it has been read.
    fn of_file(&self) -> Option<&'static str> {
        let is_first = self.text[..self.at].trim().is_empty() || self.steps.len() == 1;
        is_first.then(|| look_alike::file(self.text)).flatten()
    }

    fn expected(&self, what: &str, hint: Option<&'static str>) -> Flaw {
        match self.text[self.at..].chars().next() {
            Some(found) => {
                let found = match found {
                    '"' | '\'' => found.to_string(),
                    _ => found.escape_debug().to_string(),
                };
                self.flaw(self.at, format!("expected {what}, found `{found}`"), hint)
            }
            None if self.text.trim().is_empty() => {
                self.flaw(0, "the file is empty".to_owned(), None)
            }
            None => {
                let end = self.text.trim_end().len();
                self.flaw(end, format!("expected {what}, found the end of the file"), None)
            }
        }
    }

    fn unfinished(&self, start: usize, end: usize, found: &str) -> Flaw {
        let found = match self.text.as_bytes().get(end) {
            None | Some(b'\n' | b'\r') => found,
            Some(_) => "a control character",
        };
        self.flaw(start, format!("this text has no closing quote before {found}"), None)
    }

    fn flaw(&self, at: usize, message: String, hint: Option<&'static str>) -> Flaw {
        let path = self.steps.iter().fold(Path::root(), |path, step| match step {
            Step::Key(span) => path.key(string(self.text, *span)),
            Step::Index(index) => path.index(*index),
        });
        Flaw { at, path, message, hint }
    }
}

/// A configuration never nests deeper; the limit protects the stack.
const DEEPEST: usize = 64;
const TRAILING_COMMA: Option<&str> = Some("remove the `,` before it");

#[cfg(test)]
mod tests {
    use super::{Kind, read, string};

    #[test]
    fn agrees_with_serde_json_about_what_is_json() {
        for text in [
            "null",
            " true ",
            "-0",
            "1.5e+3",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "1e999",
            "nul",
            "truex",
            r#""a\u00e4\n""#,
            r#""\x""#,
            r#""\ud800""#,
            r#""\ud83d\ude00""#,
            "\"a\tb\"",
            "\"\u{7f}\"",
            "[]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{}",
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{a:1}"#,
            "{\"a\":[{}]}",
            "[",
            "{\"a\"",
            "\"",
            "\"\\",
            "\u{a0}1",
            "1 1",
            "",
            "1x",
        ] {
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(read(text).is_ok(), theirs, "{text}");
        }
    }

    #[test]
    fn texts_and_places_are_kept() {
        let text = r#" {"a\u0062": [7, "x\ty"]} "#;
        let Kind::Object(entries) = read(text).unwrap().kind else { panic!("an object") };
        assert_eq!(string(text, entries[0].key), "ab");
        let Kind::List(items) = &entries[0].value.kind else { panic!("a list") };
        assert_eq!(&text[items[0].span.start..items[0].span.end], "7");
        assert_eq!(string(text, items[1].span), "x\ty");
    }

    #[test]
    fn flaws_say_what_was_expected_and_where() {
        let cases = [
            ("", 0, "", "the file is empty"),
            (" \n", 0, "", "the file is empty"),
            ("{\"a\": ", 5, "a", "expected a value, found the end of the file"),
            ("{\"a\": 1 \"b\"", 8, "a", "expected `,` or `}` after the value, found `\"`"),
            ("{\"a\": [1,]}", 9, "a[1]", "expected a value, found `]`"),
            ("{\"a\": 'x'}", 6, "a", "expected a value, found `'`"),
            ("{\"a\": tru}", 6, "a", "expected a value, found `t`"),
            ("{\"a\" 1}", 5, "a", "expected `:` after the key, found `1`"),
            ("{\"a\": \"x\n}", 6, "a", "this text has no closing quote before the end of the line"),
            ("{\"a\": \"ä\\q\"}", 10, "a", "this escape is not valid JSON"),
            ("{} {}", 3, "", "expected the end of the file, found `{`"),
        ];
        for (text, at, path, message) in cases {
            let flaw = read(text).unwrap_err();
            assert_eq!((flaw.at, flaw.message.as_str()), (at, message), "{text}");
            assert_eq!(flaw.path.to_string(), path, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_a_flaw_and_not_a_crash() {
        let flaw = read(&"[".repeat(1_000_000)).unwrap_err();
        assert_eq!(flaw.message, "nested deeper than 64 levels");
    }
}
