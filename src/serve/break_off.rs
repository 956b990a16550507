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

/// Breaks the transfer off when what was said before is on its way: it would be lost with it.
#[derive(Default)]
pub struct BreakOff(Option<Pin<Box<Sleep>>>);

/// A stream that failed before it began, for clients that would take its one event for an answer.
pub struct Failed {
    event: Option<Bytes>,
    breaking: BreakOff,
}

/// Why the transfer to the client is broken off.
#[derive(Debug, thiserror::Error)]
#[error("the provider broke off its answer")]
pub struct BrokenOff;

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

impl Failed {
    /// A stream of this event alone.
    pub fn new(event: Bytes) -> Self {
        Self { event: Some(event), breaking: BreakOff::default() }
    }

    /// The event, then the break.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, BrokenOff>> {
        match self.event.take() {
            Some(event) => Poll::Ready(Ok(event)),
            None => self.breaking.poll(cx).map(Err),
        }
    }
}

/// More than a socket takes to be written to, less than a client notices.
const ON_ITS_WAY: Duration = Duration::from_millis(20);
