//! Breaking a transfer off, where a clean end would hide that an answer is not whole.
//!
//! It never says why: that is said before.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

use super::reply::BrokenOff;

/// Breaks the transfer off when what was said before is on its way: it would be lost with it.
#[derive(Default)]
pub(crate) struct BreakOff(Option<Pin<Box<Sleep>>>);

impl BreakOff {
    /// Whether it has been asked for.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// The break, as soon as it does no harm.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BrokenOff> {
        let wait = self.0.get_or_insert_with(|| Box::pin(sleep(ON_ITS_WAY)));
        ready!(wait.as_mut().poll(cx));
        Poll::Ready(BrokenOff)
    }
}

/// More than a socket takes to be written to, less than a client notices.
const ON_ITS_WAY: Duration = Duration::from_millis(20);
