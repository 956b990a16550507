//! Requests that wait for the limits of their pool in place of being refused.
//!
//! What waits holds nothing that others need: the limits of its key are looked at when it comes, and taken
//! with those of the pool when its turn has come. A key whose requests wait for one model may ask for others
//! meanwhile, and what leaves has used nothing up. So the limits of the key may say no after a wait.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, atomic::AtomicBool},
};

use tokio::time::Instant;

use super::{
    admit::{Allowed, Held},
    limits,
    permits::{self, Permits},
};
use crate::{
    live::{Hold, Lane, Limited, Limits, Permit, Queue, Turned, Waiter, limit::window::Amount},
    record::{Holds, Record},
    refusal::{Refusal, Whose},
    table::{Caller, Table, access},
    upstream::inbound::Inbound,
};

/// What a request takes of its account, its key, its team and its pool when its turn has come; a refusal where
/// its key's own limits are in the way then.
type Admitted = Result<(Permits, Option<Box<Holds>>), Refusal>;
/// What is taken of the limits of a provider, or of a pool that takes over.
pub(crate) type Taken = (Permit, Option<Hold>);

/// The limits of a request whose pool has a queue, which it waits for until the moment `until` at most.
///
/// # Errors
/// The refusal of its key's own limits at once, of the queue where that is full, else of the limit that is in
/// the way for too long.
pub(crate) async fn hold(
    table: &Arc<Table>,
    allowed: &Allowed,
    inbound: &Inbound,
    record: &mut Record,
    until: Option<Instant>,
) -> Result<Held, Refusal> {
    let Allowed { pool, caller, .. } = *allowed;
    let Some(queue) = &table.pool(pool).queue else {
        return limits::hold(Arc::clone(table), allowed, inbound, record);
    };
    let take = |newest: &Limits| take(newest, table, allowed, inbound);
    let own = &table.pool(pool).limits;
    let is_free = queue.is_idle() && own.limited().is_none();
    let at_once = if is_free { take(own).ok() } else { None };
    let (permits, holds) = match at_once {
        Some(taken) => taken?,
        None => {
            limits::check_caller(table, caller)?;
            let served = AtomicBool::new(false);
            record.begins_to_wait();
            let waiter = Waiter { lane: lane(table, caller), until, served: &served };
            let waited = queue.wait(waiter, take).await;
            record.ends_to_wait();
            waited.map_err(|turned| refusal(turned, Whose::Pool))??
        }
    };
    record.holds = holds;
    Ok(Held { table: Arc::clone(table), pool, caller, permits })
}

/// Takes what a request needs of its account, its key, its team and its pool, or nothing.
///
/// # Errors
/// What is in the way at the pool, whose `newest` numbers count.
fn take(
    newest: &Limits,
    table: &Table,
    allowed: &Allowed,
    inbound: &Inbound,
) -> Result<Admitted, Limited> {
    let pool = table.pool(allowed.pool);
    let demand = inbound.demand.as_deref();
    let hold = match demand {
        Some(demand) => permits::hold_at(newest, demand.of_pool(pool))?,
        None => None,
    };
    let mut holds =
        demand.map(|demand| Box::new(Holds::new(demand.input, Arc::clone(&pool.live.typical))));
    let mut permits = Permits::new();
    let of_caller = permits::of_account(table, allowed.asked, allowed.caller).and_then(|account| {
        permits.extend(account);
        limits::of_caller(table, allowed, &mut permits, demand.zip(holds.as_deref_mut()))
    });
    match of_caller {
        Ok(()) => {}
        // It will soon be known what replicas share.
        Err(Refusal::StoreUnavailable) => return Err(Limited::NoStore),
        Err(refusal) => return Ok(Err(refusal)),
    }
    permits.push(newest.admit()?);
    if let (Some(holds), Some(hold)) = (&mut holds, hold) {
        limits::admitted(holds, hold, pool);
    }
    Ok(Ok((permits, holds)))
}

/// Waits in one queue for a place in flight, and for what an answer is expected to take.
///
/// # Errors
/// The queue is full, or what is in the way lasts too long.
pub(crate) async fn wait(
    queue: &Queue,
    waiter: Waiter<'_>,
    amount: Option<Amount>,
) -> Result<Taken, Turned> {
    let take = |newest: &Limits| {
        let hold = match amount {
            Some(amount) => permits::hold_at(newest, amount)?,
            None => None,
        };
        Ok((newest.admit()?, hold))
    };
    queue.wait(waiter, take).await
}

/// Among whose requests one of this caller waits, and with what weight. Callers without a key have one lane.
pub(crate) fn lane(table: &Table, caller: Caller) -> Lane {
    let Caller::Known(id) = caller else { return Lane { key: 0, weight: 1 } };
    let key = table.keyring.key(id);
    let mut hasher = DefaultHasher::new();
    // By its name, which a reload keeps; a literal token has none.
    match key.name() {
        Some(name) => name.hash(&mut hasher),
        None => id.hash(&mut hasher),
    }
    let priority = access::terms(table, caller).and_then(|terms| terms.priority);
    Lane { key: hasher.finish(), weight: priority.unwrap_or(1) }
}

/// How it is told that a request has not passed.
pub(crate) fn refusal(turned: Turned, whose: Whose) -> Refusal {
    match turned {
        Turned::Full(retry_after) => Refusal::QueueFull { whose, retry_after },
        Turned::Late(limited) => permits::refusal(limited, whose),
    }
}
