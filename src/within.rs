//! Waits with a time limit for something that is often ready at once.
//!
//! It polls first and sets its timer only if it has to wait. What is ready costs no timer and no
//! clock reading, and a waiting request stores a pointer, where `tokio::time::timeout` stores the
//! whole timer.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    task::unconstrained,
    time::{Instant, Sleep, sleep_until},
};

/// A wait with a limit; `None` if the limit comes first.
pub(crate) struct Within<F, D> {
    future: F,
    /// Computes the limit at the first wait.
    due: Option<D>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// The result of `future`, or `None` after `limit` from its first wait.
pub(crate) fn within<F: Future + Unpin>(
    limit: Duration,
    future: F,
) -> Within<F, impl FnOnce() -> Instant + Unpin> {
    before(move || after(Instant::now(), limit), future)
}

/// The result of `future`, or `None` after `end`.
pub(crate) fn by<F: Future + Unpin>(
    end: Instant,
    future: F,
) -> Within<F, impl FnOnce() -> Instant + Unpin> {
    before(move || end, future)
}

/// The result of `future`, or `None` after the time that `due` returns, which is called only if
/// there is a wait.
pub(crate) fn before<F: Future + Unpin, D: FnOnce() -> Instant + Unpin>(
    due: D,
    future: F,
) -> Within<F, D> {
    Within { future, due: Some(due), timer: None }
}

/// A later time; years later if the clock cannot represent it.
pub(crate) fn after(start: Instant, time: Duration) -> Instant {
    start.checked_add(time).unwrap_or_else(|| start + YEARS)
}

impl<F: Future + Unpin, D: FnOnce() -> Instant + Unpin> Future for Within<F, D> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, due, timer } = &mut *self;
        if let Poll::Ready(output) = Pin::new(future).poll(cx) {
            return Poll::Ready(Some(output));
        }
        if let Some(due) = due.take() {
            *timer = Some(Box::pin(sleep_until(due())));
        }
        let Some(timer) = timer else { return Poll::Pending };
        // A future that is always ready to continue pauses only when tokio's coop budget is used
        // up; a timer inside that budget would never be polled.
        pin!(unconstrained(timer.as_mut())).poll(cx).map(|()| None)
    }
}

const YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::{
        task::consume_budget,
        time::{sleep, timeout},
    };

    use super::*;

    #[tokio::test]
    async fn a_future_that_always_has_something_to_do_is_given_up() {
        let busy = pin!(async {
            loop {
                consume_budget().await;
            }
        });
        let ended = timeout(Duration::from_secs(5), within(Duration::from_millis(20), busy)).await;
        assert_eq!(ended, Ok(None::<()>));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_is_never_late() {
        assert_eq!(within(Duration::ZERO, ready(1)).await, Some(1));
        assert_eq!(by(Instant::now(), ready(1)).await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_is_given_up() {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(within(second, pending::<()>()).await, None);
        assert_eq!(by(began + 3 * second, pending::<()>()).await, None);
        assert_eq!(began.elapsed().as_secs(), 3);
        assert_eq!(within(2 * second, pin!(sleep(second))).await, Some(()));
    }
}
