//! The pass through one pool: chooses the next provider, takes what an attempt needs, and starts
//! another pass.
//!
//! It makes no attempt, and sleeps only before a retry.

mod admission;
mod choice;
mod retry;
mod spared;

use std::time::Duration;

use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use super::{
    budget::Budget,
    steer::{self, Spared},
    view::{Needs, verdict},
};
use crate::{
    live::{Entry, Extra, Hold, Lane, Permit, State},
    protocol::Operation,
    record::{Outcome, Record, Trail},
    refusal::Refusal,
    serve::{affinity, permits::Permits, waiting::Taken},
    table::{Pool, PoolId, Provider, ProviderRef},
    upstream::{
        inbound::Inbound,
        prepare::{Outgoing, Preparing, prepare},
    },
};

/// An attempt at one provider and what it holds. Always boxed, since it is large and moves often.
pub(super) struct Attempt<'a> {
    pub(crate) provider_ref: ProviderRef,
    pub(crate) provider: &'a Provider,
    pub(crate) permit: Permit,
    pub(crate) entry: Entry,
    pub(crate) extra: Option<Extra>,
    /// Its reservation of the provider's tokens and money.
    pub(crate) hold: Option<Hold>,
    /// The request in the provider's protocol.
    pub(crate) outgoing: Outgoing<'a>,
}

/// A retry at the same provider.
struct Stay {
    at: usize,
    until: Instant,
    /// Whether it is a retry of `stay`, which the pool does not count.
    is_free: bool,
}

/// The state of the loop in one pool.
pub(super) struct Pass<'a> {
    pub(crate) id: PoolId,
    pub(crate) pool: &'a Pool,
    inbound: &'a Inbound,
    /// The permit of this pool, if it has taken over.
    permit: Option<Permit>,
    /// The reservation of this pool's tokens and money, if it has taken over.
    pub(crate) hold: Option<Hold>,
    /// Providers excluded from the rest of this pass.
    out: SmallVec<[bool; 8]>,
    /// Providers tried in any pass.
    tried: SmallVec<[bool; 8]>,
    attempts: u32,
    attempts_in_pass: u32,
    /// Retries of `stay`, which the pool does not count.
    stayed: u32,
    /// Consecutive retries.
    in_a_row: u32,
    /// The retry at the same provider before another one, and its time.
    stay: Option<Box<Stay>>,
    repetitions: u32,
    slept: Duration,
    /// Providers that are not asked first.
    spared: Spared,
    /// The key of the request for `sticky`.
    key: u64,
    /// What the request needs from a provider.
    needs: Needs<'a>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(id: PoolId, pool: &'a Pool, inbound: &'a Inbound) -> Self {
        let providers = pool.providers.len();
        let particular = inbound
            .endpoint
            .as_ref()
            .filter(|endpoint| matches!(endpoint.operation, Operation::Embed | Operation::Native));
        // A batch has many prompts, each of which may fit.
        let measures = pool.has_windows && particular.is_none();
        Self {
            id,
            pool,
            inbound,
            permit: None,
            hold: None,
            out: smallvec![false; providers],
            tried: smallvec![false; providers],
            attempts: 0,
            attempts_in_pass: 0,
            stayed: 0,
            in_a_row: 0,
            stay: None,
            repetitions: 0,
            slept: Duration::ZERO,
            spared: match &pool.steering {
                Some(_) => steer::spared(pool, inbound, Instant::now(), &mut rand::rng()),
                None => None,
            },
            key: pool.sticky.as_ref().map_or(0, |by| affinity::key(by, inbound)),
            needs: Needs {
                longer_than: if measures { affinity::certain_tokens(inbound) } else { 0 },
                particular,
                required: [inbound.required.as_deref(), pool.required.as_deref(), None],
                inbound: Some(inbound),
            },
        }
    }

    pub(super) fn taking_over(
        id: PoolId,
        pool: &'a Pool,
        inbound: &'a Inbound,
        (permit, hold): (Permit, Option<Hold>),
    ) -> Self {
        Self { permit: Some(permit), hold, ..Self::new(id, pool, inbound) }
    }

    /// The alias whose rule redirected here also has requirements.
    pub(super) fn led_by(&mut self, pool: &'a Pool) {
        self.needs.required[2] = pool.required.as_deref();
    }

    /// The next provider; `None` if this pool is exhausted.
    pub(super) async fn next(
        &mut self,
        budget: &Budget,
        record: &mut Record,
    ) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        let Self { pool, inbound, .. } = *self;
        let mut now = Instant::now();
        let most = pool.fallback.max_attempts;
        while (self.attempts < most + self.stayed || self.stay.is_some())
            && !budget.is_exhausted(now)
        {
            let mut is_free = false;
            let at = if let Some(stay) = self.stay.take() {
                tokio::time::sleep_until(stay.until).await;
                now = Instant::now();
                self.in_a_row += 1;
                is_free = stay.is_free;
                stay.at
            } else if let Some(at) = self.choose(now, record) {
                self.in_a_row = 0;
                if self.tried[at] {
                    if !self.wait(at, budget, now).await {
                        break;
                    }
                    now = Instant::now();
                }
                at
            } else if self.attempts_in_pass == 0 || self.awaits(&record.trail) {
                break;
            } else {
                self.begin_pass(&record.trail);
                continue;
            };
            // Waits before anything is taken that could not be returned.
            let prepared = match prepare(inbound, &pool.providers[at]) {
                Preparing::Now(prepared) => prepared,
                Preparing::Later(preparing) => {
                    let prepared = preparing.await;
                    now = Instant::now();
                    prepared
                }
            };
            let outgoing = match prepared {
                Ok(outgoing) => outgoing,
                Err(refusal) => {
                    self.unfit(at, refusal, record)?;
                    continue;
                }
            };
            let entry = match pool.providers[at].live.enter(now) {
                Ok(entry) => entry,
                // Another request took the trial first, or other replicas go first.
                Err(state) => match self.enter_in_turn(at, state, now, record).await {
                    Some(entry) => entry,
                    None => continue,
                },
            };
            match self.admit_when_known(at).await {
                Ok(held) => {
                    self.stayed += u32::from(is_free);
                    return Ok(Some(self.attempt(at, entry, held, outgoing)));
                }
                Err(limited) => self.limited(at, limited, record)?,
            }
        }
        Ok(None)
    }

    /// Asks the provider although it is in cooldown; `None` if its protocol cannot express the
    /// request.
    pub(super) async fn force(
        &mut self,
        at: usize,
        (lane, until): (Lane, Option<Instant>),
        record: &mut Record,
    ) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        let Self { pool, inbound, .. } = *self;
        let outgoing = match prepare(inbound, &pool.providers[at]).done().await {
            Ok(outgoing) => outgoing,
            Err(refusal) => return self.unfit(at, refusal, record).map(|()| None),
        };
        let taken = self.admit_in_turn(at, (lane, until), record).await?;
        let entry = pool.providers[at].live.enter_resting(Instant::now());
        Ok(Some(self.attempt(at, entry, taken, outgoing)))
    }

    /// Asks the provider for whose limits the request has waited; `None` if it is in cooldown by
    /// now, or its protocol cannot express the request.
    pub(super) async fn with(
        &mut self,
        at: usize,
        taken: Taken,
        record: &mut Record,
    ) -> Result<Option<Box<Attempt<'a>>>, Refusal> {
        let Self { pool, inbound, .. } = *self;
        let outgoing = match prepare(inbound, &pool.providers[at]).done().await {
            Ok(outgoing) => outgoing,
            Err(refusal) => return self.unfit(at, refusal, record).map(|()| None),
        };
        let now = Instant::now();
        let entry = match pool.providers[at].live.enter(now) {
            Ok(entry) => Some(entry),
            Err(state) => self.enter_in_turn(at, state, now, record).await,
        };
        Ok(entry.map(|entry| self.attempt(at, entry, taken, outgoing)))
    }

    /// The provider could not be entered: it is passed over, unless replicas take turns and this
    /// one has the trial.
    #[cold]
    async fn enter_in_turn(
        &mut self,
        at: usize,
        state: State,
        now: Instant,
        record: &mut Record,
    ) -> Option<Entry> {
        // Boxed, since it rarely happens.
        match Box::pin(self.pool.providers[at].live.enter_in_turn(state)).await {
            Ok(entry) => Some(entry),
            Err(state) => {
                self.rests(at, state, now, record);
                None
            }
        }
    }

    /// Takes this provider, unless its protocol, its trial or its limit prevents it.
    pub(super) async fn take(&mut self, at: usize) -> Option<Box<Attempt<'a>>> {
        let Self { pool, inbound, .. } = *self;
        let provider = &pool.providers[at];
        let outgoing = prepare(inbound, provider).done().await.ok()?;
        let entry = provider.live.enter(Instant::now()).ok()?;
        let taken = self.admit(at).ok()?;
        Some(self.attempt(at, entry, taken, outgoing))
    }

    /// Cancels the attempt, and excludes its provider from this pass; what it holds is returned.
    pub(super) fn release(&mut self, attempt: Box<Attempt<'a>>) {
        self.attempts -= 1;
        self.attempts_in_pass -= 1;
        self.out[attempt.provider_ref.provider as usize] = true;
    }

    /// A provider has refused the prompt's length, so only larger context windows are left.
    pub(super) fn refused_for_length(&mut self, provider: &Provider) {
        let least = provider.context_window.unwrap_or(0);
        self.needs.longer_than = self.needs.longer_than.max(least);
    }

    /// Excludes a provider from all passes, since it would refuse the same request again.
    pub(super) fn leave_out(&mut self, provider: ProviderRef) {
        if provider.pool == self.id {
            self.out[provider.provider as usize] = true;
        }
    }

    /// Whether another provider of this pool may be asked.
    pub(super) fn has_another(&self, here: usize, now: Instant) -> bool {
        let Self { pool, needs, .. } = self;
        let is_well = |(at, it): (usize, &Provider)| {
            at != here && verdict(it, needs, now).is_ok() && it.limits.limited().is_none()
        };
        self.attempts < pool.fallback.max_attempts + self.stayed
            && pool.providers.iter().enumerate().any(is_well)
    }

    /// What the request needs from a provider.
    pub(super) fn needs(&self) -> &Needs<'a> {
        &self.needs
    }

    /// The permits for an answer of this pool.
    pub(super) fn permits(&mut self, own: Permit) -> Permits {
        let mut permits = Permits::new();
        permits.push(own);
        permits.extend(self.permit.take());
        permits
    }

    fn attempt(
        &mut self,
        at: usize,
        entry: Entry,
        (permit, hold): (Permit, Option<Hold>),
        outgoing: Outgoing<'a>,
    ) -> Box<Attempt<'a>> {
        self.attempts += 1;
        self.attempts_in_pass += 1;
        self.tried[at] = true;
        self.out[at] = !self.pool.fallback.with_replacement;
        let provider = &self.pool.providers[at];
        let provider_ref = self.provider_ref(at);
        let attempt =
            Attempt { provider_ref, provider, permit, entry, extra: None, hold, outgoing };
        Box::new(attempt)
    }

    /// A provider whose protocol cannot express the request costs nothing. Another one is asked
    /// only if the pool falls back.
    fn unfit(&mut self, at: usize, refusal: Refusal, record: &mut Record) -> Result<(), Refusal> {
        if !self.pool.fallback.enabled && !refusal.is_of_effort() {
            record.trail.passed_over(self.provider_ref(at), Outcome::Unfit, None);
            return Err(refusal);
        }
        self.out[at] = true;
        record.trail.unfit(self.provider_ref(at), refusal);
        Ok(())
    }

    /// Starts another pass, without providers that would refuse the same request again.
    fn begin_pass(&mut self, trail: &Trail) {
        self.out.fill(false);
        self.attempts_in_pass = 0;
        trail.refused_for_good().for_each(|provider| self.leave_out(provider));
    }

    fn provider_ref(&self, at: usize) -> ProviderRef {
        ProviderRef { pool: self.id, provider: at as u32 }
    }
}
