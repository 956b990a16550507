//! Walks valid JSON text: white space and whole values, without a tree and without recursion.

/// Valid JSON, and how far it has been passed.
#[derive(Clone, Copy)]
pub(in crate::protocol) struct Text<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Text<'a> {
    /// The whole text.
    pub(in crate::protocol) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How far it has been passed, in bytes.
    pub(in crate::protocol) fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space.
    pub(in crate::protocol) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes one byte.
    pub(in crate::protocol) fn pass(&mut self) {
        self.at += 1;
    }

    /// Passes a whole value.
    pub(in crate::protocol) fn value(&mut self) -> &'a str {
        let (start, mut depth) = (self.at, 0_usize);
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => self.at = end_of_text(bytes, self.at),
                b'{' | b'[' => (depth, self.at) = (depth + 1, self.at + 1),
                b'}' | b']' if depth > 0 => (depth, self.at) = (depth - 1, self.at + 1),
                b'}' | b']' | b',' | b':' if depth == 0 => break,
                _ if depth == 0 && byte.is_ascii_whitespace() => break,
                _ => self.at += 1,
            }
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                break;
            }
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Passes a key with its colon, and answers it with its quotes.
    pub(in crate::protocol) fn key(&mut self) -> &'a str {
        let key = self.value();
        self.peek();
        self.pass();
        self.peek();
        key
    }
}

/// Where the text that begins there has ended.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        match bytes[at - 1] {
            b'"' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}
