//! Serves the status: one rendering for all simultaneous clients, sent again whenever it has
//! changed.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use super::status::{self, Clock, Sources};

/// Renders the status.
pub(super) struct Board {
    pub(super) sources: Sources,
    clock: Clock,
    /// The last rendering and its time.
    last: Mutex<Option<(Instant, Arc<str>)>>,
    seats: Arc<Semaphore>,
}

/// A client that follows the status.
struct Follower {
    board: Arc<Board>,
    beat: Interval,
    sent: Arc<str>,
    sent_at: Instant,
    _seat: OwnedSemaphorePermit,
}

impl Board {
    /// Nothing is rendered yet.
    pub(super) fn new(sources: Sources) -> Arc<Self> {
        let seats = Arc::new(Semaphore::new(MOST_FOLLOWERS));
        Arc::new(Self { sources, clock: Clock::new(), last: Mutex::default(), seats })
    }

    /// The current status.
    pub(super) fn now(&self) -> String {
        self.with_uptime(&self.rendered())
    }

    /// The status now and at each change, as events; `None` if too many clients follow it.
    pub(super) fn follow(
        self: &Arc<Self>,
    ) -> Option<impl Stream<Item = Result<String, Infallible>> + Send + use<>> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        let mut beat = interval(BEAT);
        // One rendering at a time, however slowly it is read.
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let follower = Follower {
            board: Arc::clone(self),
            beat,
            sent: Arc::from(""),
            sent_at: Instant::now(),
            _seat: seat,
        };
        Some(stream::unfold(follower, async |mut follower| {
            let event = follower.next().await;
            Some((Ok(event), follower))
        }))
    }

    /// Clients at the same moment share one rendering.
    fn rendered(&self) -> Arc<str> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((at, text)) if at.elapsed() < FRESH => Arc::clone(text),
            _ => {
                let text = Arc::<str>::from(status::render(&self.sources, self.clock));
                *last = Some((Instant::now(), Arc::clone(&text)));
                text
            }
        }
    }

    /// The uptime is not a change, so it is added last.
    fn with_uptime(&self, text: &str) -> String {
        let rest = text.strip_prefix('{').unwrap_or(text);
        format!("{{\"uptime_secs\":{},{rest}", self.clock.uptime())
    }
}

impl Follower {
    /// The next event; a comment after a pause, so that a client that has left is noticed.
    async fn next(&mut self) -> String {
        loop {
            self.beat.tick().await;
            let text = self.board.rendered();
            if text != self.sent {
                (self.sent, self.sent_at) = (text, Instant::now());
                return format!("data: {}\n\n", self.board.with_uptime(&self.sent));
            }
            if self.sent_at.elapsed() >= SILENCE {
                self.sent_at = Instant::now();
                return ":\n\n".to_owned();
            }
        }
    }
}

/// The interval between events.
const BEAT: Duration = Duration::from_millis(500);
/// The maximum age of a rendering.
const FRESH: Duration = Duration::from_millis(100);
const SILENCE: Duration = Duration::from_secs(15);
/// The most followers; the port has more connections than that, for scrapers.
const MOST_FOLLOWERS: usize = 32;
