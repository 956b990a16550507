//! Breaking a transfer off, where a clean end would hide that an answer is not whole.
//!
//! It never says why: that is said before.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Sleep, sleep};

use super::reply::{BrokenOff, Reply, Source};
use crate::protocol::Protocol;

/// Breaks the transfer off when what was said before is on its way: it would be lost with it.
#[derive(Default)]
pub struct BreakOff(Option<Pin<Box<Sleep>>>);

/// A stream that failed before it began, for clients that would take its one event for an answer.
struct Failed {
    event: Option<Bytes>,
    breaking: BreakOff,
}

/// The event that stands for a stream which has failed before it began. Where a protocol's
/// libraries would take it for an answer, the transfer breaks.
pub fn failed(event: Bytes, speaks: Protocol) -> Reply {
    match speaks.profile().stream.tells_errors {
        true => Reply::whole(event),
        false => Reply::of(Failed { event: Some(event), breaking: BreakOff::default() }),
    }
}

impl BreakOff {
    /// Whether it has been asked for.
    pub fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// The break, as soon as it does no harm.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BrokenOff> {
        let wait = self.0.get_or_insert_with(|| Box::pin(sleep(ON_ITS_WAY)));
        ready!(wait.as_mut().poll(cx));
        Poll::Ready(BrokenOff)
    }
}

impl Source for Failed {
    /// The event, then the break.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        match self.event.take() {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None => self.breaking.poll(cx).map(|broken| Some(Err(broken))),
        }
    }
}

/// More than a socket takes to be written to, less than a client notices.
const ON_ITS_WAY: Duration = Duration::from_millis(20);
