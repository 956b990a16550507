//! The attempt loop: who is next, one attempt, the verdict, and again, until one is accepted or
//! no provider is left; then the next pool, where the file names one.
//!
//! Nothing has been sent to the client while this runs.

mod budget;
mod ended;
mod hedge;
mod pass;
mod second;
mod spent;
pub(super) mod tell;
mod trial;

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;
use tokio::time::Instant;

use self::{
    budget::Budget,
    pass::{Attempt, Pass},
    spent::Notes,
};
use super::{
    admit::{self, Held},
    context::Context,
    permits::Permits,
    record::{Asked, Record, Step},
};
use crate::{
    live::{self, Entry, Retries},
    refusal::Refusal,
    table::{Caller, PoolId, Table, access},
    upstream::{
        answer::Answer, attempt, client::Client, failed::Failed, inbound::Inbound,
        judge::Inspection,
    },
};

/// An answer that goes to the client.
pub struct Accepted {
    /// The answer.
    pub answer: Box<Answer>,
    /// Who gave it.
    pub asked: Asked,
    /// The permits of the provider, and of its pool if that took over.
    pub permits: Permits,
    /// Hears how the answer ends; absent when the answer is a failure.
    pub entry: Option<Entry>,
}

/// Tries providers until one answer may be passed on.
pub async fn run(
    context: &Context,
    held: &Held,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Accepted, Refusal> {
    let mut rounds = Rounds::new(context, held, inbound)?;
    while let Some(mut attempt) = rounds.next(record).await? {
        let end = match rounds.patience() {
            None => {
                let tried = rounds.ask(&mut attempt).await;
                record.waited(attempt.entry.started().elapsed());
                rounds.judged(attempt, tried, record)
            }
            // Boxed: two attempts are too large to be carried by every request that has one.
            Some(after) => Box::pin(rounds.hedged(attempt, after, record)).await,
        };
        if let Some(end) = end {
            return end;
        }
    }
    rounds.exhausted(record)
}

/// Where the loop stands.
pub(super) struct Rounds<'a> {
    client: &'a Client,
    retries: &'a Arc<Retries>,
    table: &'a Table,
    caller: Caller,
    inbound: &'a Inbound,
    first: PoolId,
    /// Who takes over, in order.
    coming: &'a [PoolId],
    pass: Pass<'a>,
    budget: Budget,
    notes: Notes,
}

impl<'a> Rounds<'a> {
    fn new(context: &'a Context, held: &'a Held, inbound: &'a Inbound) -> Result<Self, Refusal> {
        let table = &*held.table;
        let pool = table.pool(held.pool);
        Ok(Self {
            client: &context.client,
            retries: &context.retries,
            table,
            caller: held.caller,
            inbound,
            first: held.pool,
            coming: &pool.fallback.to,
            pass: Pass::new(held.pool, pool, inbound),
            budget: Budget::new(&pool.fallback, &inbound.headers)?,
            notes: Notes::default(),
        })
    }

    /// The next attempt, with all that it holds; `None` when no provider is left.
    async fn next(&mut self, record: &mut Record) -> Result<Option<Attempt<'a>>, Refusal> {
        loop {
            let found = self.pass.next(&self.budget, &mut self.notes, record).await?;
            let found = match found {
                Some(attempt) => Some(attempt),
                None if self.budget.is_exhausted(Instant::now()) => None,
                None if self.take_over() => continue,
                None if self.budget.attempts > 0 => None,
                None => match self.notes.last_resort() {
                    Some(asked) => self.force(asked, record).await?,
                    None if self.waited_for_trial(record).await => continue,
                    None => None,
                },
            };
            match found.map(|attempt| self.within_budget(attempt)) {
                None => return Ok(None),
                Some(Ok(attempt)) => return Ok(Some(attempt)),
                Some(Err(attempt)) => {
                    record.trail.passed_over(attempt.asked, Step::Spared);
                    self.pass.release(*attempt);
                }
            }
        }
    }

    /// The next pool that this caller may use and that has room, if the present one says that it
    /// falls back at all.
    fn take_over(&mut self) -> bool {
        if !self.pass.pool.fallback.enabled {
            return false;
        }
        while let Some((&next, rest)) = self.coming.split_first() {
            self.coming = rest;
            let Ok(id) = access::resolve(self.table, next, self.caller) else { continue };
            if admit::may_ask(self.table.pool(id), self.inbound).is_err() {
                continue;
            }
            if id == self.first {
                continue;
            }
            let pool = self.table.pool(id);
            match pool.limits.admit() {
                Ok(permit) => {
                    self.budget.shorten(&pool.fallback);
                    self.pass = Pass::taking_over(id, pool, self.inbound, permit);
                    return true;
                }
                Err(limited) => self.notes.limited(limited),
            }
        }
        false
    }

    /// Every provider rests, or is on a trial that does not end: one is asked all the same.
    async fn force(
        &mut self,
        asked: Asked,
        record: &mut Record,
    ) -> Result<Option<Attempt<'a>>, Refusal> {
        if asked.pool != self.pass.id {
            let pool = self.table.pool(asked.pool);
            self.pass = match asked.pool == self.first {
                true => Pass::new(asked.pool, pool, self.inbound),
                false => match pool.limits.admit() {
                    Ok(permit) => Pass::taking_over(asked.pool, pool, self.inbound, permit),
                    Err(_) => return Ok(None),
                },
            };
        }
        self.pass.force(asked.provider as usize, &mut self.notes, record).await
    }

    /// The only ones left are on trial: waits until one is decided, and begins again. Who asks
    /// meanwhile would be the second to ask a provider of which nobody knows whether it is well; a
    /// trial that takes too long is no reason not to. `false`: nobody is on trial.
    async fn waited_for_trial(&mut self, record: &mut Record) -> bool {
        let on_trial = std::mem::take(&mut self.notes.on_trial);
        let Some(&one) = on_trial.first() else { return false };
        let providers: SmallVec<[&live::Provider; 2]> =
            on_trial.iter().map(|asked| &*asked.among(self.table).live).collect();
        let began = Instant::now();
        let end = self.budget.left(began).map_or(LONGEST_TRIAL, |left| left.min(LONGEST_TRIAL));
        let decided = trial::one_decided(&providers, began + end).await;
        record.waited(began.elapsed());
        if decided {
            let pool = self.table.pool(self.first);
            self.pass = Pass::new(self.first, pool, self.inbound);
            self.coming = &pool.fallback.to;
        } else {
            self.notes.undecided(one);
        }
        true
    }

    /// A further attempt at a provider that failed the last time, by whomever it was asked, is
    /// what storms are made of: without a place in its pool's budget it is passed over.
    fn within_budget(&mut self, mut attempt: Attempt<'a>) -> Result<Attempt<'a>, Box<Attempt<'a>>> {
        let now = attempt.entry.started();
        // Of the alias that was asked for, whichever pool takes over.
        let budget = &self.table.pool(self.first).live.retries;
        if self.budget.attempts == 0 {
            self.retries.began(budget, now);
        } else if attempt.provider.live.is_ailing() {
            attempt.extra = self.retries.extra(budget, now);
            if attempt.extra.is_none() {
                return Err(Box::new(attempt));
            }
        }
        self.budget.attempts += 1;
        Ok(attempt)
    }

    /// Asks one. It borrows nothing of the loop, so that another may be asked meanwhile.
    fn ask(
        &self,
        attempt: &mut Attempt<'a>,
    ) -> impl Future<Output = Result<Box<Answer>, Failed>> + use<'a> {
        let stream = self.inbound.stream;
        let timeouts = &attempt.provider.timeouts;
        let inspection = Inspection {
            reads_errors: self.pass.pool.fallback.enabled,
            needs_body: self.inbound.needs_body,
            waits_for_content: stream && timeouts.first_event.is_some(),
        };
        let deadlines = self.budget.deadlines(timeouts, stream, attempt.entry.started());
        let outgoing = std::mem::take(&mut attempt.outgoing);
        attempt::run(self.client, attempt.provider, self.inbound, outgoing, inspection, deadlines)
    }
}

/// How long somebody else's trial is waited for at most.
const LONGEST_TRIAL: Duration = Duration::from_secs(10);
