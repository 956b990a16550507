//! What a slice tells the store and requests from it, and how it applies the answer.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::{
        inflow::{LASTS, RENEW},
        talk::{Answer, Ask},
        terms::Flow,
    },
    COUNTS, State,
};

impl State {
    pub(in crate::live::limit::lease) fn asks(
        &mut self,
        key: &str,
        now: Instant,
        store_now: u64,
    ) -> Vec<Ask> {
        let mut asks = Vec::new();
        if let Flow::Period(period) = &self.terms.flow {
            let (start, end) = period.around(store_now);
            if start != self.start {
                if self.start != 0 && self.spent != self.told {
                    asks.push(Ask { out: 0, need: 0, extra: 0, ..self.ask(key, LINGER) });
                }
                (self.have, self.spent, self.told, self.said) = (0, 0, 0, 0);
                (self.last, self.refused) = (None, None);
                self.start = start;
            }
            self.end = match end {
                u64::MAX => None,
                end => Some(now + Duration::from_nanos(end.saturating_sub(store_now))),
            };
        }
        self.flows(now);
        let is_forgotten = self.is_forgotten(now);
        if is_forgotten {
            (self.have, self.refused) = (0, None);
        }
        // The store may give it to others before its answer arrives.
        let had = if self.inflow.runs(now) { self.inflow.last() } else { 0.0 };
        self.inflow.ends();
        self.pace.measure(now.saturating_duration_since(self.asked));
        let keep = self.to_keep();
        // Returned, except what is about to be taken.
        let kept = self.have.min(keep.max(self.need));
        if std::mem::replace(&mut self.have, kept) > kept {
            // A request that comes before the answer may have it back.
            self.refused = None;
        }
        let ahead = if self.is_wanted() { 0 } else { self.need.saturating_mul(AHEAD) };
        let extra = keep.max(ahead).saturating_sub(self.have);
        let inflow = if is_forgotten { 0.0 } else { self.inflow_wished(now) };
        let ask = self.ask(key, self.keep_ms(now));
        // The part of the rate makes up for it, so it is not reported as used.
        let unsaid = ask.spent.saturating_sub(self.said);
        let owed = if inflow > 0.0 { unsaid.min(self.room()) } else { 0 };
        let (spent, out) = (ask.spent - owed, ask.out.saturating_add(owed));
        self.said = self.said.max(spent);
        asks.push(Ask { extra, spent, out, inflow, inflow_had: had, ..ask });
        (self.asked, self.need, self.least) = (now, 0, 0);
        asks
    }

    /// The part of the rate that this replica wants for itself, per second; zero for none. It is worth having
    /// if the limit is exhausted as fast as it refills: each slice would be small and cost a call.
    fn inflow_wished(&self, now: Instant) -> f64 {
        let replicas = self.last.map_or(1, |(answer, _)| answer.replicas.max(1));
        let each = self.soonest().as_secs_f64() * self.rate() / replicas as f64;
        let is_of_use = self.is_scarce && !self.has_larger && each >= LEAST;
        let wish = self.pace.per_second();
        if is_of_use && wish >= 1.0 && !self.is_still(now) { wish } else { 0.0 }
    }

    /// How much spending may stay unreported, to be made up for by this replica's part of the rate.
    fn room(&self) -> u64 {
        let replicas = self.last.map_or(1, |(answer, _)| answer.replicas.max(1));
        let even = self.rate() / replicas as f64;
        let last = Some(self.inflow.last()).filter(|last| *last > 0.0).unwrap_or(even);
        let most = (last * self.soonest().as_secs_f64() * ROOM).ceil() as u64;
        most.saturating_sub(self.have.saturating_add(self.held))
    }

    fn rate(&self) -> f64 {
        match self.terms.flow {
            Flow::PerSecond(rate) => rate,
            _ => 0.0,
        }
    }

    /// What to keep in advance.
    fn to_keep(&self) -> u64 {
        let ahead = match self.is_wanted() {
            // Until it may ask again.
            _ if self.is_scarce => self.soonest(),
            true => WANTED,
            false => KEEP,
        };
        match self.terms.flow {
            Flow::Places if self.is_wanted() => 0,
            Flow::Places => match self.pace.per_second() >= 1.0 {
                true => self.held / 4 + 1,
                false => 0,
            },
            _ => {
                let keep = self.pace.within(ahead);
                if keep < 0.5 { 0 } else { keep.ceil() as u64 }
            }
        }
    }

    /// How long the store keeps the data without news; zero means forever.
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

    /// The last message of a replica that ends: it needs nothing more.
    pub(in crate::live::limit::lease) fn farewell(&mut self, key: &str) -> Option<Ask> {
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
            per_second: self.rate(),
            inflow: 0.0,
            inflow_had: 0.0,
            known,
            known_at,
            keep_ms,
        }
    }

    /// Applies the answer. Returns what was spent beyond all that was granted.
    pub(in crate::live::limit::lease) fn answered(
        &mut self,
        ask: &Ask,
        answer: &Answer,
        now: Instant,
    ) -> u64 {
        if ask.seq != self.seq {
            // The last message of a period that is over.
            return 0;
        }
        let over = match self.own.ended() {
            true => answer.used.saturating_add(answer.held).saturating_sub(self.terms.limit),
            false => 0,
        };
        if self.is_forgotten(now) {
            // It was forgotten while the question was under way: others may have got its free part.
            let beyond = answer.used.saturating_add(answer.held).saturating_sub(self.terms.limit);
            self.have = self.have.saturating_sub(beyond);
        }
        self.told = ask.spent;
        self.counts_until = Some(self.asked + COUNTS);
        self.have = self.have.saturating_add(answer.granted);
        self.out_then = ask.out.saturating_add(answer.granted);
        self.last = Some((*answer, now));
        if answer.inflow > 0.0 {
            self.inflow.begins(answer.inflow, now, self.asked + LASTS);
        }
        let is_short = ask.need > 0 && answer.granted < ask.least;
        self.is_scarce = self.is_used_up(ask, answer);
        // At a limit that is always exhausted, each replica periodically gets what has refilled;
        // asking for each request would bring no more.
        self.refused = (is_short || self.is_scarce).then(|| {
            let wait = answer.wait_us.map_or(AGAIN, Duration::from_micros);
            (ask.least, now + wait.clamp(self.soonest(), LONGEST))
        });
        if answer.inflow > 0.0 {
            // The store grants no more than there is room for; ask sooner if that is the limit.
            let room = self.out_then as f64 / self.soonest().as_secs_f64();
            let soon = if answer.inflow >= room * 0.9 { self.soonest() } else { RENEW };
            self.refused = Some((1, self.asked + soon));
        }
        over
    }

    /// Whether nothing is left of the refill, except what will come before the next question.
    fn is_used_up(&self, ask: &Ask, answer: &Answer) -> bool {
        let Flow::PerSecond(rate) = self.terms.flow else { return false };
        let left = self.terms.limit.saturating_sub(answer.used.saturating_add(answer.held));
        let soon = rate * self.soonest().as_secs_f64() / answer.replicas.max(1) as f64;
        if ask.inflow > 0.0 {
            // The part is returned when more is left than a few calls bring.
            return left as f64 <= soon * 2.0;
        }
        answer.granted < ask.need.saturating_add(ask.extra) && left as f64 <= soon
    }

    /// How soon the store is asked again after a refusal. The refill meanwhile, and what the store
    /// still counts as spent, must not be the whole limit.
    fn soonest(&self) -> Duration {
        match self.terms.flow {
            Flow::PerSecond(rate) => {
                let part = Duration::try_from_secs_f64(self.terms.limit as f64 / rate * PART);
                part.unwrap_or(SCARCE).clamp(Duration::from_millis(5), SCARCE)
            }
            Flow::Period(_) if self.last.is_some_and(|(last, _)| last.used >= self.terms.limit) => {
                LONGEST
            }
            Flow::Period(_) => WANTED,
            Flow::Places => AGAIN,
        }
    }
}

/// Demand over this time is kept in advance, less if another replica lacks it.
const KEEP: Duration = Duration::from_millis(1_500);
const WANTED: Duration = Duration::from_millis(100);
/// The longest interval between requests to the store at a limit that is always exhausted, and the part of the
/// limit that may refill meanwhile.
const SCARCE: Duration = Duration::from_millis(900);
const PART: f64 = 0.4;
/// A replica takes a part of the rate for itself if at least this much of it comes within that interval, and has
/// room for this many times as much: with less room, refill would be lost between two requests.
const LEAST: f64 = 3.0;
const ROOM: f64 = 1.8;
/// The first question asks for this many times the demand.
const AHEAD: u64 = 4;
/// How long a refusal of a place is valid, and the maximum for other limits.
const AGAIN: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_secs(1);
/// In milliseconds.
const LINGER: u64 = 600_000;
