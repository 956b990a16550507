//! A slice of a limit that replicas share: taken from their store in one piece, used here without
//! further calls, and returned when it is not needed.
//!
//! It does not call the store. It says what to request, and receives what was granted.

mod inflow;
mod own;
mod pace;
mod state;
mod talk;
mod terms;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use tokio::{
    sync::{Notify, mpsc::UnboundedSender},
    time::{Instant, timeout_at},
};

use self::state::State;
pub(crate) use self::{
    inflow::LASTS,
    talk::{Answer, Ask, LIVES},
    terms::{Flow, Lack, Seen, Terms},
};
use super::desk::Desk;
use crate::moment;

/// One limit of one owner, as this replica has it.
#[derive(Debug)]
pub(crate) struct Lease {
    desk: Arc<Desk>,
    list: UnboundedSender<Arc<Lease>>,
    /// Such as `key:ann|requests`.
    key: Box<str>,
    state: Mutex<State>,
    /// Whether it is in the list.
    is_listed: AtomicBool,
    /// The store has answered.
    answered: Notify,
}

impl Lease {
    /// An unused slice.
    pub(super) fn new(
        desk: Arc<Desk>,
        list: UnboundedSender<Arc<Self>>,
        key: &str,
        terms: Terms,
    ) -> Arc<Self> {
        Arc::new(Self {
            list,
            key: key.into(),
            state: Mutex::new(State::new(desk.numbered(), terms, Instant::now())),
            is_listed: AtomicBool::new(false),
            answered: Notify::new(),
            desk,
        })
    }

    /// From now on with these terms.
    pub(super) fn renew(&self, terms: Terms) {
        self.state().renew(terms);
    }

    /// Takes this amount from the slice, to be settled later.
    ///
    /// # Errors
    /// Why there is too little.
    pub(crate) fn take(self: &Arc<Self>, amount: u64) -> Result<(), Lack> {
        let now = Instant::now();
        let mut state = self.state();
        if state.take(amount, now) {
            let is_low = state.is_low(now);
            drop(state);
            if is_low {
                self.list();
            }
            return Ok(());
        }
        let Some(outage) = self.desk.outage() else {
            let lack = state.lack(amount, now);
            if lack == Lack::NotAsked {
                state.want(amount);
                drop(state);
                self.list();
            } else {
                state.misses(amount);
            }
            return Err(lack);
        };
        if !outage.decides_here {
            return Err(Lack::NoStore);
        }
        match state.take_own(amount, &outage, moment::now(), now) {
            true => {
                drop(state);
                self.desk.decided_here();
                Ok(())
            }
            false => Err(state.lack_own()),
        }
    }

    /// The taken amount is no longer held, and this much was used.
    pub(crate) fn settle(self: &Arc<Self>, taken: u64, used: u64) {
        let mut state = self.state();
        state.settle(taken, used);
        // Another replica waits for what is free here.
        let tells = state.is_wanted() && used < taken;
        drop(state);
        if tells {
            self.list();
        }
    }

    /// This amount was settled just now and is not used after all.
    pub(super) fn gives_back(&self, amount: u64) {
        self.state().gives_back(amount);
    }

    /// Whether this amount may be taken or requested; takes nothing.
    pub(crate) fn lack(&self, amount: u64) -> Option<Lack> {
        let now = Instant::now();
        let mut state = self.state();
        state.flows(now);
        if state.has(amount, now) {
            return None;
        }
        match self.desk.outage() {
            Some(outage) if !outage.decides_here => Some(Lack::NoStore),
            Some(_) => None,
            None => state.is_refused(amount, now).then(|| state.lack(amount, now)),
        }
    }

    /// Waits until this amount may be taken, or the store has refused it or not answered in time.
    pub(crate) async fn ready(self: &Arc<Self>, amount: u64) {
        let mut end = None;
        loop {
            let answered = self.answered.notified();
            let mut answered = std::pin::pin!(answered);
            answered.as_mut().enable();
            {
                let now = Instant::now();
                let mut state = self.state();
                state.flows(now);
                let is_decided = state.has(amount, now) || state.is_refused(amount, now);
                if is_decided || self.desk.outage().is_some() {
                    return;
                }
                state.want(amount);
            }
            self.list();
            // Read only if a request has to wait.
            let end = *end.get_or_insert_with(|| Instant::now() + self.desk.timeout());
            if timeout_at(end, answered).await.is_err() {
                return self.desk.is_gone();
            }
        }
    }

    /// Its state.
    pub(crate) fn seen(&self) -> Seen {
        let now = Instant::now();
        let mut state = self.state();
        state.flows(now);
        state.seen(now, self.desk.now(moment::now()))
    }

    /// What to tell the store and request from it; empty if nothing. With `all`, periodic messages
    /// are included.
    pub(crate) fn asks(&self, all: bool) -> Vec<Ask> {
        let listed = self.is_listed.swap(false, Relaxed);
        let now = Instant::now();
        let mut state = self.state();
        let has_something = listed || (all && state.is_due(now));
        if !has_something {
            return Vec::new();
        }
        state.asks(&self.key, now, self.desk.now(moment::now()))
    }

    /// The store has answered.
    pub(crate) fn answered(&self, ask: &Ask, answer: &Answer) {
        let over = self.state().answered(ask, answer, Instant::now());
        self.desk.spent_above(over);
        self.answered.notify_waiters();
    }

    /// The last message of a replica that ends.
    pub(crate) fn farewell(&self) -> Option<Ask> {
        self.state().farewell(&self.key)
    }

    /// Wakes those that wait.
    pub(crate) fn wake(&self) {
        self.answered.notify_waiters();
    }

    /// The store has not answered; those that wait decide without it.
    pub(crate) fn unanswered(&self) {
        self.state().unanswered();
        self.answered.notify_waiters();
    }

    /// Adds it to the list.
    fn list(self: &Arc<Self>) {
        if !self.is_listed.swap(true, Relaxed) {
            let _ = self.list.send(Arc::clone(self));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Integers are never half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
