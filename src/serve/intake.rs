//! Reads a request's body chunk by chunk, with limits on size and silence, and searches it for its
//! model on the way.
//!
//! The chunks are never joined, and no limit is held yet.

use std::{io, time::Duration};

use http::Version;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    door::Door,
    encoding::{self, Codings},
    medium::Medium,
};
use crate::{
    body::{A_FEW, Found, Invalid, Pieces, Scanner, multipart},
    live::{BodyBudget, Share},
    refusal::Refusal,
    within::{after, before},
};

/// The limits on the size and speed of bodies.
#[derive(Debug, Clone)]
pub(crate) struct BodyLimits {
    /// The largest body.
    pub(crate) max_bytes: u64,
    /// The longest silence inside a body, and the base time for the whole, to which its size adds.
    pub(crate) stall: Duration,
    /// The memory budget of all bodies.
    pub(crate) budget: &'static BodyBudget,
    /// The part of it for bodies without a known key, if some alias needs one.
    pub(crate) strangers: &'static BodyBudget,
}

/// What a body says about its destination.
pub(crate) struct Read {
    /// Its `model` and `stream`, or why they cannot be read.
    pub(crate) found: Result<Found, Refusal>,
    /// Whether it is a form.
    pub(crate) form: bool,
    /// Its share of the memory budget, if it is large.
    pub(crate) share: Option<Share>,
}

/// Reads the whole body; `door` is asked if it is large.
pub(crate) async fn read(
    medium: Medium,
    version: Version,
    mut incoming: Incoming,
    limits: &BodyLimits,
    door: &Door<'_>,
) -> Result<(Pieces, Read), Refusal> {
    let announced = incoming.size_hint().lower();
    if announced > limits.max_bytes {
        return Err(Refusal::PayloadTooLarge(limits.max_bytes));
    }
    let mut reader = Reader::of(medium);
    let (mut body, mut taken, mut loose) = (Pieces::new(), Taken::default(), 0);
    let mut pace = Pace { stall: limits.stall, began: None };
    // An HTTP/2 connection has many bodies, so the number of connections limits nothing.
    let uncounted = if version == Version::HTTP_2 { 0 } else { SMALL };
    loop {
        let frame = before(|| pace.due(body.len()), incoming.frame());
        let frame = match frame.await.ok_or(Refusal::RequestTimeout)? {
            None => break,
            Some(frame) => frame.map_err(|broken| broke_off(&broken))?,
        };
        let Ok(piece) = frame.into_data() else { continue };
        if body.len() + piece.len() as u64 > limits.max_bytes {
            return Err(Refusal::PayloadTooLarge(limits.max_bytes));
        }
        let free = SMALL.saturating_sub(body.len());
        let (small, large) = piece.split_at(piece.len().min(free as usize));
        if !small.is_empty() {
            reader.feed(small);
        }
        if !large.is_empty() {
            // Asked once; later the body is no longer small.
            if free > 0 || body.len() == SMALL {
                door.pass(reader.model_so_far())?;
            }
            reader.feed(large);
        }
        body.push(piece);
        loose += 1;
        if loose == A_FEW {
            body.join_crumbs(A_FEW);
            loose = 0;
        }
        if body.len() > uncounted && !taken.grow_to(body.len(), limits, door) {
            return Err(Refusal::NoRoom);
        }
    }
    let form = matches!(reader, Reader::Form(_));
    let found = if body.is_empty() { Ok(Found::default()) } else { reader.finish() };
    Ok((body, Read { found, form, share: taken.share }))
}

/// Why a body ends early: its client has left, or sends what is not a valid body.
fn broke_off(broken: &hyper::Error) -> Refusal {
    let mut source = std::error::Error::source(broken);
    let mut has_left = broken.is_incomplete_message() || broken.is_closed() || broken.is_canceled();
    while let Some(cause) = source {
        has_left |= cause.downcast_ref::<io::Error>().is_some_and(|it| GONE.contains(&it.kind()));
        source = cause.source();
    }
    if has_left { Refusal::ClientLeft } else { Refusal::InvalidJson("it broke off".into()) }
}

/// Reads and decompresses the whole body. The decompressed size has the same limits.
pub(crate) async fn read_packed(
    codings: Codings,
    medium: Medium,
    version: Version,
    incoming: Incoming,
    limits: &BodyLimits,
    door: &Door<'_>,
) -> Result<(Pieces, Read), Refusal> {
    let unread = Medium::Json { declared: false };
    let (packed, _share) = read(unread, version, incoming, limits, door).await?;
    // Without a known key, the decompressed size has a lower limit.
    let most = if door.is_known() { limits.max_bytes } else { limits.max_bytes.min(UNPACKED) };
    let pieces = encoding::unpacked(codings, packed.to_bytes(), most).await?;
    let mut reader = Reader::of(medium);
    let (mut body, mut taken) = (Pieces::new(), Taken::default());
    for (nth, piece) in pieces.into_iter().enumerate() {
        if nth % A_STRETCH == A_STRETCH - 1 {
            tokio::task::yield_now().await;
        }
        let was_small = body.len() <= SMALL;
        reader.feed(&piece);
        body.push(piece);
        if was_small && body.len() > SMALL {
            door.pass(reader.model_so_far())?;
        }
    }
    if body.len() > SMALL && !taken.grow_to(body.len(), limits, door) {
        return Err(Refusal::NoRoom);
    }
    let form = matches!(reader, Reader::Form(_));
    let found = if body.is_empty() { Ok(Found::default()) } else { reader.finish() };
    Ok((body, Read { found, form, share: taken.share }))
}

/// The speed of a body: no silence exceeds `stall`, and the whole body arrives within `stall` plus
/// a second for each 100 kB. Otherwise it would hold its memory without end.
struct Pace {
    stall: Duration,
    /// When it was first awaited.
    began: Option<Instant>,
}

impl Pace {
    /// The deadline of the next chunk, given the bytes received.
    fn due(&mut self, received: u64) -> Instant {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let whole = self.stall + Duration::from_micros(received.saturating_mul(10));
        after(now, self.stall).min(after(began, whole))
    }
}

/// The memory shares of a body while it is read.
#[derive(Default)]
struct Taken {
    share: Option<Share>,
    /// The share of the part for bodies without a known key.
    of_strangers: Option<Share>,
}

impl Taken {
    fn grow_to(&mut self, bytes: u64, limits: &BodyLimits, door: &Door<'_>) -> bool {
        let share = match &mut self.share {
            Some(share) => share,
            None => {
                self.of_strangers = (!door.is_known()).then(|| limits.strangers.share());
                self.share.insert(limits.budget.share())
            }
        };
        let has_room = self.of_strangers.as_mut().is_none_or(|share| share.grow_to(bytes));
        has_room && share.grow_to(bytes)
    }
}

/// Searches a body by its medium; what is not a form is read as JSON.
#[expect(clippy::large_enum_variant, reason = "nearly all bodies are of the large one")]
enum Reader {
    Json(Scanner),
    Form(Box<multipart::Scanner>),
}

impl Reader {
    fn of(medium: Medium) -> Self {
        match medium {
            Medium::Form(boundary) => Self::Form(Box::new(multipart::Scanner::new(&boundary))),
            Medium::Json { .. } | Medium::Pairs => Self::Json(Scanner::new()),
        }
    }

    fn feed(&mut self, piece: &[u8]) {
        match self {
            Self::Json(scanner) => scanner.feed(piece),
            Self::Form(scanner) => scanner.feed(piece),
        }
    }

    fn model_so_far(&self) -> Option<&str> {
        match self {
            Self::Json(scanner) => scanner.model_so_far(),
            Self::Form(scanner) => scanner.model_so_far(),
        }
    }

    fn finish(self) -> Result<Found, Refusal> {
        let found = match self {
            Self::Json(scanner) => scanner.finish(),
            Self::Form(scanner) => scanner.finish(),
        };
        found.map_err(|invalid| match invalid {
            Invalid::DuplicateModel => Refusal::DuplicateModel,
            other => Refusal::InvalidJson(other.to_string()),
        })
    }
}

/// How a connection ends whose client is gone.
const GONE: [io::ErrorKind; 4] = [
    io::ErrorKind::UnexpectedEof,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::BrokenPipe,
];
/// Bodies up to this size need no key to be read. Over HTTP/1.1 they are not counted, because the
/// number of connections limits them. Nearly all bodies are smaller and cost nothing here.
const SMALL: u64 = 64 * 1024;
/// The limit of a decompressed body without a known key, if some alias needs one.
const UNPACKED: u64 = 1024 * 1024;
/// Decompressed chunks that are read before other tasks run.
const A_STRETCH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_ends_by_its_size_and_not_by_its_last_byte() {
        let mut pace = Pace { stall: Duration::from_secs(30), began: None };
        let began = Instant::now();
        let mut left = |received| pace.due(received) - began;
        assert_eq!(left(0).as_secs(), 30);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(left(20).as_secs(), 30, "a byte buys no more time");
        assert_eq!(left(1_000_000).as_secs(), 40);
        assert_eq!(left(10_000_000).as_secs(), 50, "the longest silence");
    }
}
