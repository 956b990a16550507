//! The attempt loop: who is next, one attempt, the verdict, and again, until one is accepted or
//! all are spent; then the next pool, where the file names one.
//!
//! Nothing has been sent to the client while this runs.

mod budget;
mod ended;
pub(super) mod pass;
mod spent;
pub(super) mod tell;
mod trial;

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;
use tokio::time::Instant;

use self::{
    budget::Budget,
    pass::{Chosen, Pass},
    spent::Notes,
};
use super::{
    Front,
    admit::{self, Held},
    hedge::{self, Outcome},
    permits::Permits,
    record::{Asked, Record, Step},
};
use crate::{
    live::{self, Entry, Retries},
    refusal::Refusal,
    table::{Caller, Pool, PoolId, Table, access},
    upstream::{
        answer::Answer,
        attempt::{self, Scrutiny},
        client::Client,
        failed::Failed,
        request::Inbound,
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
    front: &Front,
    held: &Held,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Accepted, Refusal> {
    let mut rounds = Rounds::new(front, held, inbound)?;
    while let Some(chosen) = rounds.next(record).await? {
        let (chosen, tried) = match hedge::attempt(&mut rounds, chosen, record).await {
            Outcome::Tried(chosen, tried) => (chosen, tried),
            Outcome::Ended(end) => return end,
        };
        match tried {
            Ok(answer) => return Ok(rounds.accept(chosen, answer, record)),
            Err(failed) => {
                let taken = chosen.entry.started().elapsed();
                if let Some(end) = rounds.failed(chosen, failed, taken, record) {
                    return end;
                }
            }
        }
    }
    rounds.spent(record)
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
    fn new(front: &'a Front, held: &'a Held, inbound: &'a Inbound) -> Result<Self, Refusal> {
        let table = &*held.table;
        let pool = table.pool(held.pool);
        Ok(Self {
            client: &front.client,
            retries: &front.retries,
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

    /// The next to try, with all that the attempt holds; `None` when all are spent.
    async fn next(&mut self, record: &mut Record) -> Result<Option<Chosen<'a>>, Refusal> {
        loop {
            let found = self.pass.next(&self.budget, &mut self.notes, record).await?;
            let found = match found {
                Some(chosen) => Some(chosen),
                None if self.budget.is_spent(Instant::now()) => None,
                None if self.take_over() => continue,
                None if self.budget.attempts > 0 => None,
                None => match self.notes.last_resort() {
                    Some(asked) => self.insist(asked, record).await?,
                    None if self.waited_for_trial(record).await => continue,
                    None => None,
                },
            };
            match found.map(|chosen| self.within_budget(chosen)) {
                None => return Ok(None),
                Some(Ok(chosen)) => return Ok(Some(chosen)),
                Some(Err(chosen)) => {
                    record.trail.passed_over(chosen.asked, Step::Spared);
                    self.pass.spare(*chosen);
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

    /// Everybody rests, or is on a trial that does not end: one is asked all the same.
    async fn insist(
        &mut self,
        asked: Asked,
        record: &mut Record,
    ) -> Result<Option<Chosen<'a>>, Refusal> {
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
        self.pass.insist(asked.provider as usize, &mut self.notes, record).await
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
    fn within_budget(&mut self, mut chosen: Chosen<'a>) -> Result<Chosen<'a>, Box<Chosen<'a>>> {
        let now = chosen.entry.started();
        // Of the alias that was asked for, whichever pool takes over.
        let budget = &self.table.pool(self.first).live.retries;
        if self.budget.attempts == 0 {
            self.retries.began(budget, now);
        } else if chosen.provider.live.is_ailing() {
            chosen.extra = self.retries.extra(budget, now);
            if chosen.extra.is_none() {
                return Err(Box::new(chosen));
            }
        }
        self.budget.attempts += 1;
        Ok(chosen)
    }

    /// The pool that is being tried.
    pub(super) fn pool(&self) -> &'a Pool {
        self.pass.pool
    }

    /// The request.
    pub(super) fn inbound(&self) -> &'a Inbound {
        self.inbound
    }

    /// A second one to ask beside the first, where the pool's requests have paid for it and
    /// somebody is there who is well.
    pub(super) async fn hedge(&mut self) -> Option<Chosen<'a>> {
        let now = Instant::now();
        if self.budget.is_spent(now) {
            return None;
        }
        // What has to be paid comes before what is taken: who is not asked stays for falling back.
        let at = self.pass.beside(now)?;
        let hedging = &self.pass.pool.live.hedging;
        if !hedging.spend() {
            return None;
        }
        let Some(chosen) = self.pass.take(at).await else {
            hedging.pays(1.0);
            return None;
        };
        self.budget.attempts += 1;
        Some(chosen)
    }

    /// Asks one. It borrows nothing of the loop, so that another may be asked meanwhile.
    pub(super) fn attempt(
        &self,
        chosen: &mut Chosen<'a>,
    ) -> impl Future<Output = Result<Box<Answer>, Failed>> + use<'a> {
        let stream = self.inbound.stream;
        let timeouts = &chosen.provider.timeouts;
        let scrutiny = Scrutiny {
            reads_errors: self.pass.pool.fallback.enabled,
            needs_body: self.inbound.needs_body,
            waits_for_content: stream && timeouts.first_event.is_some(),
        };
        let allowance = self.budget.allowance(timeouts, stream, chosen.entry.started());
        let rewritten = chosen.rewritten.take();
        attempt::run(self.client, chosen.provider, self.inbound, rewritten, scrutiny, allowance)
    }
}

/// How long somebody else's trial is waited for at most.
const LONGEST_TRIAL: Duration = Duration::from_secs(10);
