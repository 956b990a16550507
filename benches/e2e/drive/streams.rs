//! Streams: every connection reads streams one after another and times each event against the
//! moment the upstream wrote it. It never waits for more of an event than its time stamp's line.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Connection, Seen, nanos_since};
use crate::e2e::upstream::SENT_AT;

/// How many events a stream has, and how far apart they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) events: u32,
    pub(crate) gap: Duration,
}

/// Reads streams on every connection until `span` is over; each stream is read whole. Connections
/// start spread over one gap, so that events do not arrive as a herd.
pub(crate) async fn run(
    address: SocketAddr,
    request: &Arc<[u8]>,
    connections: usize,
    shape: Shape,
    span: Duration,
) -> io::Result<Seen> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let apart = shape.gap / u32::try_from(connections.max(1)).unwrap_or(u32::MAX);
    let mut start = started;
    for client in clients {
        let request = Arc::clone(request);
        tasks.spawn(async move {
            sleep_until(start).await;
            repeat(client, request, shape.events, started + span).await
        });
        start += apart;
    }
    let mut seen = Seen::default();
    while let Some(done) = tasks.join_next().await {
        seen.absorb(done.map_err(io::Error::other)?);
    }
    seen.elapsed = started.elapsed();
    Ok(seen)
}

async fn repeat(mut client: Connection, request: Arc<[u8]>, events: u32, end: Instant) -> Seen {
    let mut seen = Seen::default();
    loop {
        let mut reader = EventReader::new();
        let sent = Instant::now();
        let outcome = client.exchange_into(&request, |piece| reader.take(piece)).await;
        let complete = reader.delays.len() == usize::try_from(events).unwrap_or(usize::MAX);
        if matches!(outcome, Ok(200)) && complete {
            seen.latencies.push(nanos_since(sent));
            seen.first_events.extend(reader.first_since(sent));
            seen.delays.append(&mut reader.delays);
            seen.gaps.append(&mut reader.gaps);
        } else {
            seen.failures += 1;
        }
        if outcome.is_err() || Instant::now() >= end {
            return seen;
        }
    }
}

/// Finds the events in a stream, however it is cut.
#[derive(Debug)]
struct EventReader {
    line: Vec<u8>,
    first: Option<Instant>,
    last: Option<Instant>,
    delays: Vec<u32>,
    gaps: Vec<u32>,
}

impl EventReader {
    fn new() -> Self {
        Self { line: Vec::new(), first: None, last: None, delays: Vec::new(), gaps: Vec::new() }
    }

    fn take(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.line.extend_from_slice(&rest[..at]);
            self.line_ended();
            self.line.clear();
            rest = &rest[at + 1..];
        }
        self.line.extend_from_slice(rest);
    }

    fn line_ended(&mut self) {
        let Some(written) = stamp(&self.line) else {
            return;
        };
        let now = Instant::now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        self.delays.push(u32::try_from(wall.saturating_sub(written)).unwrap_or(u32::MAX));
        if let Some(last) = self.last.replace(now) {
            self.gaps.push(u32::try_from((now - last).as_nanos()).unwrap_or(u32::MAX));
        }
        self.first.get_or_insert(now);
    }

    fn first_since(&self, sent: Instant) -> Option<u32> {
        self.first.map(|first| u32::try_from((first - sent).as_nanos()).unwrap_or(u32::MAX))
    }
}

/// The nanoseconds that the upstream put into the event on this line.
fn stamp(line: &[u8]) -> Option<u128> {
    let text = line.strip_prefix(b"data: {")?.strip_prefix(SENT_AT.as_bytes())?;
    std::str::from_utf8(text.get(..STAMP_DIGITS)?).ok()?.parse().ok()
}

const STAMP_DIGITS: usize = 19;
