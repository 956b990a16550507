//! A stream through guardrails. Where a rule refuses, it ends with an error event of the router.
//!
//! It passes on only complete events.

use bytes::Bytes;
use http::header;

use crate::{
    failure::{Brief, Class, What},
    guard::stream::Stop,
    protocol::{conversation::Usage, guarded::StreamGuard},
    upstream::{
        answer::{Answer, AnswerBody},
        filtered::{Filter, Filtered, Unopened},
    },
};

/// Makes the error event for a stopped stream.
pub(crate) type Told = Box<dyn Fn(&Stop) -> Bytes + Send + Sync>;

/// Why a stream cannot start.
pub(crate) enum Unbegun {
    /// It was stopped before anything was passed on; with the tokens reported by then.
    Stopped(Stop, Option<Usage>),
    /// It broke.
    Broken(Brief),
}

/// The answer through `guard`.
///
/// # Errors
/// It was stopped, or broke, before any of it was passed on.
pub(crate) async fn streamed(
    mut answer: Box<Answer>,
    guard: Box<dyn StreamGuard>,
    told: Told,
) -> Result<Box<Answer>, Unbegun> {
    let source = std::mem::replace(&mut answer.body, AnswerBody::ended());
    let mut body = Filtered::new(source, Guard { guard, told });
    body.open().await.map_err(|unopened| match unopened {
        Unopened::Stopped(stop) => Unbegun::Stopped(stop, body.told()),
        Unopened::Broken(broken) => Unbegun::Broken(broken),
    })?;
    answer.headers.remove(header::CONTENT_LENGTH);
    answer.body = AnswerBody::from_source(Box::new(body));
    Ok(answer)
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
