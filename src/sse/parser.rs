//! The parser of event streams, by the HTML standard ("parsing an event stream").
//!
//! JSON outside an event is read as an event's data, since Google sends errors so inside its
//! streams. Data within one chunk is not copied, and at most [`LONGEST`] bytes of an event are
//! kept.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memchr2};

/// Reads events out of the pieces of a stream.
///
/// [`push`](Parser::push) a piece, then take events with [`next_event`](Parser::next_event)
/// until there is none, then push the next.
#[derive(Debug, Default)]
pub struct Parser {
    piece: Bytes,
    /// The beginning of a line whose end has not come yet.
    line: BytesMut,
    /// The last byte was a carriage return, so a line feed now belongs to the same line end.
    returned: bool,
    /// The first line, which may begin with a byte order mark, has been read.
    begun: bool,
    event: Option<Bytes>,
    data: Data,
    /// The lines are JSON that stands in no event.
    bare: bool,
    too_long: bool,
}

/// One event. Both parts are whatever bytes came; nothing says that they are UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The event's type, where the stream names one.
    pub(crate) event: Option<Bytes>,
    /// Its data, the lines joined with line feeds.
    pub(crate) data: Bytes,
}

/// A line, or an event's data, is longer than any that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {LONGEST} bytes")]
pub struct TooLong;

/// The data lines of the event so far. Most events have one, which stays a slice of its piece.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Joined(BytesMut),
}

impl Parser {
    /// A parser at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece of the stream.
    pub fn push(&mut self, piece: Bytes) {
        if self.piece.is_empty() {
            self.piece = piece;
        } else {
            let mut both = BytesMut::from(std::mem::take(&mut self.piece));
            both.extend_from_slice(&piece);
            self.piece = both.freeze();
        }
    }

    /// The next whole event, or `None` when it has not come yet.
    ///
    /// # Errors
    /// When a line or an event grows too long; nothing more can be read of such a stream.
    pub fn next_event(&mut self) -> Result<Option<Event>, TooLong> {
        if self.too_long {
            return Err(TooLong);
        }
        let event = self.read();
        self.too_long = event.is_err();
        event
    }

    /// Whether the stream has broken off inside an event.
    pub fn is_mid_event(&self) -> bool {
        !self.piece.is_empty()
            || !self.line.is_empty()
            || self.event.is_some()
            || !matches!(self.data, Data::None)
    }

    /// The event that the stream's end left without its empty line. The standard drops it; some
    /// providers end their streams so.
    ///
    /// # Errors
    /// When that event is too long.
    pub(crate) fn finish(&mut self) -> Result<Option<Event>, TooLong> {
        if let Some(event) = self.next_event()? {
            return Ok(Some(event));
        }
        let line = std::mem::take(&mut self.line).freeze();
        let line = self.without_mark(line);
        if !line.is_empty() {
            self.field(&line)?;
        }
        Ok(self.dispatch())
    }

    fn read(&mut self) -> Result<Option<Event>, TooLong> {
        while let Some(line) = self.next_line()? {
            if !line.is_empty() {
                self.field(&line)?;
            } else if let Some(event) = self.dispatch() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, TooLong> {
        if self.returned && !self.piece.is_empty() {
            self.returned = false;
            if self.piece.first() == Some(&b'\n') {
                self.piece.advance(1);
            }
        }
        let end = memchr2(b'\n', b'\r', &self.piece);
        if self.line.len() + end.unwrap_or(self.piece.len()) > LONGEST {
            return Err(TooLong);
        }
        let Some(end) = end else {
            self.line.extend_from_slice(&self.piece);
            self.piece.clear();
            return Ok(None);
        };
        let rest = self.piece.split_to(end);
        self.returned = self.piece.first() == Some(&b'\r');
        self.piece.advance(1);
        let line = if self.line.is_empty() {
            rest
        } else {
            self.line.extend_from_slice(&rest);
            std::mem::take(&mut self.line).freeze()
        };
        Ok(Some(self.without_mark(line)))
    }

    fn without_mark(&mut self, mut line: Bytes) -> Bytes {
        if !self.begun {
            self.begun = true;
            if line.starts_with(BYTE_ORDER_MARK) {
                line.advance(BYTE_ORDER_MARK.len());
            }
        }
        line
    }

    fn field(&mut self, line: &Bytes) -> Result<(), TooLong> {
        let colon = memchr(b':', line).unwrap_or(line.len());
        let name = line.get(..colon).unwrap_or_default();
        let start = match line.get(colon + 1) {
            Some(b' ') => colon + 2,
            Some(_) => colon + 1,
            None => line.len(),
        };
        match name {
            b"data" => self.data.add(line.slice(start..)),
            b"event" => {
                self.event = Some(line.slice(start..)).filter(|event| !event.is_empty());
                Ok(())
            }
            _ => self.outside(line),
        }
    }

    /// A line that no field begins. The standard passes over it.
    fn outside(&mut self, line: &Bytes) -> Result<(), TooLong> {
        let begins = line.starts_with(b"{") || line.starts_with(b"[{");
        self.bare |= begins && self.event.is_none() && matches!(self.data, Data::None);
        if self.bare { self.data.add(line.clone()) } else { Ok(()) }
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.bare = false;
        let event = self.event.take();
        let data = match std::mem::take(&mut self.data) {
            Data::None => return None,
            Data::One(data) => data,
            Data::Joined(data) => data.freeze(),
        };
        Some(Event { event, data })
    }
}

impl Data {
    fn add(&mut self, line: Bytes) -> Result<(), TooLong> {
        let mut joined = match std::mem::take(self) {
            Data::None => {
                *self = Data::One(line);
                return Ok(());
            }
            Data::One(first) => BytesMut::from(first.as_ref()),
            Data::Joined(joined) => joined,
        };
        if joined.len() + 1 + line.len() > LONGEST {
            return Err(TooLong);
        }
        joined.extend_from_slice(b"\n");
        joined.extend_from_slice(&line);
        *self = Data::Joined(joined);
        Ok(())
    }
}

/// The most bytes of one event: images stand in events, whole and in base64. A provider that sends
/// more is broken, and no reason to run out of memory.
pub(crate) const LONGEST: usize = 32 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
