//! Buffers an accepted answer until it is complete, for pools that prefer a complete answer from
//! another provider to a broken one.
//!
//! Nothing is sent to the client from here. An answer that is too long is passed on from there.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::{
    answer::{Answer, Form},
    awaited,
    failed::Failed,
    foreign,
    inbound::Inbound,
};
use crate::{
    failure::{Brief, Class, What},
    protocol::{
        Observer,
        conversation::Usage,
        observer::{End, Report, intact},
        told,
    },
    sse::Boundary,
    table::Provider,
    within,
};

/// The answer, when it is complete or longer than `most` bytes.
///
/// # Errors
/// It broke off, contained an error, or exceeded the request's time.
pub(super) async fn held(
    answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    most: usize,
    end: Option<Instant>,
) -> Result<Box<Answer>, Failed> {
    let holding = pin!(hold(answer, provider, inbound, most));
    match end {
        None => holding.await,
        Some(end) => {
            within::by(end, holding).await.unwrap_or_else(|| Err(Failed::late(Class::Deadline)))
        }
    }
}

async fn hold(
    mut answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
    most: usize,
) -> Result<Box<Answer>, Failed> {
    let mut watch = Watch::of(&answer, inbound);
    let mut read = 0;
    loop {
        while let Some(piece) = answer.body.held().get(read) {
            read += 1;
            match watch.as_mut().map_or(Report::Nothing, |watch| watch.read(piece)) {
                Report::Error(json) => {
                    let classes = &provider.own_classes;
                    return Err(Failed::inside(answer, json, inbound.speaks(), classes));
                }
                Report::Malformed => {
                    let cause = "an event of the stream is not JSON";
                    let failed = Failed::malformed(answer.status, cause);
                    return Err(failed.after(answer.told_so_far(inbound.speaks())));
                }
                _ => {}
            }
        }
        if answer.body.held_bytes() > most {
            return Ok(answer);
        }
        let looked = awaited::look(&mut answer, inbound, provider).await;
        if !looked.map_err(|failed| failed.after(told(&answer, inbound)))? {
            break;
        }
    }
    match (&watch, answer.body.fault()) {
        (_, Some(fault)) => Err(Failed::broken(fault).after(told(&answer, inbound))),
        (Some(watch), None) if watch.observer.end() < End::Said => {
            Err(Failed::broken(Brief::RESET).after(told(&answer, inbound)))
        }
        _ => whole_json(answer, provider, inbound),
    }
}

/// The tokens of an answer that is not passed on.
fn told(answer: &Answer, inbound: &Inbound) -> Option<Usage> {
    answer.body.usage().or_else(|| answer.told_so_far(inbound.speaks()))
}

/// A long JSON answer is first checked here.
fn whole_json(
    answer: Box<Answer>,
    provider: &Provider,
    inbound: &Inbound,
) -> Result<Box<Answer>, Failed> {
    let form = answer.form();
    let is_untyped = form == Form::Other && foreign::may_be_error(&answer, inbound);
    if answer.observer.is_some() || (form != Form::Json && !is_untyped) {
        return Ok(answer);
    }
    let Some(body) = answer.body.whole() else { return Ok(answer) };
    if told::is_error_alone(&body) {
        return Err(Failed::inside(answer, body, inbound.speaks(), &provider.own_classes));
    }
    if !is_untyped && inbound.needs_body && !foreign::is_json(&body) {
        let failed = Failed::malformed(answer.status, "the answer is not JSON");
        return Err(failed.after(told(&answer, inbound)));
    }
    Ok(answer)
}

/// Observes a stream that is passed on unchanged; a translated one observes itself.
struct Watch {
    observer: Observer,
    boundary: Boundary,
    partial: BytesMut,
}

impl Watch {
    fn of(answer: &Answer, inbound: &Inbound) -> Option<Self> {
        let endpoint = inbound.endpoint.as_ref();
        let observer = match answer.observer.as_ref()?.is_of_events() {
            true => Observer::of_events(&inbound.path, endpoint),
            false => Observer::of_frames(endpoint),
        };
        Some(Self { observer, boundary: Boundary::new(), partial: BytesMut::new() })
    }

    fn read(&mut self, piece: &Bytes) -> Report {
        if !self.observer.is_of_events() {
            return self.observer.observe(piece, false);
        }
        let whole = self.boundary.feed(piece).unwrap_or(0);
        if whole == 0 {
            self.partial.extend_from_slice(piece);
            return Report::Nothing;
        }
        let mut events = self.partial.split();
        events.extend_from_slice(&piece[..whole]);
        self.partial.extend_from_slice(&piece[whole..]);
        let events = events.freeze();
        if intact(&events) < events.len() {
            return Report::Malformed;
        }
        self.observer.observe(&events, false)
    }
}

impl Failed {
    fn broken(fault: Brief) -> Self {
        let cause = match fault.what {
            What::Status(status) => format!("told an error {status} in its stream"),
            what => format!("{what} before the answer was whole"),
        };
        Self { failure: fault, ..Self::new(fault.what, cause) }
    }
}
