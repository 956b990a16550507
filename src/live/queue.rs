//! Requests that wait for one holder's limits in place of being refused: bounded in number and time, and
//! fair among keys.
//!
//! Only the request whose turn it is asks the limits, so none overtakes another. It asks those of the newest
//! table, whatever table it began under. It decides nothing of what is taken: that is the asker's.

mod order;
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
use self::{
    order::{Order, Place},
    waited::Waited,
};
use super::limit::{Cap, Limited, Limits};

/// The requests that wait for one holder's limits; outlives a reload.
#[derive(Debug)]
pub(crate) struct Queue {
    cap: Arc<Cap>,
    state: Mutex<State>,
    ends: [AtomicU64; End::WORDS.len()],
    /// What those that have passed have waited.
    waits: Waited,
}

/// A request that would wait.
pub(crate) struct Waiter<'a> {
    /// Whose it is.
    pub(crate) lane: Lane,
    /// Its own deadline.
    pub(crate) until: Option<Instant>,
    /// Whether it has passed, here or in another queue where it waits, too.
    pub(crate) served: &'a AtomicBool,
}

/// Why a request has not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// As many wait as may; all of these have probably passed after this long.
    Full(Duration),
    /// This is in the way for longer than the request may wait.
    Late(Limited),
}

/// How a wait has ended.
#[derive(Debug, Clone, Copy)]
enum End {
    Passed,
    Full,
    Late,
    Left,
}

/// What a queue is and has done so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Told {
    /// Requests that wait now.
    pub(crate) waiting: u32,
    /// The most that may.
    pub(crate) max_waiting: u32,
    /// Requests whose wait has ended, by how, in the order of [`Queue::ENDS`].
    pub(crate) ended: [u64; End::WORDS.len()],
    /// What those that have passed have waited together.
    pub(crate) waited: Duration,
    /// How many of them at most as long as each of [`Queue::WAITS`], and how many longer than the last.
    pub(crate) waits: [u64; waited::BUCKETS],
}

#[derive(Debug)]
struct State {
    newest: Limits,
    order: Order<Arc<Notify>>,
    /// What was in the way of the request whose turn it was, when it asked last.
    in_the_way: Option<Limited>,
    /// When the last one passed, or the first one came to wait.
    last: Instant,
    /// Between two that passed, on average, since requests have waited without a break.
    pace: Option<Duration>,
}

/// A request that waits; dropped, its place is gone.
struct Waits<'a> {
    queue: &'a Queue,
    place: Place,
    called: Arc<Notify>,
    began: Instant,
    end: Instant,
    served: &'a AtomicBool,
    /// Whether its end has been told.
    is_over: bool,
}

/// What a request that waits has found.
enum Found<T> {
    Passed(T),
    /// It is another's turn.
    Behind,
    /// It is its turn, and nothing changes before this moment unless it is told.
    Head(Instant),
    Late(Limited),
}

impl Queue {
    /// The words for how a wait has ended.
    pub(crate) const ENDS: [&'static str; End::WORDS.len()] = End::WORDS;

    /// The bounds of [`Told::waits`], in seconds.
    pub(crate) const WAITS: [f64; waited::BUCKETS - 1] = waited::BOUNDS;

    /// The queue of these limits, where requests may wait for them: the one that the same holder had.
    pub(super) fn of(old: Option<&Arc<Self>>, limits: &Limits) -> Option<Arc<Self>> {
        limits.settings().queue?;
        Some(old.cloned().unwrap_or_else(|| Arc::new(Self::new(limits.clone()))))
    }

    fn new(newest: Limits) -> Self {
        let cap = Arc::clone(newest.cap());
        // Made now, so that a permit that is given back never has to make it.
        let _ = cap.freed();
        let state = State {
            newest,
            order: Order::default(),
            in_the_way: None,
            last: Instant::now(),
            pace: None,
        };
        Self { cap, state: Mutex::new(state), ends: Default::default(), waits: Waited::default() }
    }

    /// Another table serves: those that wait go on under its numbers.
    pub(super) fn renew(&self, newest: Limits) {
        let mut state = self.state();
        state.newest = newest;
        if let Some(head) = state.order.head() {
            head.notify_one();
        }
    }

    /// Whether no request waits, so that one that comes overtakes none.
    pub(crate) fn is_idle(&self) -> bool {
        self.cap.waiting() == 0
    }

    /// Whether a request that does not wait may ask the limits.
    ///
    /// # Errors
    /// Others wait for this.
    pub(crate) fn may_pass(&self) -> Result<(), Limited> {
        if self.is_idle() { Ok(()) } else { Err(self.state().in_the_way()) }
    }

    /// What it is and has done so far.
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

    /// Waits until `take` takes what it wants of the newest limits, in turn with all others. It is called
    /// under the lock of the queue, and must give back what it takes in vain of these limits.
    ///
    /// # Errors
    /// The queue is full, or what is in the way lasts longer than the request may wait.
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
                // A call comes first: one whose turn it is not any more hands on what it heard of a place.
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
        // Under a table that has no queue any more, as under one that never had.
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
        // What is changed under it is whole after each step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Changes the order; the one whose turn it was and the one whose turn it is now look again.
    fn change<R>(&mut self, change: impl FnOnce(&mut Order<Arc<Notify>>) -> R) -> R {
        let before = self.order.head().cloned();
        let changed = change(&mut self.order);
        let after = self.order.head();
        let is_same = match (&before, after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        if !is_same {
            before
                .as_deref()
                .into_iter()
                .chain(after.map(|after| &**after))
                .for_each(Notify::notify_one);
        }
        if self.order.count() == 0 {
            self.in_the_way = None;
        }
        changed
    }

    /// Asks the limits. What they say no to is not asked for: a permit that were taken and given back would
    /// tell those that wait that a place is free, without end.
    fn ask<T>(&self, take: &mut impl FnMut(&Limits) -> Result<T, Limited>) -> Result<T, Limited> {
        match self.newest.limited() {
            Some(limited) => Err(limited),
            None => take(&self.newest),
        }
    }

    /// The limit that is in the way at this moment.
    fn in_the_way(&self) -> Limited {
        self.newest.limited().or(self.in_the_way).unwrap_or(Limited::Concurrency)
    }

    /// The same with how long it is in the way at least where so many come before.
    fn at_least(&self, limited: Limited, before: u32) -> Limited {
        match (limited, self.newest.rate()) {
            (Limited::Rate(wait), Some(bucket)) => {
                Limited::Rate(bucket.free_for(before.saturating_add(1)).max(wait))
            }
            (limited, _) => limited,
        }
    }

    /// When all that wait now have probably passed: for a rate exactly, else at the pace of this moment.
    /// Those that do not pass leave at the end of their wait.
    fn drained(&self, now: Instant) -> Duration {
        let count = self.order.count();
        let by_rate = self.newest.rate().map(|bucket| bucket.free_for(count.saturating_add(1)));
        // Since the last one passed, or came, none has: the pace is no quicker than that.
        let pace = self.pace.unwrap_or_default().max(now.saturating_duration_since(self.last));
        let wait = pace.saturating_mul(count).max(by_rate.unwrap_or_default());
        let longest = self.newest.settings().queue.map_or(SHORTEST, |queue| queue.max_wait);
        wait.min(longest).max(SHORTEST)
    }

    /// One has passed.
    fn passed(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.last);
        self.pace = Some(self.pace.map_or(since, |pace| (pace * 7 + since) / 8));
        self.last = now;
    }
}

impl Waits<'_> {
    /// Asks the limits, if it is this request's turn.
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
        // One that has passed elsewhere has not gone away.
        if !self.served.load(Acquire) {
            self.queue.count(End::Left);
        }
    }
}

impl End {
    /// In the order of the variants.
    const WORDS: [&'static str; 4] = ["passed", "full", "late", "left"];
}

/// Whether what is in the way is known to last longer than to `end`. Answers that hold tokens end at any
/// time, as do those that hold a place.
fn lasts(limited: Limited, now: Instant, end: Instant) -> bool {
    match limited {
        Limited::Concurrency => false,
        Limited::Budget(None) => true,
        Limited::Tokens(wait) if wait <= UNKNOWN => false,
        other => other.wait().is_some_and(|wait| now.checked_add(wait).is_none_or(|at| at > end)),
    }
}

/// How long the one whose turn it is waits before it looks again, where it is told nothing.
const LOOK: Duration = Duration::from_secs(1);
/// What a limit on tokens says where it waits for answers under way.
const UNKNOWN: Duration = Duration::from_secs(1);
/// What a client may be told at least.
const SHORTEST: Duration = Duration::from_secs(1);
