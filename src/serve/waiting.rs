//! Requests that wait for the limits of their pool instead of being refused.
//!
//! A waiting request holds nothing that others need. The limits of its key are checked on arrival,
//! and taken together with those of the pool at its turn. Meanwhile the key can be used for other
//! models, so its limits may refuse after the wait.

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

/// What a request takes of its account, key, team and pool at its turn; a refusal if its key's own
/// limits are exceeded by then.
type Admitted = Result<(Permits, Option<Box<Holds>>), Refusal>;
/// What is taken of the limits of a provider, or of a pool that takes over.
pub(crate) type Taken = (Permit, Option<Hold>);

/// Waits for the limits of a request whose pool has a queue, at most until `until`.
///
/// # Errors
/// The key's own limits refuse, the queue is full, or the wait takes too long.
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

/// Takes all limits of account, key, team and pool, or none.
///
/// # Errors
/// The exceeded limit of the pool, by its `newest` settings.
fn take(
    newest: &Limits,
    table: &Table,
    allowed: &Allowed,
    inbound: &Inbound,
) -> Result<Admitted, Limited> {
    let pool = table.pool(allowed.pool);
    let demand = inbound.demand.as_deref();
    let hold = match demand {
        Some(demand) => permits::hold_at(newest, || demand.of_pool(pool))?,
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
        // The shared state will be known soon.
        Err(Refusal::StoreUnavailable) => return Err(Limited::NoStore),
        Err(refusal) => return Ok(Err(refusal)),
    }
    permits.push(newest.admit()?);
    if let (Some(holds), Some(hold)) = (&mut holds, hold) {
        limits::admitted(holds, hold, pool);
    }
    Ok(Ok((permits, holds)))
}

/// Waits in one queue for a place in flight and a reservation.
///
/// # Errors
/// The queue is full, or the wait takes too long.
pub(crate) async fn wait(
    queue: &Queue,
    waiter: Waiter<'_>,
    amount: Option<Amount>,
) -> Result<Taken, Turned> {
    let take = |newest: &Limits| {
        let hold = match amount {
            Some(amount) => permits::hold_at(newest, || amount)?,
            None => None,
        };
        Ok((newest.admit()?, hold))
    };
    queue.wait(waiter, take).await
}

/// The lane of the caller and its weight. Callers without a key share one lane.
pub(crate) fn lane(table: &Table, caller: Caller) -> Lane {
    let Caller::Known(id) = caller else { return Lane { key: 0, weight: 1 } };
    let key = table.keyring.key(id);
    let mut hasher = DefaultHasher::new();
    // By its name, which a reload keeps; a literal token has no name.
    match key.name() {
        Some(name) => name.hash(&mut hasher),
        None => id.hash(&mut hasher),
    }
    let priority = access::terms(table, caller).and_then(|terms| terms.priority);
    Lane { key: hasher.finish(), weight: priority.unwrap_or(1) }
}

/// The refusal after a failed wait.
pub(crate) fn refusal(turned: Turned, whose: Whose) -> Refusal {
    match turned {
        Turned::Full(retry_after) => Refusal::QueueFull { whose, retry_after },
        Turned::Late(limited) => permits::refusal(limited, whose),
    }
}
