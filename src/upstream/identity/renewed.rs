//! A value that expires and is renewed early, once for all callers, while the old one is still
//! used.
//!
//! It does not renew by itself: an unused credential expires.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

/// The newest value.
#[derive(Debug)]
pub(super) struct Renewed<T> {
    state: Mutex<State<T>>,
}

/// A fetched value and its expiry.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    pub(crate) value: T,
    pub(crate) expires: SystemTime,
}

#[derive(Debug)]
struct State<T> {
    current: Option<Current<T>>,
    flight: Option<Flight<T>>,
    /// When and how the last fetch failed.
    failed: Option<(SystemTime, Unfetched)>,
}

#[derive(Debug)]
struct Current<T> {
    value: Arc<T>,
    fetched: SystemTime,
    renew: SystemTime,
    expires: SystemTime,
}

/// A fetch in progress: `None` until it has ended. Its sender is dropped with its task.
type Flight<T> = watch::Receiver<Option<Result<Arc<T>, Unfetched>>>;

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfetched {
    /// Whether the source refused, rather than returning nothing usable.
    pub(crate) refused: bool,
    /// The cause, only for the operator.
    pub(crate) cause: Arc<str>,
}

/// What to do for a caller.
enum Step<T> {
    Use(Arc<T>),
    UseAndFetch(Arc<T>),
    Wait(Flight<T>),
    Fetch,
    Fail(Unfetched),
}

impl<T: Send + Sync + 'static> Renewed<T> {
    /// The current value, or the next one. `fetch` runs as a task of its own, so that a client that
    /// leaves does not end the wait of others.
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

    /// The value was refused where it was used: the next caller fetches a new one, unless it is so
    /// fresh that a fetch would return the same.
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
        // The sender of a cancelled fetch is gone.
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
                // A source may return the same value until shortly before its expiry. Halving the
                // rest asks it soon enough and not often.
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
    /// Nothing, or nothing usable, was returned.
    pub(super) fn unusable(cause: impl Into<Arc<str>>) -> Self {
        Self { refused: false, cause: cause.into() }
    }

    /// The source refused.
    pub(super) fn refused(cause: impl Into<Arc<str>>) -> Self {
        Self { refused: true, cause: cause.into() }
    }
}

/// How long before expiry a value is renewed.
const EARLY: Duration = Duration::from_secs(300);
/// How long after a failure the source is not asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// A value younger than this would be fetched again unchanged.
const FRESH: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
