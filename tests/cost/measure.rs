//! What reading and writing cost for every byte: the measuring that the tests and the fuzz targets
//! share. The binary that uses it sets `onwards_heap::counting::Counting` as its allocator.
//!
//! It never checks what is said.

use std::time::{Duration, Instant};

use bytes::Bytes;
use onwards::body::Weight;
use onwards::protocol::Protocol;
use onwards::protocol::codec::{Client, Head, Reading, Target};
use onwards::protocol::conversation::{Conversation, Delivery, Event, Lossy};
use onwards_heap::counting::most_held;

/// What one body took, and what it may take.
#[derive(Debug)]
pub(crate) struct Cost {
    /// Of what.
    pub(crate) what: String,
    /// Bytes at once, beside the body itself.
    pub(crate) memory: usize,
    /// Bytes that were estimated for it.
    pub(crate) estimate: u64,
    /// How long the slowest step took.
    pub(crate) time: Duration,
    /// The length of the body.
    pub(crate) bytes: usize,
}

impl Cost {
    /// What is wrong with it.
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { what, memory, estimate, time, bytes } = self;
        let most_time = AT_ALL + PER_BYTE * u32::try_from(*bytes).unwrap_or(u32::MAX);
        // A small buffer that grows is there twice for a moment, and then has room to which nothing
        // was written; a large one grows in its place.
        if *memory as u64 > estimate + 2 * *bytes as u64 + SLACK {
            return Some(format!("{what}: {bytes} bytes took {memory}, estimated {estimate}"));
        }
        (*time > most_time).then(|| format!("{what}: {bytes} bytes took {time:?}"))
    }
}

/// A request that is read by one protocol and written by each; nothing where it is not let in.
pub(crate) fn request(from: Protocol, what: &str, body: &[u8]) -> Option<Cost> {
    let estimate = Weight::of([body]).ok()?;
    let head = Head { model: Some("m"), ..Head::default() };
    let (read, mut cost) = step(&format!("{from} {what}"), body, estimate, || {
        from.codec().read_request(body, &head).map(Conversation::with_distinct_calls)
    });
    let Ok(read) = read else { return Some(cost) };
    let ((), kept) = most_held(|| drop(read.clone()));
    for &to in Protocol::ALL {
        let target = Target { model: "m", lossy: Lossy::Warn, seed: "s", ..Target::default() };
        let (_, mut written) = step(&format!("{from} {what} for {to}"), body, estimate, || {
            drop(to.codec().write_request(&read, &target));
        });
        written.memory += kept;
        cost = cost.or(written);
    }
    Some(cost)
}

/// A whole answer, likewise.
pub(crate) fn answer(from: Protocol, what: &str, body: &[u8]) -> Option<Cost> {
    let estimate = Weight::of_answer(body).ok()?;
    let what = format!("{from} answer {what}");
    let reading = Reading { seed: "s".to_owned(), ..Reading::default() };
    let (read, mut cost) =
        step(&what, body, estimate, || from.codec().read_response(body, &reading));
    let Ok(read) = read else { return Some(cost) };
    let ((), kept) = most_held(|| drop(read.clone()));
    for &to in Protocol::ALL {
        let (_, mut written) = step(&format!("{what} for {to}"), body, estimate, || {
            drop(to.codec().write_response(&read, &client(Delivery::Whole)));
        });
        written.memory += kept;
        cost = cost.or(written);
    }
    Some(cost)
}

/// A stream that comes in pieces: only what is held from one piece to the next, and what one piece
/// says, counts.
pub(crate) fn stream(from: Protocol, to: Protocol, what: &str, bytes: &[u8], piece: usize) -> Cost {
    let estimate = 48 * bytes.len() as u64;
    let (_, cost) = step(&format!("{from} stream {what} for {to}"), bytes, estimate, || {
        let mut reader =
            from.codec().stream_reader(Reading { seed: "s".to_owned(), ..Reading::default() });
        let mut writer = to.codec().stream_writer(&client(Delivery::Events));
        let (mut events, mut out): (Vec<Event>, Vec<u8>) = (Vec::new(), Vec::new());
        for piece in bytes.chunks(piece.max(1)) {
            reader.feed(Bytes::copy_from_slice(piece), &mut events);
            events.drain(..).for_each(|event| writer.write(event, &mut out));
            out.clear();
        }
        reader.end(&mut events);
        events.drain(..).for_each(|event| writer.write(event, &mut out));
    });
    cost
}

/// The thread's own time, where the system tells it: neighbours do not count.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn step<T>(what: &str, body: &[u8], estimate: u64, work: impl FnOnce() -> T) -> (T, Cost) {
    let (began, clock) = (on_processor(), Instant::now());
    let (done, memory) = most_held(work);
    let time = match (began, on_processor()) {
        (Some(began), Some(ended)) => ended.saturating_sub(began),
        _ => clock.elapsed(),
    };
    let (what, bytes) = (what.to_owned(), body.len());
    (done, Cost { what, memory, estimate, time, bytes })
}

impl Cost {
    /// The one that is at fault, or the dearer one.
    fn or(self, other: Self) -> Self {
        if self.fault().is_some() || (other.fault().is_none() && self.memory >= other.memory) {
            self
        } else {
            other
        }
    }
}

fn client(delivery: Delivery) -> Client<'static> {
    Client {
        model: "alias",
        id: "id1",
        created: 1_700_000_000,
        delivery,
        include_usage: true,
        ..Client::default()
    }
}

/// What the smallest body takes: lists and buffers begin with room for several.
const SLACK: u64 = 32 * 1024;
/// Of a machine that has other work, in a build for tests.
const AT_ALL: Duration = Duration::from_millis(500);
const PER_BYTE: Duration = Duration::from_micros(10);
