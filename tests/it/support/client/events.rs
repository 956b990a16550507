//! An event stream as the client of it sees it: whole events with their times, then the kind of end.
//!
//! Never: bytes that no blank line ends are no event; they stand in `rest`.

use std::time::Instant;

use super::body::Body;
use super::{Conn, End, Head, Response};

/// One event, without its blank line.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) text: String,
    pub(crate) at: Instant,
}

impl Event {
    /// What stands after `data: `.
    pub(crate) fn data(&self) -> &str {
        let line = self.text.lines().find(|line| line.starts_with("data:")).unwrap_or("data:");
        line["data:".len()..].trim_start()
    }
}

/// A stream being read.
pub(crate) struct Events {
    conn: Conn,
    body: Body,
    /// The head that came before.
    pub(crate) head: Response,
    pending: Vec<u8>,
}

impl Events {
    pub(super) fn new(conn: Conn, head: Head) -> Self {
        let (head, body) = (head.response, head.body);
        Self { conn, body, head, pending: Vec::new() }
    }

    /// The next whole event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.pending, b"\n\n") {
                let text = String::from_utf8_lossy(&self.pending[..end]).into_owned();
                self.pending.drain(..end + 2);
                return Some(Event { text, at: Instant::now() });
            }
            let data = self.body.read(&mut self.conn).await?;
            self.pending.extend_from_slice(&data);
        }
    }

    /// Reads to the end: the remaining events, and how it ended.
    pub(crate) async fn all(&mut self) -> (Vec<Event>, End) {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        (events, self.body.end())
    }

    /// Bytes after the last whole event.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.pending
    }

    /// Leaves at once.
    pub(crate) fn abort(self) {
        self.conn.abort();
    }
}
