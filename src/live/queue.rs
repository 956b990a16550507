//! Requests that wait for the limits of one owner instead of being refused: bounded in number and
//! time, and fair among keys.
//!
//! Only the request at the head asks the limits, so none overtakes another. It asks the newest
//! table's limits, whatever table it started with. What is taken is up to the caller.

mod order;
mod state;
mod waited;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

pub(crate) use self::order::Lane;
use self::{order::Place, state::State, waited::Waited};
use super::limit::{Cap, Limited, Limits};

/// The queue for one owner's limits; outlives a reload.
#[derive(Debug)]
pub(crate) struct Queue {
    cap: Arc<Cap>,
    state: Mutex<State>,
    ends: [AtomicU64; End::WORDS.len()],
    /// How long served requests have waited.
    waits: Waited,
}

/// A request that enters the queue.
pub(crate) struct Waiter<'a> {
    /// Its lane.
    pub(crate) lane: Lane,
    /// Its own deadline.
    pub(crate) until: Option<Instant>,
    /// Whether it was served, here or in another queue in which it also waits.
    pub(crate) served: &'a AtomicBool,
}

/// Why a request was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// The queue is full; it will probably be empty after this time.
    Full(Duration),
    /// This limit will be exceeded for longer than the request may wait.
    Late(Limited),
}

/// How a wait ended.
#[derive(Debug, Clone, Copy)]
enum End {
    Passed,
    Full,
    Late,
    Left,
}

/// The state of a queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Told {
    /// Waiting requests.
    pub(crate) waiting: u32,
    /// The most that may wait.
    pub(crate) max_waiting: u32,
    /// Ended waits by result, in the order of [`Queue::ENDS`].
    pub(crate) ended: [u64; End::WORDS.len()],
    /// The sum of the waits of served requests.
    pub(crate) waited: Duration,
    /// The number of waits in each bucket of [`Queue::WAITS`], and longer ones.
    pub(crate) waits: [u64; waited::BUCKETS],
}

/// A waiting request; dropping it leaves the queue.
struct Waits<'a> {
    queue: &'a Queue,
    place: Place,
    called: Arc<Notify>,
    began: Instant,
    end: Instant,
    served: &'a AtomicBool,
    /// Whether its end was counted.
    is_over: bool,
}

/// The result of a look.
enum Found<T> {
    Passed(T),
    /// It is not at the head.
    Behind,
    /// It is at the head, and without a notification nothing changes before this time.
    Head(Instant),
    Late(Limited),
}

impl Queue {
    /// The words for how a wait ended.
    pub(crate) const ENDS: [&'static str; End::WORDS.len()] = End::WORDS;

    /// The bounds of [`Told::waits`], in seconds.
    pub(crate) const WAITS: [f64; waited::BUCKETS - 1] = waited::BOUNDS;

    /// The queue for these limits, if they have one: the same owner's old one, if it exists.
    pub(super) fn of(old: Option<&Arc<Self>>, limits: &Limits) -> Option<Arc<Self>> {
        limits.settings().queue?;
        Some(old.cloned().unwrap_or_else(|| Arc::new(Self::new(limits.clone()))))
    }

    fn new(newest: Limits) -> Self {
        let cap = Arc::clone(newest.cap());
        // Created now, so that returning a permit never has to create it.
        let _ = cap.freed();
        let state = Mutex::new(State::new(newest));
        Self { cap, state, ends: Default::default(), waits: Waited::default() }
    }

    /// Another table is live: waiting requests continue with its limits.
    pub(super) fn renew(&self, newest: Limits) {
        let mut state = self.state();
        state.newest = newest;
        if let Some(head) = state.order.head() {
            head.notify_one();
        }
    }

    /// Whether no request waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.cap.waiting() == 0
    }

    /// Whether a request that does not wait may ask the limits.
    ///
    /// # Errors
    /// Others wait for this limit.
    pub(crate) fn may_pass(&self) -> Result<(), Limited> {
        if self.is_idle() { Ok(()) } else { Err(self.state().in_the_way()) }
    }

    /// The state of the queue.
    pub(crate) fn told(&self) -> Told {
        let settings = self.state().newest.settings().queue;
        Told {
            waiting: self.cap.waiting(),
            max_waiting: settings.map_or(0, |settings| settings.max_waiting),
            ended: std::array::from_fn(|at| self.ends[at].load(Relaxed)),
            waited: self.waits.together(),
            waits: self.waits.counts(),
        }
    }

    /// Waits until `take` succeeds on the newest limits, in turn with others. `take` runs under the
    /// queue's lock, and must return what it took if it fails.
    ///
    /// # Errors
    /// The queue is full, or the limit will be exceeded for longer than the request may wait.
    pub(crate) async fn wait<T>(
        &self,
        waiter: Waiter<'_>,
        mut take: impl FnMut(&Limits) -> Result<T, Limited>,
    ) -> Result<T, Turned> {
        let mut waits = match self.enter(waiter, &mut take)? {
            Ok(waits) => waits,
            Err(passed) => return Ok(passed),
        };
        loop {
            let (is_head, again) = match waits.look(&mut take) {
                Found::Passed(passed) => return Ok(passed),
                Found::Late(limited) => return Err(Turned::Late(limited)),
                Found::Head(again) => (true, again.min(waits.end)),
                Found::Behind => (false, waits.end),
            };
            tokio::select! {
                // Looking first: a request that is no longer at the head passes its notification
                // on.
                biased;
                () = waits.called.notified() => {}
                () = self.cap.freed().notified(), if is_head => {}
                () = sleep_until(again) => {}
            }
        }
    }

    /// A place in the queue, or what could be taken at once.
    fn enter<'a, T>(
        &'a self,
        waiter: Waiter<'a>,
        take: &mut impl FnMut(&Limits) -> Result<T, Limited>,
    ) -> Result<Result<Waits<'a>, T>, Turned> {
        let Waiter { lane, until, served } = waiter;
        let mut state = self.state();
        let limited = match state.order.count() {
            0 => match state.ask(take) {
                Ok(passed) => {
                    served.store(true, Release);
                    return Ok(Err(passed));
                }
                Err(limited) => limited,
            },
            _ => state.in_the_way(),
        };
        let began = Instant::now();
        // A table without a queue behaves as if there had never been one.
        let Some(settings) = state.newest.settings().queue else {
            return Err(Turned::Late(limited));
        };
        let end = began + settings.max_wait;
        let end = until.map_or(end, |until| until.min(end));
        if state.order.count() >= settings.max_waiting {
            self.count(End::Full);
            return Err(Turned::Full(state.drained(began)));
        }
        let limited = state.at_least(limited, state.order.count_of(lane));
        if lasts(limited, began, end) {
            self.count(End::Late);
            return Err(Turned::Late(limited));
        }
        if state.order.count() == 0 {
            (state.last, state.pace) = (began, None);
        }
        let called = Arc::new(Notify::new());
        let place = state.change(|order| order.enter(lane, Arc::clone(&called)));
        state.in_the_way.get_or_insert(limited);
        self.cap.waits(true);
        drop(state);
        Ok(Ok(Waits { queue: self, place, called, began, end, served, is_over: false }))
    }

    fn count(&self, end: End) {
        self.ends[end as usize].fetch_add(1, Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The guarded data is consistent after each step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waits<'_> {
    /// Asks the limits, if this request is at the head.
    fn look<T>(&mut self, take: &mut impl FnMut(&Limits) -> Result<T, Limited>) -> Found<T> {
        let now = Instant::now();
        let mut state = self.queue.state();
        if !state.order.is_head(self.place) {
            if now < self.end {
                return Found::Behind;
            }
            let limited = state.at_least(state.in_the_way(), state.order.count());
            self.over(state, End::Late);
            return Found::Late(limited);
        }
        match state.ask(take) {
            Ok(passed) => {
                self.served.store(true, Release);
                state.passed(now);
                self.queue.waits.count(now.saturating_duration_since(self.began));
                self.over(state, End::Passed);
                Found::Passed(passed)
            }
            Err(limited) if now >= self.end || lasts(limited, now, self.end) => {
                let limited = state.at_least(limited, state.order.count() - 1);
                self.over(state, End::Late);
                Found::Late(limited)
            }
            Err(limited) => {
                state.in_the_way = Some(limited);
                let wait = match limited {
                    Limited::Concurrency => LOOK,
                    other => other.wait().unwrap_or(LOOK),
                };
                Found::Head(now.checked_add(wait).unwrap_or(self.end))
            }
        }
    }

    fn over(&mut self, mut state: MutexGuard<'_, State>, end: End) {
        self.is_over = true;
        self.queue.count(end);
        let place = self.place;
        state.change(|order| match end {
            End::Passed => order.pass(place),
            _ => order.leave(place),
        });
        self.queue.cap.waits(false);
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.queue.state();
        let place = self.place;
        state.change(|order| order.leave(place));
        self.queue.cap.waits(false);
        // A request that was served elsewhere has not left.
        if !self.served.load(Acquire) {
            self.queue.count(End::Left);
        }
    }
}

impl End {
    /// In the order of the variants.
    const WORDS: [&'static str; 4] = ["passed", "full", "late", "left"];
}

/// Whether the limit is known to be exceeded until `end`. Requests that hold tokens or a place may
/// end at any time.
fn lasts(limited: Limited, now: Instant, end: Instant) -> bool {
    match limited {
        Limited::Concurrency => false,
        Limited::Budget(None) => true,
        Limited::Tokens(wait) if wait <= UNKNOWN => false,
        other => other.wait().is_some_and(|wait| now.checked_add(wait).is_none_or(|at| at > end)),
    }
}

/// How long the head waits without a notification before it looks again.
const LOOK: Duration = Duration::from_secs(1);
/// The wait that a token limit reports while it waits for requests in flight.
const UNKNOWN: Duration = Duration::from_secs(1);
