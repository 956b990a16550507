//! How long a body may be silent between two chunks. The timer costs a clock reading for each wait, not a registration
//! for each chunk.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of a body.
pub(super) struct Idle {
    limit: Duration,
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// The task that the timer wakes.
    wakes: Option<Waker>,
}

impl Idle {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, deadline: None, sleep: None, wakes: None }
    }

    /// Notes a chunk: the next silence begins with the next wait.
    pub(super) fn chunk_came(&mut self) {
        self.deadline = None;
    }

    /// Ready when the silence has lasted too long.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + limit);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // A body is polled several times for each chunk; the timer is set and will wake the task.
        if !sleep.is_elapsed() && self.wakes.as_ref().is_some_and(|it| it.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.wakes = Some(cx.waker().clone());
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
