//! What the end of an attempt means: it is accepted, another follows, or its failure is the answer.
//!
//! It asks nobody.

use tokio::time::Instant;

use super::{Accepted, Rounds, pass::Attempt, tell};
use crate::{
    failure::{Class, What},
    refusal::Refusal,
    secret::names::label,
    serve::{
        permits::Permits,
        record::{Asked, Record, Step},
    },
    table::fallback::Verdict,
    upstream::{answer::Answer, failed::Failed, headroom},
};

impl<'a> Rounds<'a> {
    /// What the end of an attempt means; `None` where another may follow.
    pub(super) fn judged(
        &mut self,
        attempt: Attempt<'a>,
        tried: Result<Box<Answer>, Failed>,
        record: &mut Record,
    ) -> Option<Result<Accepted, Refusal>> {
        match tried {
            Ok(answer) => Some(Ok(self.accept(attempt, answer, record))),
            Err(failed) => self.failed(attempt, failed, record),
        }
    }

    fn accept(
        &mut self,
        mut attempt: Attempt<'a>,
        answer: Box<Answer>,
        record: &mut Record,
    ) -> Accepted {
        let now = Instant::now();
        if let Some(hedge) = &self.pass.pool.hedge {
            let hedging = &self.pass.pool.live.hedging;
            hedging.began(now.saturating_duration_since(attempt.entry.started()));
            hedging.pays(hedge.max_extra);
        }
        attempt.entry.accepted(now);
        if self.pass.pool.providers.len() > 1 {
            let low_for = headroom::low_for(&answer.headers);
            attempt.provider.live.headroom().said(low_for, now);
        }
        record.answered_at(answer.status, now.into_std());
        record.trail.push(attempt.asked, Step::Status(answer.status.as_u16()));
        let permits = self.pass.permits(attempt.permit);
        Accepted { answer, asked: attempt.asked, permits, entry: Some(attempt.entry) }
    }

    /// What a failure means; `Some` when it is the end.
    fn failed(
        &mut self,
        attempt: Attempt<'a>,
        failed: Failed,
        record: &mut Record,
    ) -> Option<Result<Accepted, Refusal>> {
        let Attempt { asked, provider, permit, entry, .. } = attempt;
        let taken = entry.started().elapsed();
        let pool = self.pass.pool;
        record.trail.push(asked, Step::Failed(failed.failure));
        tracing::debug!(
            alias = %label(&pool.alias), provider = %label(&provider.name), cause = failed.cause, "attempt failed"
        );
        if failed.failure.class == Class::Credential {
            pool.live.meters.credential_refused(&provider.name);
        }
        if let Some(reason) = tell::failed(entry, &failed) {
            tell::rests(&pool.alias, provider, reason);
        }
        match pool.fallback.verdict(failed.failure, taken) {
            Verdict::Stop => Some(as_it_came(failed, asked, self.pass.permits(permit))),
            Verdict::Next => {
                self.notes.back_in(failed.retry_after, provider.live.state(Instant::now()));
                if failed.failure.class == Class::ContextWindow {
                    self.pass.refused_for_length(provider);
                }
                self.notes.keep(failed, asked);
                None
            }
        }
    }

    /// The truth when no provider is left.
    pub(super) fn exhausted(&mut self, record: &Record) -> Result<Accepted, Refusal> {
        let all_refused = record.trail.steps().filter(|step| step.is_attempt());
        let mut all_refused = all_refused.peekable();
        if all_refused.peek().is_some()
            && all_refused.all(Step::is_refusal)
            && let Some((asked, answer)) = self.notes.kept.take()
        {
            return Ok(Accepted { answer, asked, permits: Permits::new(), entry: None });
        }
        Err(self.notes.refusal(self.pass.pool, record))
    }
}

/// The one answer there is, or what stands for it.
fn as_it_came(failed: Failed, asked: Asked, permits: Permits) -> Result<Accepted, Refusal> {
    match (failed.answer, failed.failure.what) {
        (Some(answer), _) => Ok(Accepted { answer, asked, permits, entry: None }),
        (None, What::Timeout) => Err(Refusal::UpstreamTimeout),
        (None, What::Connect | What::Reset) => Err(Refusal::UpstreamUnreachable),
        (None, What::Malformed(_) | What::Status(_)) => Err(Refusal::UpstreamMalformed),
    }
}
