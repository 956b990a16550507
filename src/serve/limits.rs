//! The limits of a request: of the account, the key, its team, and the pool.
//!
//! It never waits; `waiting` does, if the pool has a queue.

use std::sync::Arc;

use super::{
    admit::{Allowed, Held},
    permits::{self, Permits},
};
use crate::{
    live::{Hold, Limits, Permit},
    record::{Holder, Holds, Record},
    refusal::{Refusal, Whose},
    table::{Caller, Pool, Table, access},
    upstream::{demand::Demand, inbound::Inbound},
};

/// Takes the limits of the account, the key, its team, and the pool.
pub(crate) fn hold(
    table: Arc<Table>,
    allowed: &Allowed,
    inbound: &Inbound,
    record: &mut Record,
) -> Result<Held, Refusal> {
    let Allowed { asked, pool, caller } = *allowed;
    let mut permits = Permits::new();
    if table.pool(asked).in_flight.is_some() {
        permits.extend(permits::of_account(&table, asked, caller)?);
    }
    let passed = match &inbound.demand {
        None => pass(&table, allowed, &mut permits),
        Some(demand) => hold_amounts(&table, allowed, demand, &mut permits)
            .map(|holds| record.holds = Some(holds)),
    };
    match passed {
        Ok(()) => Ok(Held { table, pool, caller, permits }),
        Err(refusal) => Err(not_passed(refusal, &permits)),
    }
}

/// The limits on requests alone.
#[inline]
fn pass(table: &Table, allowed: &Allowed, permits: &mut Permits) -> Result<(), Refusal> {
    if let Caller::Known(key) = allowed.caller {
        let key = table.keyring.key(key);
        permits.push(permits::take(&key.limits, Whose::Key)?);
        if let Some(team) = key.terms.as_ref().and_then(|terms| terms.team.as_ref()) {
            permits.push(permits::take(&team.limits, Whose::Team)?);
        }
    }
    permits.push(permits::take(&table.pool(allowed.pool).limits, Whose::Pool)?);
    Ok(())
}

/// If a shared limit could not decide yet, the request is tried again; the rates that it has passed must not charge
/// it twice.
#[cold]
fn not_passed(refusal: Refusal, permits: &Permits) -> Refusal {
    if matches!(refusal, Refusal::StoreUnavailable) {
        permits.iter().for_each(Permit::never_was);
    }
    refusal
}

/// The same with limits on tokens or money.
#[cold]
fn hold_amounts(
    table: &Table,
    allowed: &Allowed,
    demand: &Demand,
    permits: &mut Permits,
) -> Result<Box<Holds>, Refusal> {
    let pool = table.pool(allowed.pool);
    let mut holds = Box::new(Holds::new(demand.input, Arc::clone(&pool.live.typical)));
    of_caller(table, allowed, permits, Some((demand, &mut holds)))?;
    permits.push(permits::take(&pool.limits, Whose::Pool)?);
    if let Some(hold) = permits::hold(&pool.limits, || demand.of_pool(pool), Whose::Pool)? {
        admitted(&mut holds, hold, pool);
    }
    Ok(holds)
}

/// Takes the limits of the caller's key and team; with `demand`, also those on tokens and money.
pub(crate) fn of_caller(
    table: &Table,
    allowed: &Allowed,
    permits: &mut Permits,
    mut demand: Option<(&Demand, &mut Holds)>,
) -> Result<(), Refusal> {
    let mut pass = |limits: &Limits, whose: Whose, holder: &dyn Fn() -> Holder| {
        permits.push(permits::take(limits, whose)?);
        let Some((demand, holds)) = &mut demand else { return Ok(()) };
        let amount = || demand.of_pool(table.pool(allowed.pool));
        if let Some(hold) = permits::hold(limits, amount, whose)? {
            holds.admitted(hold, holder());
        }
        Ok::<(), Refusal>(())
    };
    if let Caller::Known(key) = allowed.caller {
        let key = table.keyring.key(key);
        pass(&key.limits, Whose::Key, &|| Holder::Key(key.account.clone()))?;
        if let Some(team) = key.terms.as_ref().and_then(|terms| terms.team.as_ref()) {
            pass(&team.limits, Whose::Team, &|| Holder::new("team", &team.name))?;
        }
    }
    Ok(())
}

/// Adds the reservation of a pool.
pub(crate) fn admitted(holds: &mut Holds, hold: Hold, pool: &Pool) {
    holds.admitted(hold, Holder::new("alias", &pool.alias));
}

/// Whether the limits of the caller's key and team would allow a request now. Takes nothing.
///
/// # Errors
/// The refusal of the first limit that would not.
pub(crate) fn check_caller(table: &Table, caller: Caller) -> Result<(), Refusal> {
    let Caller::Known(key) = caller else { return Ok(()) };
    let check = |limits: &Limits, whose: Whose| match limits.limited() {
        Some(limited) => Err(permits::refusal(limited, whose)),
        None => Ok(()),
    };
    check(&table.keyring.key(key).limits, Whose::Key)?;
    match access::terms(table, caller).and_then(|terms| terms.team.as_ref()) {
        Some(team) => check(&team.limits, Whose::Team),
        None => Ok(()),
    }
}
