//! The attempt loop: who is next, one attempt, the verdict, and again, until one is accepted or
//! all are spent.
//!
//! Nothing has been sent to the client while this runs.

use std::time::{Duration, Instant};

use rand::Rng;
use smallvec::{SmallVec, smallvec};

use super::{
    admit::{self, Held},
    record::{Record, Step},
};
use crate::{
    choose::{self, Candidate},
    live::{Limited, Permit},
    refusal::{AllFailed, Refusal, Whose},
    table::{
        Pool, Provider,
        fallback::{Failure, Verdict},
    },
    upstream::{
        answer::Answer,
        attempt::{self, Failed, Scrutiny},
        client::Client,
        request::Inbound,
    },
};

/// An answer that goes to the client.
pub struct Accepted {
    /// The answer.
    pub answer: Answer,
    /// Who gave it, by its place in the pool.
    pub provider: usize,
    /// The provider's permit.
    pub permit: Permit,
}

/// Tries providers until one answer may be passed on.
pub async fn run(
    client: &Client,
    held: &Held,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Accepted, Refusal> {
    let pool = held.table.pool(held.pool);
    let scrutiny = Scrutiny { reads_errors: pool.fallback.enabled, needs_body: inbound.needs_body };
    let mut rounds = Rounds::new(pool);
    while let Some((provider, permit)) = rounds.next(record).await? {
        let begun = Instant::now();
        let tried = attempt::run(client, &pool.providers[provider], inbound, scrutiny).await;
        record.waited(begun.elapsed());
        match tried {
            Ok(answer) => {
                record.trail.push(provider, Step::Status(answer.status.as_u16()));
                return Ok(Accepted { answer, provider, permit });
            }
            Err(failed) => {
                record.trail.push(provider, Step::Failed(failed.failure));
                tracing::debug!(
                    alias = %pool.alias,
                    provider = %pool.providers[provider].name,
                    cause = failed.cause,
                    "attempt failed"
                );
                if pool.fallback.verdict(failed.failure) == Verdict::Stop {
                    return as_it_came(failed, provider, permit);
                }
                rounds.note(failed.retry_after.unwrap_or(AT_ONCE));
            }
        }
    }
    Err(rounds.spent(record))
}

/// The one answer there is, or what stands for it.
fn as_it_came(failed: Failed, provider: usize, permit: Permit) -> Result<Accepted, Refusal> {
    match (failed.answer, failed.failure) {
        (Some(answer), _) => Ok(Accepted { answer: *answer, provider, permit }),
        (None, Failure::Timeout) => Err(Refusal::UpstreamTimeout),
        (None, Failure::Connect | Failure::Reset) => Err(Refusal::UpstreamUnreachable),
        (None, Failure::Malformed(_) | Failure::Status(_)) => Err(Refusal::UpstreamMalformed),
    }
}

/// Where the loop stands.
struct Rounds<'a> {
    pool: &'a Pool,
    /// Providers that are out for the rest of this pass.
    out: SmallVec<[bool; 8]>,
    /// Providers that were tried in any pass.
    tried: SmallVec<[bool; 8]>,
    attempts: u32,
    attempts_in_pass: u32,
    repetitions: u32,
    slept: Duration,
    /// The soonest moment at which a provider may work again.
    soonest: Option<Duration>,
    limited: Option<Limited>,
}

impl<'a> Rounds<'a> {
    fn new(pool: &'a Pool) -> Self {
        let providers = pool.providers.len();
        Self {
            pool,
            out: smallvec![false; providers],
            tried: smallvec![false; providers],
            attempts: 0,
            attempts_in_pass: 0,
            repetitions: 0,
            slept: Duration::ZERO,
            soonest: None,
            limited: None,
        }
    }

    /// The next provider to try, with its permit; `None` when all are spent.
    async fn next(&mut self, record: &mut Record) -> Result<Option<(usize, Permit)>, Refusal> {
        while self.attempts < self.pool.fallback.max_attempts {
            let Some(provider) = self.choose() else {
                if self.attempts_in_pass == 0 {
                    break;
                }
                self.begin_pass();
                continue;
            };
            if !self.wait(provider).await {
                break;
            }
            match self.pool.providers[provider].limits.admit() {
                Ok(permit) => {
                    self.attempts += 1;
                    self.attempts_in_pass += 1;
                    self.tried[provider] = true;
                    self.out[provider] = !self.pool.fallback.with_replacement;
                    return Ok(Some((provider, permit)));
                }
                Err(limited) => self.pass_over(provider, limited, record)?,
            }
        }
        Ok(None)
    }

    /// Draws from the lowest tier that still has someone.
    fn choose(&self) -> Option<usize> {
        let waiting = || self.pool.providers.iter().enumerate().filter(|(at, _)| !self.out[*at]);
        let tier = waiting().map(|(_, provider)| provider.tier).min()?;
        let mut candidates: SmallVec<[Candidate; 8]> = waiting()
            .filter(|(_, provider)| provider.tier == tier)
            .map(|(at, provider)| candidate(at, provider))
            .collect();
        if let [only] = candidates.as_slice() {
            return Some(only.index);
        }
        // To leave the first of a `priority` tier is to fall back; elsewhere a full provider is
        // merely not drawn, as long as another one has room.
        if !self.pool.in_definition_order {
            let has_room =
                |candidate: &Candidate| self.pool.providers[candidate.index].limits.has_room();
            if candidates.iter().any(has_room) {
                candidates.retain(|candidate| has_room(candidate));
            }
        }
        let chosen = choose::next(&*self.pool.strategy, &candidates, 0, &mut rand::rng());
        Some(candidates[chosen].index)
    }

    /// A provider's own limit sends the request on only where the pool says so.
    fn pass_over(
        &mut self,
        provider: usize,
        limited: Limited,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let fallback = &self.pool.fallback;
        record.trail.push(provider, Step::Limited);
        if !(fallback.enabled && fallback.on_rate_limit) {
            return Err(admit::refusal(limited, Whose::Provider));
        }
        self.out[provider] = true;
        self.note(match limited {
            Limited::Rate(wait) => wait,
            Limited::Concurrency => AT_ONCE,
        });
        self.limited = Some(limited);
        Ok(())
    }

    fn begin_pass(&mut self) {
        self.out.fill(false);
        self.attempts_in_pass = 0;
    }

    /// Sleeps if the provider was tried before, unless its limit will pass it over anyway;
    /// `false` when there is no time left for it.
    async fn wait(&mut self, provider: usize) -> bool {
        if !self.tried[provider] || self.pool.providers[provider].limits.limited().is_some() {
            return true;
        }
        let chance = rand::rng().random();
        let Some(wait) = self.pool.fallback.wait(self.repetitions, chance, self.slept) else {
            return false;
        };
        self.repetitions += 1;
        self.slept += wait;
        tokio::time::sleep(wait).await;
        true
    }

    fn note(&mut self, wait: Duration) {
        self.soonest = Some(self.soonest.map_or(wait, |soonest| soonest.min(wait)));
    }

    /// The truth when nobody is left.
    fn spent(&self, record: &Record) -> Refusal {
        if self.pool.providers.is_empty() {
            return Refusal::NoProviders;
        }
        let attempted = record.trail.steps().any(Step::is_attempt);
        if let Some(limited) = self.limited.filter(|_| !attempted) {
            return match (limited, self.soonest) {
                (Limited::Rate(_), Some(soonest)) => {
                    admit::refusal(Limited::Rate(soonest), Whose::Provider)
                }
                _ => admit::refusal(limited, Whose::Provider),
            };
        }
        let how = if record.trail.steps().all(Step::is_rate_limit) {
            AllFailed::RateLimited
        } else if record.trail.steps().filter(|step| step.is_attempt()).all(Step::is_timeout) {
            AllFailed::TimedOut
        } else {
            AllFailed::Otherwise
        };
        Refusal::AllFailed { how, retry_after: self.soonest.unwrap_or(AT_ONCE) }
    }
}

fn candidate(index: usize, provider: &Provider) -> Candidate {
    Candidate {
        index,
        weight: provider.weight,
        factor: 1.0,
        in_flight: provider.limits.in_flight(),
        latency: None,
        identity: 0,
    }
}

/// A failure that says nothing of when to come back.
const AT_ONCE: Duration = Duration::from_secs(1);
