//! Taking a request's body in: piece by piece, bounded in size and in silence, read for its model
//! while it arrives.
//!
//! The pieces are never joined, and nothing is held for the request yet.

use std::time::Duration;

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

/// How much and how slowly a client may send.
#[derive(Debug, Clone)]
pub(crate) struct BodyLimits {
    /// The largest body.
    pub(crate) max_bytes: u64,
    /// The longest silence inside a body, and the time that the whole of it has beside what its size
    /// gives it.
    pub(crate) stall: Duration,
    /// What all of them together may take.
    pub(crate) budget: &'static BodyBudget,
    /// What those may take of it together that are being read without a known key, where the file
    /// closes anything.
    pub(crate) strangers: &'static BodyBudget,
}

/// What a body says about where it wants to go.
pub(crate) struct Read {
    /// Its `model` and `stream`, or why they cannot be read.
    pub(crate) found: Result<Found, Refusal>,
    /// Whether it is a form.
    pub(crate) form: bool,
    /// What it takes of the budget for all bodies, if it is large.
    pub(crate) share: Option<Share>,
}

/// Reads the whole body. `door` is asked when it turns out to be large.
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
    // One connection of HTTP/2 has many bodies, so that the number of connections bounds nothing.
    let uncounted = if version == Version::HTTP_2 { 0 } else { SMALL };
    loop {
        let frame = before(|| pace.due(body.len()), incoming.frame());
        let frame = match frame.await.ok_or(Refusal::RequestTimeout)? {
            None => break,
            Some(frame) => frame.map_err(|_| Refusal::InvalidJson("it broke off".into()))?,
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
            // Asked once: after the first time nothing is left of what is small.
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

/// Reads the whole body and unpacks it. What it unpacks to is held to the same bounds.
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
    // What few bytes of a stranger's unpack to is bounded before its key is looked at.
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

/// How slowly a body may come: no silence is longer than `stall`, and the whole is there within
/// `stall` and a second for each 100 kB, or it would hold its part of the budget without end.
struct Pace {
    stall: Duration,
    /// When it was first waited for.
    began: Option<Instant>,
}

impl Pace {
    /// When the next piece of a body of which so many bytes have come is too late.
    fn due(&mut self, received: u64) -> Instant {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let whole = self.stall + Duration::from_micros(received.saturating_mul(10));
        after(now, self.stall).min(after(began, whole))
    }
}

/// What a body takes of the budget while it is read.
#[derive(Default)]
struct Taken {
    share: Option<Share>,
    /// The same of what is for those without a known key.
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

/// Reads a body by its medium; what is no form is taken for JSON.
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

/// Bodies up to here need no key to be read, and over HTTP/1.1 they are not counted, as the number of
/// connections bounds them; nearly all are smaller, and cost nothing here.
const SMALL: u64 = 64 * 1024;
/// What a packed body without a known key may unpack to, where the file closes anything.
const UNPACKED: u64 = 1024 * 1024;
/// Unpacked pieces that are read before others have their turn.
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
