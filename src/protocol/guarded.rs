//! Streams of events under guardrails, in any chunks: each event is read whole, and passed on when
//! its texts are decided. Comments and IDs are removed.
//!
//! Each profile lists the places of texts.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use crate::{
    guard::stream::{AllTexts, Held, Stop, Stream, Watch},
    protocol::Protocol,
    sse::{self, Parser},
};

/// Looks at a stream on its way.
pub(crate) trait StreamGuard: Send + Sync {
    /// Takes the next bytes, and appends what may be passed on.
    ///
    /// # Errors
    /// The stream is stopped.
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Result<(), Stop>;

    /// The bytes have ended.
    ///
    /// # Errors
    /// As [`StreamGuard::feed`].
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop>;

    /// The provider broke off: complete events are decided, and a partial event is dropped.
    ///
    /// # Errors
    /// As [`StreamGuard::feed`].
    fn broken(&mut self, out: &mut Vec<u8>) -> Result<(), Stop>;
}

/// A stream that is held whole.
pub(crate) trait HeldStream: Send + Sync {
    /// Its texts, each in one piece.
    fn texts(&mut self) -> &[String];

    /// The stream with these texts instead, one for each.
    fn put(self: Box<Self>, instead: &[String], out: &mut Vec<u8>);
}

/// Holds a whole stream of server-sent events.
///
/// # Errors
/// It is not a stream of server-sent events.
pub(crate) fn hold(bytes: Bytes) -> Result<Box<dyn HeldStream>, Stop> {
    let (mut parser, mut held) = (Parser::new(), Held::new(texts()));
    parser.push(bytes);
    while let Some(event) = parser.finish().map_err(|_| Stop::Unreadable)? {
        let name = event.event.clone();
        let kind = name.as_ref().and_then(|name| std::str::from_utf8(name).ok());
        held.push(event.event, kind, event.data);
    }
    Ok(Box::new(held))
}

impl HeldStream for Held<Option<Bytes>> {
    fn texts(&mut self) -> &[String] {
        Held::texts(self)
    }

    fn put(self: Box<Self>, instead: &[String], out: &mut Vec<u8>) {
        Held::put(*self, instead).for_each(|(name, data)| sse::write(name.as_deref(), &data, out));
    }
}

/// Where the events of all protocols carry pieces of texts.
pub(crate) fn texts() -> &'static AllTexts {
    static ALL: LazyLock<AllTexts> = LazyLock::new(|| {
        Protocol::ALL.iter().map(|protocol| protocol.profile().streamed).collect()
    });
    &ALL
}

/// Looks at a stream of server-sent events.
pub(crate) struct Events {
    parser: Parser,
    stream: Stream<Option<Bytes>>,
}

impl Events {
    /// At its beginning.
    pub(crate) fn new(watch: Arc<Watch>) -> Self {
        Self { parser: Parser::new(), stream: Stream::new(texts(), watch) }
    }

    fn event(&mut self, event: sse::Event) -> Result<(), Stop> {
        let name = event.event.clone();
        let kind = name.as_ref().and_then(|name| std::str::from_utf8(name).ok());
        self.stream.event(event.event, kind, event.data)
    }

    fn ready(&mut self, out: &mut Vec<u8>) {
        while let Some((name, data)) = self.stream.next() {
            sse::write(name.as_deref(), &data, out);
        }
    }
}

impl StreamGuard for Events {
    fn feed(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.parser.push(bytes);
        while let Some(event) = self.parser.next_event().map_err(|_| Stop::Unreadable)? {
            let passed = self.event(event);
            self.ready(out);
            passed?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        if let Some(event) = self.parser.finish().map_err(|_| Stop::Unreadable)? {
            self.event(event)?;
        }
        self.broken(out)
    }

    fn broken(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        let passed = self.stream.finish();
        self.ready(out);
        passed
    }
}

#[cfg(test)]
mod tests;
