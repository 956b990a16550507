//! Finds the start and end of an outermost JSON object, byte by byte. It does not validate.

/// How deep in objects the last byte stood.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Nesting {
    depth: u32,
    in_text: bool,
    escaped: bool,
    ended: bool,
}

/// What a byte does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Nothing that counts here.
    None,
    /// It begins an outermost object.
    Begins,
    /// It ends one.
    Ends,
}

impl Nesting {
    /// Passes the next byte.
    pub(crate) fn pass(&mut self, byte: u8) -> Edge {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Edge::None;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' => {
                self.depth += 1;
                if self.depth == 1 {
                    return Edge::Begins;
                }
            }
            b'}' if self.depth > 0 => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.ended = true;
                    return Edge::Ends;
                }
            }
            _ => {}
        }
        Edge::None
    }

    /// Passes a text.
    pub(crate) fn pass_all(&mut self, text: &str) {
        for byte in text.bytes() {
            self.pass(byte);
        }
    }

    /// Whether an object has started and ended, and none is open.
    pub(crate) fn is_whole(self) -> bool {
        self.ended && self.depth == 0 && !self.in_text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_whole_at_its_end() {
        for (text, whole) in [
            ("", false),
            ("{", false),
            ("{}", true),
            (r#"{"a":"}","#, false),
            (r#"{"a":"}\"}","b":{}} "#, true),
            ("[]", false),
            (r#""{}""#, false),
            ("}", false),
        ] {
            let mut nesting = Nesting::default();
            nesting.pass_all(text);
            assert_eq!(nesting.is_whole(), whole, "{text}");
        }
    }
}
