//! The moment from which on no request of one core is answered any more.

use std::{
    pin::Pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use slab::Slab;

/// Wakes every request of one core at the end. Each request waits for it beside its provider: a
/// `CancellationToken` does the same, at four times the instructions.
#[derive(Debug, Default)]
pub(super) struct Over {
    /// Written under the lock of those that wait.
    is_over: AtomicBool,
    waiting: Mutex<Slab<Waker>>,
}

impl Over {
    /// The end is now.
    pub(super) fn tell(&self) {
        let waiting = {
            let mut waiting = self.waiting();
            self.is_over.store(true, Ordering::Release);
            std::mem::take(&mut *waiting)
        };
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Resolves at the end.
    pub(super) fn wait(&self) -> Waiting<'_> {
        Waiting { over: self, key: None }
    }

    /// Whether it has come.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    fn waiting(&self) -> MutexGuard<'_, Slab<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that waits.
pub(super) struct Waiting<'a> {
    over: &'a Over,
    /// Its place among those that wait; absent before the first poll.
    key: Option<usize>,
}

impl Future for Waiting<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.over.waiting();
        if self.over.is_over() {
            return Poll::Ready(());
        }
        match self.key {
            Some(key) => waiting[key].clone_from(cx.waker()),
            None => self.key = Some(waiting.insert(cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // After the end the places are gone, and none is given out again.
        if let Some(key) = self.key {
            self.over.waiting().try_remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{poll, task::noop_waker};

    use super::*;

    #[tokio::test]
    async fn all_that_wait_are_woken_at_the_end_and_later_ones_do_not_wait() {
        let over = std::sync::Arc::new(Over::default());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let over = std::sync::Arc::clone(&over);
                tokio::spawn(async move { over.wait().await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(over.waiting().len(), 3);
        over.tell();
        for one in waiting {
            one.await.unwrap();
        }
        over.wait().await;
        assert!(over.waiting().is_empty());
    }

    #[tokio::test]
    async fn a_request_that_has_ended_is_not_waited_for_and_the_latest_task_is_woken() {
        let over = Over::default();
        {
            let mut ended = pin!(over.wait());
            assert!(poll!(&mut ended).is_pending());
        }
        assert!(over.waiting().is_empty());

        let mut moved = pin!(over.wait());
        assert!(moved.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending());
        assert!(poll!(&mut moved).is_pending());
        assert_eq!(over.waiting().len(), 1);
        tokio::join!(&mut moved, async { over.tell() });
    }
}
