//! Cleans a stream of events in any chunks: each event is read whole, cleaned and written in the
//! one form that all clients read. Comments, IDs and unknown names are removed.
//!
//! It buffers at most one event.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

use super::{
    clean::{Cleaned, Known, clean},
    shape::{Declared, Shape},
};
use crate::{
    protocol::told,
    sse::{self, Parser},
};

/// Cleans a stream, piece by piece, however it was cut.
pub(crate) trait StreamCleaner: Send + Sync {
    /// Takes the next bytes, and appends the cleaned complete events.
    ///
    /// # Errors
    /// The stream is stopped.
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Result<(), Stop>;

    /// The bytes have ended.
    ///
    /// # Errors
    /// As [`StreamCleaner::feed`].
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop>;
}

/// Cleans one stream.
pub(crate) struct Events {
    parser: Parser,
    shape: &'static Shape,
    named: bool,
    closes: Option<&'static str>,
    known: Known,
    /// Whether errors pass as they came.
    trusted: bool,
}

/// Why a stream does not go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The provider sent an error: its JSON.
    Told(Bytes),
    /// An event is invalid in its protocol.
    Malformed,
}

impl Events {
    /// For the stream of an endpoint; `None` if it has none.
    pub(crate) fn new(
        declared: &Declared,
        closes: Option<&'static str>,
        known: Known,
        trusted: bool,
    ) -> Option<Self> {
        let shape = declared.event?;
        Some(Self { parser: Parser::new(), shape, named: declared.named, closes, known, trusted })
    }

    fn is_close(&self, data: &[u8]) -> bool {
        self.closes.is_some_and(|closes| data.trim_ascii() == closes.as_bytes())
    }

    fn event(&self, event: &sse::Event, out: &mut Vec<u8>) -> Result<(), Stop> {
        let data = &event.data;
        if data.trim_ascii().is_empty() {
            return Ok(());
        }
        if self.is_close(data) {
            sse::write(None, data.trim_ascii(), out);
            return Ok(());
        }
        if data.trim_ascii() == CLOSE {
            return Ok(());
        }
        if tells_error(event) {
            return self.error(event, out);
        }
        match clean(data, self.shape, &self.known) {
            Ok(Cleaned::Kept(data, tag)) => {
                sse::write(tag.filter(|_| self.named).map(str::as_bytes), &data, out);
                Ok(())
            }
            Ok(Cleaned::Unknown) => Ok(()),
            Ok(Cleaned::Fault) => self.error(event, out),
            Err(_) => Err(Stop::Malformed),
        }
    }

    fn error(&self, event: &sse::Event, out: &mut Vec<u8>) -> Result<(), Stop> {
        if self.trusted {
            sse::write(event.event.as_deref(), &event.data, out);
            return Ok(());
        }
        Err(Stop::Told(event.data.clone()))
    }
}

impl StreamCleaner for Events {
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.parser.push(bytes);
        while let Some(event) = self.parser.next_event().map_err(|_| Stop::Malformed)? {
            self.event(&event, out)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        match self.parser.finish().map_err(|_| Stop::Malformed)? {
            // Half an event is how a stream looks that broke off: it never reaches a client.
            Some(event) if !crate::body::is_json(&event.data) && !self.is_close(&event.data) => {
                Ok(())
            }
            Some(event) => self.event(&event, out),
            None => Ok(()),
        }
    }
}

/// Whether an event is an error. Nearly none has the word, which a search shows.
fn tells_error(event: &sse::Event) -> bool {
    let is_named = |name: &Bytes| std::str::from_utf8(name).is_ok_and(told::is_error_name);
    if event.event.as_ref().is_some_and(is_named) {
        return true;
    }
    let may_be = NAMED.iter().any(|named| named.find(&event.data).is_some());
    may_be && told::is_error_event(&event.data)
}

/// The end marker of one protocol, which many servers write at the end of every stream.
const CLOSE: &[u8] = b"[DONE]";
/// What an event that tells an error holds, as it is written or with a letter of it escaped.
static NAMED: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["\"error\"", "\"response.failed\"", "\\u00"].map(Finder::new));
