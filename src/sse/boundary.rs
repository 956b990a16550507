//! How much of a chunk completes events, for a relay that must not pass on half an event. It only
//! looks at line ends, from the back.

use memchr::memrchr2;

/// Watches the pieces of a stream for the ends of events: empty lines.
#[derive(Clone, Copy, Debug)]
pub struct Boundary {
    /// The bytes so far end with a line end (or there are none).
    line_start: bool,
    /// They end with a carriage return, which a line feed may still complete.
    returned: bool,
    /// They end with the end of an event.
    event_end: bool,
}

impl Boundary {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self { line_start: true, returned: false, event_end: true }
    }

    /// Looks at the next piece and answers how many of its bytes belong to events that are now
    /// complete. The rest, and everything after `None`, is the beginning of another.
    pub fn feed(&mut self, piece: &[u8]) -> Option<usize> {
        let last = piece.last()?;
        let end = self.last_end(piece);
        self.line_start = matches!(last, b'\n' | b'\r');
        self.returned = *last == b'\r';
        self.event_end = end == Some(piece.len());
        end
    }

    /// Whether everything so far belongs to complete events.
    pub fn is_between_events(&self) -> bool {
        self.event_end
    }

    fn last_end(&self, piece: &[u8]) -> Option<usize> {
        let mut before = piece;
        // Where a piece ends with its event, as most do, the first look answers.
        while let Some(last) = memrchr2(b'\n', b'\r', before) {
            let end = last + 1;
            before = before.get(..last).unwrap_or_default();
            if piece.get(last) == Some(&b'\n') {
                match before.split_last() {
                    Some((b'\r', rest)) => before = rest,
                    None if self.returned => return self.event_end.then_some(end),
                    _ => {}
                }
            }
            let empty_line = match before.last() {
                Some(byte) => matches!(byte, b'\n' | b'\r'),
                None => self.line_start,
            };
            if empty_line {
                return Some(end);
            }
        }
        None
    }
}

impl Default for Boundary {
    fn default() -> Self {
        Self::new()
    }
}
