//! A stream through guardrails. Where a rule refuses, it ends with an error event of the router.
//!
//! It passes on only complete events.

use bytes::Bytes;
use http::header;

use crate::{
    failure::{Brief, Class, What},
    guard::stream::Stop,
    protocol::{Protocol, conversation::Usage, guarded::StreamGuard},
    table::Provider,
    upstream::{
        answer::{Answer, AnswerBody},
        awaited::{Awaited, Tells},
        filtered::{Filter, Filtered, Unopened},
        given_up::Noted,
        inbound::Inbound,
    },
};

/// Makes the error event for a stopped stream.
pub(crate) type Told = Box<dyn Fn(&Stop) -> Bytes + Send + Sync>;

/// Why a stream cannot start.
pub(crate) enum Unbegun {
    /// It was stopped before anything was passed on; with what it had reported by then.
    Stopped(Stop, Noted),
    /// It broke.
    Broken(Brief),
}

/// The answer of this provider through `guard`.
///
/// # Errors
/// It was stopped, or broke, before any of it was passed on.
pub(crate) async fn streamed(
    mut answer: Box<Answer>,
    (guard, told): (Box<dyn StreamGuard>, Told),
    asked: (&Inbound, &Provider),
) -> Result<Box<Answer>, Unbegun> {
    let source = std::mem::replace(&mut answer.body, AnswerBody::ended());
    let mut body = Filtered::new(source, Guard { guard, told });
    let opened = Awaited::while_it(&mut body, asked, async |body| body.open().await).await;
    opened.map_err(|unopened| match unopened {
        Unopened::Stopped(stop) => Unbegun::Stopped(stop, Noted { told: body.told(), said: 0 }),
        Unopened::Broken(broken) => Unbegun::Broken(broken),
    })?;
    answer.headers.remove(header::CONTENT_LENGTH);
    answer.body = AnswerBody::from_source(Box::new(body));
    Ok(answer)
}

/// Little of it is buffered before the first bytes are passed on.
impl Tells for Filtered<Guard> {
    fn told(&self, _speaks: Protocol) -> Option<Usage> {
        self.told()
    }
}

/// Guardrails as a filter.
struct Guard {
    guard: Box<dyn StreamGuard>,
    told: Told,
}

impl Filter for Guard {
    type Stop = Stop;

    fn feed(&mut self, piece: Bytes, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.guard.feed(piece, out)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.guard.end(out)
    }

    fn broken(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.guard.broken(out)
    }

    /// The provider is not at fault.
    fn stopped(&mut self, stop: Stop, _source: Option<Brief>, out: &mut Vec<u8>) -> Brief {
        out.extend_from_slice(&(self.told)(&stop));
        Brief { what: What::Status(BAD_REQUEST), class: Class::ContentFilter }
    }
}

const BAD_REQUEST: u16 = 400;
