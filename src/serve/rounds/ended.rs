//! Judges the end of an attempt: it is accepted, another follows, or its failure is the answer.
//! This is the only place that judges a failure.

use std::time::Duration;

use tokio::time::Instant;

use super::{Accepted, Rounds, exhausted, pass::Attempt, steer, tell};
use crate::{
    failure::{Brief, Class, What},
    live::State,
    record::{
        Holder, Outcome, Record,
        trail::{AT_ONCE, Asked},
    },
    refusal::Refusal,
    secret::names::label,
    serve::{outages, permits::Permits},
    table::{Caller, Provider, ProviderRef, fallback::Verdict},
    upstream::{answer::Answer, failed::Failed, headroom},
};

impl<'a> Rounds<'a> {
    /// Judges the end of an attempt; `None` if another may follow.
    pub(super) fn judged(
        &mut self,
        attempt: Box<Attempt<'a>>,
        tried: Result<Box<Answer>, Failed>,
        record: &mut Record,
    ) -> Option<Result<Accepted, Refusal>> {
        self.judged_at(Instant::now(), attempt, tried, record)
    }

    /// The same at a given time.
    pub(super) fn judged_at(
        &mut self,
        now: Instant,
        attempt: Box<Attempt<'a>>,
        tried: Result<Box<Answer>, Failed>,
        record: &mut Record,
    ) -> Option<Result<Accepted, Refusal>> {
        self.resent((attempt.provider_ref, attempt.provider), record);
        match tried {
            Ok(answer) => Some(Ok(self.accept(attempt, answer, now, record))),
            Err(failed) => self.failed(attempt, failed, record),
        }
    }

    /// Records that an attempt was sent twice.
    pub(super) fn resent(&self, (place, provider): (ProviderRef, &Provider), record: &mut Record) {
        self.inbound.resends.tell(provider, |started, took| {
            record.trail.resent(place, Asked { started, took });
        });
    }

    fn accept(
        &mut self,
        mut attempt: Box<Attempt<'a>>,
        answer: Box<Answer>,
        now: Instant,
        record: &mut Record,
    ) -> Accepted {
        if let Some(hedge) = &self.pass.pool.hedge {
            let hedging = &self.pass.pool.live.hedging;
            hedging.began(now.saturating_duration_since(attempt.entry.started()));
            hedging.pays(hedge.max_extra);
        }
        if attempt.provider.live.last_attempt_failed() {
            outages::recovered(&self.pass.pool.alias, attempt.provider);
        }
        let started = attempt.entry.started();
        let asked = Asked { started, took: now.saturating_duration_since(started) };
        attempt.entry.accepted(asked.took, now);
        if self.steers(attempt.provider_ref) {
            let pool = self.table.pool(attempt.provider_ref.pool);
            let at = attempt.provider_ref.provider as usize;
            steer::accepted(pool, at, started, now);
        }
        if self.pass.pool.providers.len() > 1 {
            let low_for = headroom::low_for(&answer.headers);
            attempt.provider.live.headroom().said(low_for, now);
        }
        record.answered_at(answer.status, now.into_std());
        let (provider, outcome) = (attempt.provider_ref, Outcome::Status(answer.status.as_u16()));
        record.trail.asked(provider, outcome, asked, None);
        if let Some(holds) = &mut record.holds {
            let pool = self.pass.pool;
            if let Some(hold) = attempt.hold.take() {
                let name = format!("{}/{}", pool.shown(), attempt.provider.shown());
                holds.served(provider, hold, Holder::new("provider", &name));
            }
            if let Some(hold) = self.pass.hold.take() {
                holds.served(provider, hold, Holder::new("alias", pool.shown()));
            }
        }
        let permits = self.pass.permits(attempt.permit);
        Accepted { answer, provider, permits, entry: Some(attempt.entry) }
    }

    /// Judges a failure; `Some` if it is the answer.
    fn failed(
        &mut self,
        attempt: Box<Attempt<'a>>,
        mut failed: Failed,
        record: &mut Record,
    ) -> Option<Result<Accepted, Refusal>> {
        if attempt.provider.caller_credential.is_some() {
            failed.failure.class = of_callers_key(failed.failure.class);
        }
        let Attempt { provider_ref, provider, permit, entry, .. } = *attempt;
        let started = entry.started();
        let asked = Asked { started, took: started.elapsed() };
        self.tell_controller(provider_ref, started, failed.failure);
        let pool = self.pass.pool;
        tracing::debug!(
            alias = %label(&pool.alias), provider = %label(&provider.name), cause = %failed.cause(), "attempt failed"
        );
        if tell::is_the_providers(failed.failure.class) {
            let request_id = record.request_id();
            let request_id = request_id.to_str().unwrap_or_default();
            outages::failed(&pool.alias, provider, &failed, request_id);
        }
        if let Some(reason) = tell::failed(entry, &failed) {
            tell::rests(&pool.alias, provider, reason);
        }
        let outcome = Outcome::Failed(failed.failure);
        // An attempt that was cancelled by its timeout.
        let noted = self.inbound.given_up.take(provider);
        let usage = failed.usage.or(noted);
        let ended = |record: &mut Record, again_in| {
            record.trail.asked(provider_ref, outcome, asked, again_in);
            if let Some(usage) = usage {
                record.trail.spent(usage);
            }
        };
        match self.verdict(failed.failure, asked.took) {
            Verdict::Stop => {
                ended(record, None);
                Some(as_it_came(failed, provider_ref, self.pass.permits(permit)))
            }
            Verdict::Next => {
                let wait = wait(failed.retry_after, provider);
                let again_in = wait.unwrap_or(AT_ONCE);
                ended(record, Some(again_in));
                let class = failed.failure.class;
                if class == Class::ContextWindow {
                    self.pass.refused_for_length(provider);
                }
                // Asking a silent provider again would only double the wait.
                let is_silent = failed.failure.what == What::Timeout;
                if class.is_lasting() {
                    self.pass.leave_out(provider_ref);
                } else if !is_silent || !self.may_be_followed(provider_ref, Instant::now()) {
                    self.pass.stay(provider_ref, wait, &self.budget);
                }
                if outcome.is_refusal()
                    && let Some(answer) = failed.answer
                {
                    self.kept = Some((provider_ref, answer));
                }
                None
            }
        }
    }

    /// Reports a failure to the AIMD controller of the provider, if there is one.
    fn tell_controller(&self, provider: ProviderRef, began: Instant, failure: Brief) {
        if self.steers(provider) {
            let pool = self.table.pool(provider.pool);
            steer::failed(pool, provider.provider as usize, began, Instant::now(), failure);
        }
    }

    /// Reports an attempt that another was quicker than to the AIMD controller of its provider, if
    /// there is one: a hedge would otherwise hide a slow provider from it.
    pub(super) fn tell_controller_of_silence(&self, provider: ProviderRef, began: Instant) {
        if self.steers(provider) {
            let pool = self.table.pool(provider.pool);
            steer::outrun(pool, provider.provider as usize, began, Instant::now());
        }
    }

    /// The verdict of the pool's rules on a failure after this time.
    fn verdict(&self, failure: Brief, taken: Duration) -> Verdict {
        let rules = &self.pass.pool.fallback;
        match rules.realtime_on_status {
            Some(_) if self.is_realtime() => rules.realtime_verdict(failure, taken),
            _ => rules.verdict(failure, taken),
        }
    }

    /// Whether this provider has an AIMD controller.
    fn steers(&self, provider: ProviderRef) -> bool {
        self.table.pool(provider.pool).steering.is_some()
    }

    /// Whether the request is not batch work.
    fn is_realtime(&self) -> bool {
        match self.caller {
            Caller::Known(key) => !self.table.keyring.key(key).is_for_batches(),
            _ => true,
        }
    }

    /// The answer when no provider is left.
    pub(super) fn exhausted(&mut self, record: &Record) -> Result<Accepted, Refusal> {
        if exhausted::is_refused_by_all(&record.trail)
            && let Some((provider, answer)) = self.kept.take()
        {
            return Ok(Accepted { answer, provider, permits: Permits::new(), entry: None });
        }
        let turned = self.waits.take().and_then(|waits| waits.turned);
        let turned = turned.filter(|_| self.budget.attempts == 0);
        Err(turned.unwrap_or_else(|| exhausted::refusal(&record.trail, self.pass.pool)))
    }
}

/// The class of a refusal of the client's own credential. It says nothing about the provider, which
/// others use with theirs.
fn of_callers_key(class: Class) -> Class {
    match class {
        Class::Credential | Class::Quota | Class::RateLimit => Class::Client,
        class => class,
    }
}

/// When a failed provider may be worth another attempt, if known.
fn wait(retry_after: Option<Duration>, provider: &Provider) -> Option<Duration> {
    let now = Instant::now();
    let rest = match provider.live.state(now) {
        State::Resting { until, reason } if !reason.is_open_ended() => {
            Some(until.saturating_duration_since(now))
        }
        _ => None,
    };
    rest.max(retry_after)
}

/// The only answer, or the refusal in its place.
fn as_it_came(
    failed: Failed,
    provider: ProviderRef,
    permits: Permits,
) -> Result<Accepted, Refusal> {
    match (failed.answer, failed.failure.what) {
        (Some(answer), _) => Ok(Accepted { answer, provider, permits, entry: None }),
        (None, What::Timeout) => Err(Refusal::UpstreamTimeout),
        (None, What::Connect) => Err(Refusal::UpstreamUnreachable),
        (None, What::Reset) => Err(Refusal::UpstreamBrokeOff),
        (None, What::Malformed(_) | What::Status(_)) => Err(Refusal::UpstreamMalformed),
    }
}
