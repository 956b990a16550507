//! Breaks a transfer off where a clean end would hide that an answer is incomplete. The reason is
//! sent before.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

use super::reply::BrokenOff;

/// Breaks the transfer off after the earlier bytes are on their way, since a reset would lose them.
#[derive(Default)]
pub(crate) struct BreakOff(Option<Pin<Box<Sleep>>>);

impl BreakOff {
    /// Whether the break has been requested.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// Ready as soon as breaking loses no bytes.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BrokenOff> {
        let wait = self.0.get_or_insert_with(|| Box::pin(sleep(ON_ITS_WAY)));
        ready!(wait.as_mut().poll(cx));
        Poll::Ready(BrokenOff)
    }
}

/// Longer than writing to a socket takes, shorter than a client notices.
const ON_ITS_WAY: Duration = Duration::from_millis(20);
