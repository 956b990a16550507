//! A hedge: a second attempt beside a slow first one, if the pool configures it.
//!
//! The client receives one of the two; the other is cancelled at once.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Accepted, Rounds,
    hedge::{self, Raced},
    pass::Attempt,
};
use crate::{
    protocol::conversation::Usage,
    record::{Outcome, Record, trail::Asked},
    refusal::Refusal,
    serve::affinity,
    table::{ProviderRef, pool::HedgeAfter},
    upstream::{answer::Answer, failed::Failed},
};

/// A running attempt beside another.
struct Begun<'a> {
    attempt: Box<Attempt<'a>>,
    asking: Pin<Box<dyn Future<Output = Tried> + Send + 'a>>,
}

type Tried = Result<Box<Answer>, Failed>;

impl Future for Begun<'_> {
    type Output = Tried;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Tried> {
        self.asking.as_mut().poll(cx)
    }
}

impl Begun<'_> {
    fn so_far(&self) -> (ProviderRef, Asked) {
        let started = self.attempt.entry.started();
        (self.attempt.provider_ref, Asked { started, took: started.elapsed() })
    }
}

impl<'a> Rounds<'a> {
    /// How long the first may be silent; `None` if no second attempt is allowed.
    pub(super) fn patience(&self) -> Option<Duration> {
        let pool = self.pass.pool;
        let hedge = pool.hedge.as_ref()?;
        let harmless = self.inbound.needs_body
            && !self.inbound.form
            && (hedge.side_effects || !affinity::has_tools(self.inbound));
        if !harmless {
            return None;
        }
        match hedge.after {
            HedgeAfter::Time(time) => Some(time),
            HedgeAfter::Percentile(percent) => pool.live.hedging.percentile(percent),
        }
    }

    /// Makes one attempt, with a second one if it is silent for longer than `after`.
    pub(super) async fn hedged(
        &mut self,
        attempt: Box<Attempt<'a>>,
        after: Duration,
        record: &mut Record,
    ) -> Option<Result<Accepted, Refusal>> {
        let began = Instant::now();
        let mut first = self.begun(attempt);
        let second = self.second(record);
        let (winner, tried, mut loser) = match hedge::race(&mut first, after, second).await {
            Raced::First(tried, None) => {
                record.waited(began.elapsed());
                return self.judged(first.attempt, tried, record);
            }
            Raced::First(tried, Some(second)) => (first, tried, second),
            Raced::Second(tried, second) => (second, tried, first),
        };
        if tried.is_ok() {
            let (provider, asked) = loser.so_far();
            self.resent((provider, loser.attempt.provider), record);
            let told = self.given_up(loser);
            record.waited(began.elapsed());
            record.trail.asked(provider, Outcome::Hedged, asked, None);
            if let Some(usage) = told {
                record.trail.spent(usage);
            }
            return self.judged(winner.attempt, tried, record);
        }
        if let Some(end) = self.judged(winner.attempt, tried, record) {
            record.waited(began.elapsed());
            let (provider, asked) = loser.so_far();
            let attempt = loser.attempt.provider;
            record.trail.cut_off(provider, asked, self.given_up(loser));
            self.resent((provider, attempt), record);
            return Some(end);
        }
        let tried = (&mut loser).await;
        record.waited(began.elapsed());
        self.judged(loser.attempt, tried, record)
    }

    /// Cancels an attempt. Returns the tokens it had reported.
    fn given_up(&self, begun: Begun<'a>) -> Option<Usage> {
        let provider = begun.attempt.provider;
        self.tell_controller_of_silence(begun.attempt.provider_ref, begun.attempt.entry.started());
        drop(begun);
        self.inbound.given_up.take(provider)
    }

    /// A second attempt, if the hedge budget allows it and a healthy provider is available.
    async fn second(&mut self, record: &mut Record) -> Option<Begun<'a>> {
        let now = Instant::now();
        if self.budget.is_exhausted(now) {
            return None;
        }
        // The budget is checked before anything is taken, so that an unused provider stays
        // available for fallback.
        let at = self.pass.beside(now)?;
        let hedging = &self.pass.pool.live.hedging;
        if !hedging.spend() {
            return None;
        }
        let Some(attempt) = self.pass.take(at).await else {
            hedging.pays(1.0);
            return None;
        };
        self.budget.attempts += 1;
        record.trail.begins(attempt.provider_ref, attempt.entry.started());
        Some(self.begun(attempt))
    }

    fn begun(&self, mut attempt: Box<Attempt<'a>>) -> Begun<'a> {
        let asking = Box::pin(self.ask(&mut attempt));
        Begun { attempt, asking }
    }
}
