//! The state of an HTTP/1.1 connection between requests: idle, or receiving a head. The two have
//! separate time limits, but hyper has one timer for both.
//!
//! hyper sets its timer when it starts to wait for a head and drops it when the head is complete.
//! The timer here only records that, and one sleep for each connection watches the record. So a
//! request neither sets a timer nor reads the clock.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Sleep, Timer};
use tokio::time::{Instant, sleep};

use crate::within::after;

/// The shared state of one connection.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// How many heads have been awaited.
    waits: AtomicU32,
    /// Whether a head is being awaited.
    waiting: AtomicBool,
    /// Whether a byte has arrived since the wait began.
    heard: AtomicBool,
    /// Whether the last request was refused with its body possibly unread.
    unread: AtomicBool,
}

impl Signs {
    /// Records that bytes arrived.
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Records that a request was refused while its client may still be writing.
    pub(super) fn refused_early(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be writing a body that is no longer read.
    pub(super) fn is_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// hyper awaits a head only after it has read the previous body.
    fn begin_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.heard.store(false, Ordering::Relaxed);
        self.unread.store(false, Ordering::Relaxed);
        self.waiting.store(true, Ordering::Relaxed);
    }

    /// Resolves when a head has taken longer than `header` from its first byte, or none has begun
    /// within `idle`.
    pub(super) async fn overdue(&self, header: Duration, idle: Duration) {
        let mut timer = pin!(sleep(header.min(idle)));
        let (mut wait, mut begun, mut due) = (0, false, timer.deadline());
        std::future::poll_fn(|cx| {
            if !self.waiting.load(Ordering::Relaxed) {
                return Poll::Pending;
            }
            let waits = self.waits.load(Ordering::Relaxed);
            if wait != waits {
                (wait, begun, due) = (waits, false, after(Instant::now(), idle));
            }
            if !begun && self.heard.load(Ordering::Relaxed) {
                (begun, due) = (true, after(Instant::now(), header));
            }
            if timer.deadline() > due {
                timer.as_mut().reset(due);
            }
            while timer.as_mut().poll(cx).is_ready() {
                if timer.deadline() >= due {
                    return Poll::Ready(());
                }
                timer.as_mut().reset(due);
            }
            Poll::Pending
        })
        .await;
    }
}

/// hyper's timer, which records when a head is awaited.
#[derive(Debug)]
pub(super) struct HeadTimer {
    signs: Arc<Signs>,
    /// hyper asks for the time before it sets the timer; the value is not used.
    now: std::time::Instant,
}

impl HeadTimer {
    pub(super) fn new(signs: Arc<Signs>) -> Self {
        Self { signs, now: std::time::Instant::now() }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.signs.begin_wait();
        Box::pin(HeadWait(Arc::clone(&self.signs)))
    }

    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(Duration::ZERO)
    }

    fn now(&self) -> std::time::Instant {
        self.now
    }
}

/// The wait for one head. It never resolves; [`Signs::overdue`] ends the connection.
struct HeadWait(Arc<Signs>);

impl Sleep for HeadWait {}

impl Future for HeadWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for HeadWait {
    fn drop(&mut self) {
        self.0.waiting.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds after which a connection ends that waits and whose first byte comes after `first`.
    async fn ends_after(first: Option<u64>) -> u64 {
        let signs = Arc::new(Signs::default());
        let timer = HeadTimer::new(Arc::clone(&signs));
        let began = Instant::now();
        drop(timer.sleep_until(timer.now()));
        let _wait = timer.sleep_until(timer.now());
        let (header, idle) = (Duration::from_secs(30), Duration::from_secs(620));
        let mut overdue = pin!(signs.overdue(header, idle));
        if let Some(first) = first {
            let early = tokio::time::timeout(Duration::from_secs(first), &mut overdue).await;
            assert!(early.is_err());
            signs.heard();
        }
        // hyper is polled by the bytes that come; here by hand.
        overdue.await;
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_and_an_unfinished_head_have_limits_of_their_own() {
        assert_eq!(ends_after(None).await, 620);
        assert_eq!(ends_after(Some(0)).await, 30);
        assert_eq!(ends_after(Some(100)).await, 130);
        assert_eq!(ends_after(Some(610)).await, 640);
    }
}
