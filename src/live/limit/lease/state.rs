//! The numbers of a slice. Pure: the caller passes the time.

mod exchange;

use std::time::Duration;

use tokio::time::Instant;

use super::{
    inflow::{Inflow, RENEW as RENEW_INFLOW},
    own::Own,
    pace::Pace,
    talk::{Answer, LIVES},
    terms::{Flow, Lack, Seen, Terms},
};
use crate::live::limit::desk::Outage;

/// The numbers of one slice.
#[derive(Debug)]
pub(super) struct State {
    pub(super) terms: Terms,
    /// Granted, and neither spent nor held.
    have: u64,
    /// Held by requests, and how much of that was never granted and will not come back.
    held: u64,
    lent: u64,
    /// Spent in total, how much of it the store knows, and how much of it was sent to the store, answered or
    /// not.
    spent: u64,
    told: u64,
    said: u64,
    /// The number of this slice in the process.
    slice: u64,
    seq: u64,
    /// What requests wait for, and the smallest of these amounts.
    need: u64,
    least: u64,
    /// The last answer, when it came, and what of the slice was out when it was requested.
    pub(super) last: Option<(Answer, Instant)>,
    out_then: u64,
    /// When the last request to the store was built.
    asked: Instant,
    /// When the store may forget this replica and give its slice to others.
    counts_until: Option<Instant>,
    /// This amount cannot be had before that time.
    refused: Option<(u64, Instant)>,
    /// The demand per second.
    pace: Pace,
    /// The limit is always exhausted.
    is_scarce: bool,
    /// This replica's own part of the rate, when something was last taken, and whether a request ever takes
    /// more than one.
    inflow: Inflow,
    taken_at: Instant,
    has_larger: bool,
    /// The start of the period of these numbers, and its end.
    start: u64,
    end: Option<Instant>,
    /// What is decided without the store.
    own: Own,
}

impl State {
    pub(super) fn new(slice: u64, terms: Terms, now: Instant) -> Self {
        Self {
            terms,
            have: 0,
            held: 0,
            lent: 0,
            spent: 0,
            told: 0,
            said: 0,
            slice,
            seq: 0,
            need: 0,
            least: 0,
            last: None,
            out_then: 0,
            asked: now,
            counts_until: None,
            refused: None,
            pace: Pace::default(),
            is_scarce: false,
            inflow: Inflow::default(),
            taken_at: now,
            has_larger: false,
            start: 0,
            end: None,
            own: Own::default(),
        }
    }

    pub(super) fn renew(&mut self, terms: Terms) {
        if self.terms != terms {
            self.terms = terms;
            self.refused = None;
            self.inflow.forget();
        }
    }

    /// Takes this amount, if it is there. An amount larger than everything left is admitted only
    /// alone.
    pub(super) fn take(&mut self, amount: u64, now: Instant) -> bool {
        self.flows(now);
        self.has_larger |= amount > 1;
        if !self.has(amount, now) {
            return false;
        }
        self.taken_at = now;
        self.lent = self.lent.saturating_add(amount.saturating_sub(self.have));
        self.have = self.have.saturating_sub(amount);
        self.held = self.held.saturating_add(amount);
        self.pace.takes(amount);
        true
    }

    /// This amount was refused. If requests take different amounts, the rest of a slice must not be
    /// kept for one that does not fit, since another replica may need it.
    pub(super) fn misses(&mut self, amount: u64) {
        if amount == 1 && matches!(self.terms.flow, Flow::PerSecond(_)) {
            self.pace.misses(amount);
        }
    }

    /// Adds what has refilled from this replica's own part of the rate.
    pub(super) fn flows(&mut self, now: Instant) {
        let flown = self.inflow.flown(self.spent - self.told.min(self.spent), now);
        self.spent -= flown;
        self.have += flown;
    }

    /// Whether this amount is there.
    pub(super) fn has(&self, amount: u64, now: Instant) -> bool {
        if self.end.is_some_and(|end| now >= end) || self.is_forgotten(now) {
            return false;
        }
        let is_alone = self.last.is_some_and(|(answer, _)| answer.is_alone);
        amount <= self.have || (is_alone && self.have > 0 && self.held == 0)
    }

    /// Whether the store has heard nothing for so long that others may have the free part.
    fn is_forgotten(&self, now: Instant) -> bool {
        self.counts_until.is_some_and(|until| now >= until)
    }

    pub(super) fn settle(&mut self, taken: u64, used: u64) {
        self.held = self.held.saturating_sub(taken);
        self.spent = self.spent.saturating_add(used);
        let free = taken.saturating_sub(used);
        let back = free.min(self.lent);
        self.lent = (self.lent - back).min(self.held);
        // Use beyond what was taken is owed.
        self.have = (self.have + (free - back)).saturating_sub(used.saturating_sub(taken));
    }

    /// This amount of what was spent was not used after all, if the store has not been told of it.
    pub(super) fn gives_back(&mut self, amount: u64) {
        let back = amount.min(self.spent.saturating_sub(self.said.max(self.told)));
        self.spent -= back;
        self.have += back;
    }

    /// A request waits for this amount.
    pub(super) fn want(&mut self, amount: u64) {
        self.least = if self.need == 0 { amount } else { self.least.min(amount) };
        self.need = self.need.saturating_add(amount);
    }

    /// Whether the slice will soon be used up, and the store was not just asked.
    pub(super) fn is_low(&self, now: Instant) -> bool {
        let soon = self.pace.within(LOW) as u64;
        self.have < soon
            && self.refused.is_none_or(|(_, until)| now >= until)
            && now.saturating_duration_since(self.asked) >= ANEW
    }

    /// Whether the store has said that this amount is not available yet.
    pub(super) fn is_refused(&self, amount: u64, now: Instant) -> bool {
        self.refused.is_some_and(|(least, until)| amount >= least && now < until)
            && self.end.is_none_or(|end| now < end)
    }

    /// Whether another replica lacks it.
    pub(super) fn is_wanted(&self) -> bool {
        self.last.is_some_and(|(answer, _)| answer.is_wanted)
    }

    /// Why this amount is not there.
    pub(super) fn lack(&self, amount: u64, now: Instant) -> Lack {
        let Some((answer, came)) = self.last.filter(|_| self.is_refused(amount, now)) else {
            return Lack::NotAsked;
        };
        let is_spent = answer.used >= self.terms.limit;
        let told = answer.wait_us.map(Duration::from_micros);
        let wait = match (&self.terms.flow, is_spent) {
            (Flow::Period(_), true) => self.end.map(|end| end.saturating_duration_since(now)),
            (Flow::Places, _) | (Flow::Period(_), false) => Some(SOON),
            (Flow::PerSecond(_), _) => {
                let since = now.saturating_duration_since(came);
                let told = told.unwrap_or_else(|| self.flows_in(amount)).saturating_sub(since);
                Some(self.inflow.brings(amount).unwrap_or(told))
            }
        };
        Lack::Reached { left: self.left(&answer), is_spent, wait }
    }

    /// How long this amount takes to refill.
    fn flows_in(&self, amount: u64) -> Duration {
        match self.terms.flow {
            Flow::PerSecond(rate) => {
                Duration::try_from_secs_f64(amount as f64 / rate).unwrap_or(SOON)
            }
            _ => SOON,
        }
    }

    fn left(&self, answer: &Answer) -> u64 {
        let others = answer.held.saturating_sub(self.out_then);
        let used = answer.used.saturating_add(self.spent - self.told.min(self.spent));
        let taken = used.saturating_add(others).saturating_add(self.held);
        self.terms.limit.saturating_sub(taken)
    }

    pub(super) fn seen(&self, now: Instant, store_now: u64) -> Seen {
        let limit = self.terms.limit;
        let Some((answer, came)) = self.last else {
            return Seen { limit, used: self.spent, held: self.held, left: limit, reset: None };
        };
        let is_over = self.end.is_some_and(|end| now >= end);
        let off = match self.terms.flow {
            Flow::PerSecond(rate) => {
                (now.saturating_duration_since(came).as_secs_f64() * rate) as u64
            }
            _ => 0,
        };
        let untold = self.spent - self.told.min(self.spent);
        let used = if is_over { 0 } else { answer.used.saturating_sub(off) + untold };
        let left = if is_over { limit } else { (self.left(&answer) + off).min(limit) };
        let reset = match &self.terms.flow {
            Flow::PerSecond(rate) => {
                Duration::try_from_secs_f64((limit - left.min(limit)) as f64 / rate).ok()
            }
            Flow::Period(period) => match period.around(store_now).1 {
                u64::MAX => None,
                end => Some(Duration::from_nanos(end.saturating_sub(store_now))),
            },
            Flow::Places => None,
        };
        Seen { limit, used, held: self.held, left, reset }
    }

    /// Whether the store must be told something without a request: what was spent, what is no
    /// longer needed, or that this replica is alive.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.asked);
        if self.inflow.runs(now) {
            return since >= RENEW_INFLOW || self.is_still(now);
        }
        let tell = if self.is_wanted() || self.is_scarce { TELL_SOON } else { TELL };
        (self.spent != self.told && since >= tell)
            || (self.have > 0 && self.pace.is_idle())
            || (self.have + self.held > 0 && since >= TELL && self.is_unheard(now))
    }

    /// Whether the store should hear that this replica is alive. Questions without an answer may not have
    /// reached it.
    fn is_unheard(&self, now: Instant) -> bool {
        let left = |until: Instant| until.saturating_duration_since(now);
        self.counts_until.is_none_or(|until| left(until) <= COUNTS.saturating_sub(RENEW))
    }

    /// Whether nothing was taken for so long that other replicas may need this one's part of the rate.
    fn is_still(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.taken_at) >= STILL
    }

    pub(super) fn unanswered(&mut self) {
        (self.need, self.least) = (0, 0);
    }

    /// Takes this amount from what the replica may use without the store.
    pub(super) fn take_own(
        &mut self,
        amount: u64,
        outage: &Outage,
        wall: u64,
        now: Instant,
    ) -> bool {
        // From now on its share of the whole rate counts.
        self.inflow.ends();
        let left = self.last.map(|(answer, _)| {
            let replicas = answer.replicas.max(1);
            (self.left(&answer).saturating_sub(self.have) / replicas, replicas)
        });
        let (left, replicas) = left.unwrap_or((self.terms.limit, 1));
        let allowed = self.own.allows(&self.terms, self.held, (left, replicas), outage, wall, now);
        if amount > allowed && !(self.held == 0 && allowed > 0) {
            return false;
        }
        self.own.spend(amount);
        self.held = self.held.saturating_add(amount);
        self.lent = self.lent.saturating_add(amount);
        self.pace.takes(amount);
        true
    }

    /// Why the replica's own share is too small.
    pub(super) fn lack_own(&self) -> Lack {
        Lack::Reached { left: 0, is_spent: false, wait: Some(self.flows_in(1)) }
    }
}

/// The store is asked when the rest lasts less than this.
const LOW: Duration = Duration::from_millis(400);
/// Spending is reported with the next request to the store, or after this time; sooner if little is left.
const TELL: Duration = Duration::from_millis(900);
const TELL_SOON: Duration = Duration::from_millis(400);
/// The shortest time between requests to the store if no request waits.
const ANEW: Duration = Duration::from_millis(100);
/// The store counts a replica for this long after a question. It considers itself forgotten a little earlier
/// than the store does, since their clocks drift.
const COUNTS: Duration = LIVES.saturating_sub(Duration::from_millis(500));
/// How often a replica reports that it is alive.
const RENEW: Duration = Duration::from_secs(2);
/// This replica's own part of the rate is returned after this time without a request.
const STILL: Duration = Duration::from_millis(400);
/// The retry time, if none is known.
const SOON: Duration = Duration::from_secs(1);
