//! Something that expires and is fetched anew: early, once for all who want it, and while what is
//! still good goes on being used.
//!
//! It never fetches by itself: a credential that is not asked for is left to expire.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

/// The newest of something that expires.
#[derive(Debug)]
pub(super) struct Renewed<T> {
    state: Mutex<State<T>>,
}

/// What was fetched, and until when it is good.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    pub(crate) value: T,
    pub(crate) expires: SystemTime,
}

#[derive(Debug)]
struct State<T> {
    current: Option<Current<T>>,
    flight: Option<Flight<T>>,
    /// When the last fetch failed, and how.
    failed: Option<(SystemTime, Unfetched)>,
}

#[derive(Debug)]
struct Current<T> {
    value: Arc<T>,
    fetched: SystemTime,
    renew: SystemTime,
    expires: SystemTime,
}

/// A fetch under way: `None` until it has ended. Its other end is dropped with its task.
type Flight<T> = watch::Receiver<Option<Result<Arc<T>, Unfetched>>>;

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfetched {
    /// Whether the source has said no, rather than nothing that can be used.
    pub(crate) refused: bool,
    /// The cause, for the operator only.
    pub(crate) cause: Arc<str>,
}

/// What to do for someone who asks.
enum Step<T> {
    Use(Arc<T>),
    UseAndFetch(Arc<T>),
    Wait(Flight<T>),
    Fetch,
    Fail(Unfetched),
}

impl<T: Send + Sync + 'static> Renewed<T> {
    /// The present one, or the next. `fetch` makes what a task of its own runs: a client that
    /// goes away does not end the waiting of the others.
    pub(super) async fn get<F>(
        self: &Arc<Self>,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Unfetched>
    where
        F: Future<Output = Result<Fetched<T>, Unfetched>> + Send + 'static,
    {
        let mut flight = {
            let mut state = self.state();
            match state.step(SystemTime::now()) {
                Step::Use(value) => return Ok(value),
                Step::Fail(why) => return Err(why),
                Step::Wait(flight) => flight,
                Step::UseAndFetch(value) => {
                    state.flight = Some(self.begin(fetch()));
                    return Ok(value);
                }
                Step::Fetch => state.flight.insert(self.begin(fetch())).clone(),
            }
        };
        let ended = flight.wait_for(Option::is_some).await;
        let ended = ended.ok().and_then(|ended| ended.clone());
        ended.unwrap_or_else(|| Err(Unfetched::unusable("the fetch was cut off")))
    }

    /// The present one was refused where it is used: the next to ask has it fetched anew, unless
    /// it is fresh, when a fetch would bring the same.
    pub(super) fn invalidate(&self) {
        if let Some(current) = &mut self.state().current {
            current.invalidate(SystemTime::now());
        }
    }

    fn begin<F>(self: &Arc<Self>, fetch: F) -> Flight<T>
    where
        F: Future<Output = Result<Fetched<T>, Unfetched>> + Send + 'static,
    {
        let (tell, flight) = watch::channel(None);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = fetch.await;
            let ended = this.state().ended(fetched, SystemTime::now());
            tell.send_replace(Some(ended));
        });
        flight
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn step(&self, now: SystemTime) -> Step<T> {
        // The other end of one that was cut off is gone.
        let flight = self.flight.as_ref().filter(|flight| flight.has_changed().is_ok());
        let failed = self.failed.as_ref().filter(|(at, _)| now < *at + PAUSE);
        match self.current.as_ref().filter(|current| now < current.expires) {
            Some(current) if now < current.renew || flight.is_some() || failed.is_some() => {
                Step::Use(Arc::clone(&current.value))
            }
            Some(current) => Step::UseAndFetch(Arc::clone(&current.value)),
            None => match (flight, failed) {
                (Some(flight), _) => Step::Wait(flight.clone()),
                (None, Some((_, why))) => Step::Fail(why.clone()),
                (None, None) => Step::Fetch,
            },
        }
    }

    fn ended(
        &mut self,
        fetched: Result<Fetched<T>, Unfetched>,
        now: SystemTime,
    ) -> Result<Arc<T>, Unfetched> {
        self.flight = None;
        match fetched {
            Ok(Fetched { value, expires }) => {
                let value = Arc::new(value);
                let left = expires.duration_since(now).unwrap_or_default();
                // A source may hand out the same until shortly before its end: halving what is
                // left asks it again soon enough, and never often.
                let renew = now + left.saturating_sub(EARLY).max(left / 2);
                let current = Arc::clone(&value);
                self.current = Some(Current { value: current, fetched: now, renew, expires });
                self.failed = None;
                Ok(value)
            }
            Err(why) => {
                self.failed = Some((now, why.clone()));
                Err(why)
            }
        }
    }
}

impl<T> Current<T> {
    fn invalidate(&mut self, now: SystemTime) {
        if now.duration_since(self.fetched).is_ok_and(|age| age > FRESH) {
            self.renew = now;
        }
    }
}

impl<T> Default for Renewed<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { current: None, flight: None, failed: None }) }
    }
}

impl Unfetched {
    /// Nothing came, or nothing that can be used.
    pub(super) fn unusable(cause: impl Into<Arc<str>>) -> Self {
        Self { refused: false, cause: cause.into() }
    }

    /// The source says no.
    pub(super) fn refused(cause: impl Into<Arc<str>>) -> Self {
        Self { refused: true, cause: cause.into() }
    }
}

/// How long before its end something is fetched anew.
const EARLY: Duration = Duration::from_secs(300);
/// How long after a failure the service is not asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// What is younger than this would be fetched again as it is.
const FRESH: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
