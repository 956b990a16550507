//! Where an HTTP/1.1 connection is between two requests: idle, or with a head that has begun. The two
//! have limits of their own, and hyper has one timer for both.
//!
//! hyper sets its timer when it begins to wait for a head and drops it when the head is whole. The
//! timer here only notes that; one sleep for the whole connection watches the notes. So a request
//! neither sets a timer nor looks at the clock.

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

/// What the parts of one connection note for each other.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// How many heads have been waited for.
    waits: AtomicU32,
    /// Whether a head is waited for now.
    waiting: AtomicBool,
    /// Whether a byte has come since the wait began.
    heard: AtomicBool,
    /// Whether the last request was refused with its body perhaps unread.
    unread: AtomicBool,
}

impl Signs {
    /// Notes that bytes have come.
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Notes that a request was refused whose client may still be writing.
    pub(super) fn refused_early(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be writing what is not read any more.
    pub(super) fn is_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// hyper waits for a head only when the body before it has been read.
    fn begin_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.heard.store(false, Ordering::Relaxed);
        self.unread.store(false, Ordering::Relaxed);
        self.waiting.store(true, Ordering::Relaxed);
    }

    /// Resolves when a head has taken longer than `header` from its first byte on, or none has begun
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

/// hyper's timer: it notes when a head is waited for.
#[derive(Debug)]
pub(super) struct HeadTimer {
    signs: Arc<Signs>,
    /// hyper asks for the time before it sets the timer; the time is not used.
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

/// The wait for one head. [`Signs::overdue`] ends the connection; this never does.
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
