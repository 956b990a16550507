//! The stage of the process: serving, draining (`/readyz` fails, requests are still served),
//! closing (no new connections; requests in flight may finish).

mod over;

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFuture},
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use self::over::Over;

/// The stage of the process, shared by every core.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    draining: CancellationToken,
    closing: CancellationToken,
    /// A copy of the closing state for frequent reads, since reading the token takes a lock.
    is_closing: Arc<AtomicBool>,
    over: Arc<Over>,
    /// The same of every core.
    overs: Arc<Mutex<Vec<Arc<Over>>>>,
    connections: TaskTracker,
}

impl Stage {
    /// Whether new requests are accepted.
    pub(crate) fn is_ready(&self) -> bool {
        !self.draining.is_cancelled()
    }

    /// Resolves when connections are to close.
    pub(crate) fn closing(&self) -> Closing<'_> {
        let cancelled = Box::pin(self.closing.cancelled());
        Closing { is_closing: &self.is_closing, cancelled, wakes: None }
    }

    /// Resolves when connections have been closing for this long.
    pub(crate) async fn closed_for(&self, time: Duration) {
        self.closing.cancelled().await;
        tokio::time::sleep(time).await;
    }

    /// Resolves at the deadline of requests in flight.
    pub(crate) fn over(&self) -> impl Future<Output = ()> {
        self.over.wait()
    }

    /// Whether that deadline has passed.
    pub(crate) fn is_over(&self) -> bool {
        self.over.is_over()
    }

    /// Resolves when nothing is sent any more, a moment after that deadline.
    pub(crate) async fn cut_off(&self) {
        self.over().await;
        tokio::time::sleep(FAREWELL).await;
    }

    /// The same stage for one core, with its own wake-ups.
    pub(crate) fn for_core(&self) -> Self {
        let over = Arc::<Over>::default();
        self.overs.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&over));
        Self { closing: self.closing.child_token(), over, ..self.clone() }
    }

    /// A stage for a single connection of a port that serves until the process ends. It can be closed
    /// alone.
    pub(crate) fn of_its_own(&self) -> Self {
        Self { connections: self.connections.clone(), ..Self::default() }
    }

    /// Asks connections to end once what they have been asked for is answered.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.closing.cancel();
    }

    /// Whether connections have been asked to end.
    #[cfg(test)]
    pub(crate) fn closes(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Counts a connection as long as the token lives.
    pub(crate) fn connection(&self) -> TaskTrackerToken {
        self.connections.token()
    }

    /// Resolves when the last connection has ended.
    pub(crate) async fn drained(&self) {
        self.connections.wait().await;
    }

    /// Fails readiness at once, stops accepting after `delay`, and gives requests in flight until
    /// `deadline`. Returns `true` if all finished.
    pub(crate) async fn shut_down(&self, delay: Duration, deadline: Duration) -> bool {
        self.draining.cancel();
        tokio::time::sleep(delay).await;
        self.close();
        self.connections.close();
        if tokio::time::timeout(deadline, self.connections.wait()).await.is_ok() {
            return true;
        }
        self.end();
        tokio::time::timeout(FAREWELL, self.connections.wait()).await.is_ok()
    }

    /// Ends the requests in flight: they have a moment left to say so.
    pub(crate) fn end(&self) {
        self.over.tell();
        let overs = std::mem::take(&mut *self.overs.lock().unwrap_or_else(PoisonError::into_inner));
        overs.iter().for_each(|over| over.tell());
    }
}

/// The wait for the end. A connection polls it for each chunk, but registers its waker only once.
pub(crate) struct Closing<'a> {
    is_closing: &'a AtomicBool,
    cancelled: Pin<Box<WaitForCancellationFuture<'a>>>,
    wakes: Option<Waker>,
}

impl Future for Closing<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.wakes.as_ref().is_some_and(|it| it.will_wake(cx.waker())) {
            let closes = self.is_closing.load(Ordering::Acquire);
            return if closes { Poll::Ready(()) } else { Poll::Pending };
        }
        self.wakes = Some(cx.waker().clone());
        self.cancelled.as_mut().poll(cx)
    }
}

/// The time to send responses that say so.
const FAREWELL: Duration = Duration::from_millis(300);
