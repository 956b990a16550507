//! The numbers of a slice. Pure: the caller brings the time.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    own::Own,
    talk::{Answer, Ask},
    terms::{Flow, Lack, Seen, Terms},
};
use crate::live::limit::desk::Outage;

/// The numbers of one slice.
#[derive(Debug)]
pub(super) struct State {
    pub(super) terms: Terms,
    /// What was granted, and is neither spent nor held.
    have: u64,
    /// What requests hold, and how much of that was never granted: it does not come back.
    held: u64,
    lent: u64,
    /// What was spent in all, and what of it the store knows.
    spent: u64,
    told: u64,
    /// Which slice of this process it is.
    slice: u64,
    seq: u64,
    /// What requests wait for, and the least of it.
    need: u64,
    least: u64,
    /// The last answer, when it came, and what of the slice was out when it was asked for.
    pub(super) last: Option<(Answer, Instant)>,
    out_then: u64,
    /// At this moment the last question was put together.
    asked: Instant,
    /// So much cannot be had before this moment.
    refused: Option<(u64, Instant)>,
    /// What is taken in a second, and what was taken since the last question.
    pace: f64,
    taken: u64,
    /// Questions in a row before which nothing was taken.
    quiet: u8,
    /// The beginning of the period that these numbers are of, and its end here.
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
            slice,
            seq: 0,
            need: 0,
            least: 0,
            last: None,
            out_then: 0,
            asked: now,
            refused: None,
            pace: 0.0,
            taken: 0,
            quiet: 0,
            start: 0,
            end: None,
            own: Own::default(),
        }
    }

    pub(super) fn renew(&mut self, terms: Terms) {
        if self.terms != terms {
            self.terms = terms;
            self.refused = None;
        }
    }

    /// Takes so much, where that is there. What is more than all that is left is let in alone.
    pub(super) fn take(&mut self, amount: u64, now: Instant) -> bool {
        if !self.has(amount, now) {
            return false;
        }
        self.lent = self.lent.saturating_add(amount.saturating_sub(self.have));
        self.have = self.have.saturating_sub(amount);
        self.held = self.held.saturating_add(amount);
        self.taken = self.taken.saturating_add(amount);
        true
    }

    /// Whether so much is there.
    pub(super) fn has(&self, amount: u64, now: Instant) -> bool {
        if self.end.is_some_and(|end| now >= end) {
            return false;
        }
        let is_alone = self.last.is_some_and(|(answer, _)| answer.is_alone);
        amount <= self.have || (is_alone && self.have > 0 && self.held == 0)
    }

    pub(super) fn settle(&mut self, taken: u64, used: u64) {
        self.held = self.held.saturating_sub(taken);
        self.spent = self.spent.saturating_add(used);
        let free = taken.saturating_sub(used);
        let back = free.min(self.lent);
        self.lent = (self.lent - back).min(self.held);
        // What was used beyond what was taken is owed.
        self.have = (self.have + (free - back)).saturating_sub(used.saturating_sub(taken));
    }

    /// What requests wait for.
    pub(super) fn want(&mut self, amount: u64) {
        self.least = if self.need == 0 { amount } else { self.least.min(amount) };
        self.need = self.need.saturating_add(amount);
    }

    /// Whether the slice will soon be used up, and the store was not asked just now.
    pub(super) fn is_low(&self, now: Instant) -> bool {
        let soon = (self.pace * LOW.as_secs_f64()) as u64;
        self.have < soon
            && self.refused.is_none_or(|(_, until)| now >= until)
            && now.saturating_duration_since(self.asked) >= ANEW
    }

    /// Whether the store has said that so much cannot be had yet.
    pub(super) fn is_refused(&self, amount: u64, now: Instant) -> bool {
        self.refused.is_some_and(|(least, until)| amount >= least && now < until)
            && self.end.is_none_or(|end| now < end)
    }

    /// Whether another replica asks in vain.
    pub(super) fn is_wanted(&self) -> bool {
        self.last.is_some_and(|(answer, _)| answer.is_wanted)
    }

    /// Why so much is not there.
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
                Some(told.unwrap_or(SOON).saturating_sub(since))
            }
        };
        Lack::Reached { left: self.left(&answer), is_spent, wait }
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

    /// Whether something has to be told although no request asks: what was spent, what is not needed any
    /// more, or that this replica lives.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.asked);
        self.spent != self.told
            || (self.have > 0 && self.taken == 0)
            || (self.have + self.held > 0 && since >= RENEW)
    }

    pub(super) fn asks(&mut self, key: &str, now: Instant, store_now: u64) -> Vec<Ask> {
        let mut asks = Vec::new();
        if let Flow::Period(period) = &self.terms.flow {
            let (start, end) = period.around(store_now);
            if start != self.start {
                if self.start != 0 && self.spent != self.told {
                    asks.push(Ask { out: 0, need: 0, extra: 0, ..self.ask(key, LINGER) });
                }
                (self.have, self.spent, self.told, self.last, self.refused) = (0, 0, 0, None, None);
                self.start = start;
            }
            self.end = match end {
                u64::MAX => None,
                end => Some(now + Duration::from_nanos(end.saturating_sub(store_now))),
            };
        }
        let since = now.saturating_duration_since(self.asked).as_secs_f64().max(0.001);
        // Halves in a third of a second without requests.
        let weight = 1.0 - (-since * 2.0).exp();
        self.pace += (self.taken as f64 / since - self.pace) * weight;
        self.quiet = if self.taken == 0 { self.quiet.saturating_add(1) } else { 0 };
        if self.quiet > 2 {
            self.pace = 0.0;
        }
        self.taken = 0;
        let keep = self.to_keep();
        // Given back, but for what is about to be taken.
        self.have = self.have.min(keep.max(self.need));
        let ahead = if self.is_wanted() { 0 } else { self.need.saturating_mul(AHEAD) };
        let extra = keep.max(ahead).saturating_sub(self.have);
        asks.push(Ask { extra, ..self.ask(key, self.keep_ms(now)) });
        (self.asked, self.need, self.least) = (now, 0, 0);
        asks
    }

    /// What is worth having before it is asked for.
    fn to_keep(&self) -> u64 {
        let ahead = if self.is_wanted() { WANTED } else { KEEP };
        match self.terms.flow {
            Flow::Places if self.is_wanted() => 0,
            Flow::Places => match self.pace >= 1.0 {
                true => self.held / 4 + 1,
                false => 0,
            },
            _ => {
                let keep = self.pace * ahead.as_secs_f64();
                if keep < 0.5 { 0 } else { keep.ceil() as u64 }
            }
        }
    }

    /// How long the store keeps it where it hears no more of it; zero: for ever.
    fn keep_ms(&self, now: Instant) -> u64 {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(0);
        match (&self.terms.flow, self.end) {
            (Flow::Period(_), None) => 0,
            (Flow::Period(_), Some(end)) => {
                millis(end.saturating_duration_since(now)).saturating_add(86_400_000)
            }
            (Flow::PerSecond(rate), _) => {
                let all = Duration::try_from_secs_f64(self.terms.limit as f64 / rate);
                all.map_or(0, |all| millis(all).saturating_add(LINGER))
            }
            (Flow::Places, _) => LINGER,
        }
    }

    /// The last words of a replica that ends: it needs nothing more.
    pub(super) fn farewell(&mut self, key: &str) -> Option<Ask> {
        let is_silent = self.spent == self.told && self.have == 0;
        self.have = 0;
        let keep_ms = self.keep_ms(Instant::now());
        (!is_silent).then(|| self.ask(key, keep_ms))
    }

    fn ask(&mut self, key: &str, keep_ms: u64) -> Ask {
        self.seq += 1;
        let (known, known_at) =
            self.last.map_or((0, 0), |(answer, _)| (answer.used, answer.now_us));
        let key = match self.start {
            0 => key.to_owned(),
            start => format!("{key}|{}", start / 1_000_000_000),
        };
        Ask {
            key,
            slice: self.slice,
            seq: self.seq,
            spent: self.spent,
            told: self.told,
            out: self.have.saturating_add(self.held),
            need: self.need.saturating_sub(self.have),
            least: self.least.saturating_sub(self.have).max(1),
            extra: 0,
            limit: self.terms.limit,
            per_second: match self.terms.flow {
                Flow::PerSecond(rate) => rate,
                _ => 0.0,
            },
            known,
            known_at,
            keep_ms,
        }
    }

    /// Answers what was spent here beyond all that was granted.
    pub(super) fn answered(&mut self, ask: &Ask, answer: &Answer, now: Instant) -> u64 {
        if ask.seq != self.seq {
            // The last words of a period that is over.
            return 0;
        }
        let over = match self.own.ended() {
            true => answer.used.saturating_add(answer.held).saturating_sub(self.terms.limit),
            false => 0,
        };
        self.told = ask.spent;
        self.have = self.have.saturating_add(answer.granted);
        self.out_then = ask.out.saturating_add(answer.granted);
        let is_short = ask.need > 0 && answer.granted < ask.least;
        // Of a limit that is used up as fast as it flows in, each gets a little now and then: asking for
        // each request would bring no more.
        let is_scarce = self.pace >= BUSY
            && matches!(self.terms.flow, Flow::PerSecond(_))
            && answer.granted < ask.need.saturating_add(ask.extra);
        self.refused = (is_short || is_scarce).then(|| {
            let wait = answer.wait_us.map_or(AGAIN, Duration::from_micros);
            (ask.least, now + wait.clamp(self.soonest(), LONGEST))
        });
        self.last = Some((*answer, now));
        over
    }

    /// How soon the store is asked again after it has refused. What flows off meanwhile must not find the
    /// limit whole.
    fn soonest(&self) -> Duration {
        match self.terms.flow {
            Flow::PerSecond(rate) => {
                let quarter = Duration::try_from_secs_f64(self.terms.limit as f64 / rate / 4.0);
                quarter.unwrap_or(WANTED).clamp(Duration::from_millis(5), WANTED)
            }
            Flow::Period(_) => WANTED,
            Flow::Places => AGAIN,
        }
    }

    pub(super) fn unanswered(&mut self) {
        (self.need, self.least) = (0, 0);
    }

    /// Takes so much of what this replica decides without the store.
    pub(super) fn take_own(
        &mut self,
        amount: u64,
        outage: &Outage,
        wall: u64,
        now: Instant,
    ) -> bool {
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
        self.taken = self.taken.saturating_add(amount);
        true
    }

    /// Why this replica's share has too little.
    pub(super) fn lack_own(&self) -> Lack {
        let wait = match self.terms.flow {
            Flow::PerSecond(rate) => Duration::try_from_secs_f64(1.0 / rate).unwrap_or(SOON),
            _ => SOON,
        };
        Lack::Reached { left: 0, is_spent: false, wait: Some(wait) }
    }
}

/// What is taken in so long is kept ready, and less where another replica asks in vain.
const KEEP: Duration = Duration::from_secs(1);
const WANTED: Duration = Duration::from_millis(100);
/// The store is asked before so little is left.
const LOW: Duration = Duration::from_millis(400);
/// So many in a second are many.
const BUSY: f64 = 50.0;
/// It is not asked again sooner where no request waits.
const ANEW: Duration = Duration::from_millis(100);
/// So many times what the first requests ask for.
const AHEAD: u64 = 4;
/// A refusal of a place holds so long, and any other at most so long.
const AGAIN: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_secs(1);
/// A replica says so often that it lives.
const RENEW: Duration = Duration::from_secs(1);
/// In milliseconds.
const LINGER: u64 = 600_000;
/// When it is worth asking again, where that is not known.
const SOON: Duration = Duration::from_secs(1);
