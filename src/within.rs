//! Waiting with a limit, for what is often ready at once.
//!
//! It asks first and sets its timer only when it has to wait: what is ready costs neither a timer
//! nor a look at the clock, and who waits carries a pointer where `tokio::time::timeout` has the
//! whole timer, which every request would have to carry.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// A wait with a limit; `None` when the limit comes first.
pub struct Within<F> {
    future: F,
    limit: Limit,
    timer: Option<Pin<Box<Sleep>>>,
}

enum Limit {
    /// From the first wait on.
    After(Duration),
    At(Instant),
}

/// What `future` gives, or `None` if it takes longer than `limit` from its first wait on.
pub fn within<F: Future + Unpin>(limit: Duration, future: F) -> Within<F> {
    Within { future, limit: Limit::After(limit), timer: None }
}

/// What `future` gives, or `None` if it has not by `end`.
pub fn by<F: Future + Unpin>(end: Instant, future: F) -> Within<F> {
    Within { future, limit: Limit::At(end), timer: None }
}

impl<F: Future + Unpin> Future for Within<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, limit, timer } = &mut *self;
        if let Poll::Ready(output) = Pin::new(future).poll(cx) {
            return Poll::Ready(Some(output));
        }
        let timer = timer.get_or_insert_with(|| {
            Box::pin(match *limit {
                Limit::After(limit) => sleep(limit),
                Limit::At(end) => sleep_until(end),
            })
        });
        timer.as_mut().poll(cx).map(|()| None)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        pin::pin,
    };

    use super::*;

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
