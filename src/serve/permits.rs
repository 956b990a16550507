//! Permits, which admission hands out and the response body releases, and the refusals of limits.

use smallvec::SmallVec;

use std::time::Duration;

use crate::{
    live::{
        Hold, Limited, Limits, Permit,
        limit::{
            quota::Short,
            window::{Amount, Span, Unit},
        },
    },
    moment,
    refusal::{Refusal, Spent, Whose},
    table::{Caller, Pool, PoolId, Table, in_flight::ACCOUNT},
    upstream::inbound::Inbound,
};

/// The permits of a request, released when its response body is dropped.
pub(crate) type Permits = SmallVec<[Permit; 3]>;

/// Takes the limits of one owner.
///
/// # Errors
/// The refusal that names the owner.
pub(crate) fn take(limits: &Limits, whose: Whose) -> Result<Permit, Refusal> {
    limits.admit().map_err(|limited| refusal(limited, whose))
}

/// The refusal of a limit.
pub(crate) fn refusal(limited: Limited, whose: Whose) -> Refusal {
    match limited {
        Limited::Rate(retry_after) => Refusal::RateLimit { whose, retry_after },
        Limited::NoStore => Refusal::StoreUnavailable,
        Limited::Concurrency => Refusal::ConcurrencyLimit { whose },
        Limited::Tokens(wait) => spent(whose, "".into(), false, Some(wait)),
        Limited::Budget(wait) => spent(whose, "".into(), true, wait),
    }
}

fn spent(whose: Whose, said: Box<str>, is_budget: bool, retry_after: Option<Duration>) -> Refusal {
    Refusal::Spent(Box::new(Spent { whose, said, is_budget, retry_after }))
}

/// Counts a request among those in flight of its caller's account at the alias; `None` if the alias
/// limits no accounts, the key names none, or the request is batch work.
///
/// # Errors
/// The account has reached its limit.
pub(crate) fn of_account(
    table: &Table,
    asked: PoolId,
    caller: Caller,
) -> Result<Option<Permit>, Refusal> {
    let pool = table.pool(asked);
    let (Some(limits), Caller::Known(key)) = (&pool.in_flight, caller) else { return Ok(None) };
    let key = table.keyring.key(key);
    let account = key.labels.get(ACCOUNT).filter(|_| !key.is_for_batches());
    let limited = account.and_then(|account| Some((account, limits.of(account)?)));
    let Some((account, most)) = limited else { return Ok(None) };
    pool.live.in_flight.take(account, most).map(Some).ok_or(Refusal::InFlightLimit)
}

/// Reserves what an answer will probably use, if the owner has windows over tokens or money.
///
/// # Errors
/// The refusal that names the window's owner and what is left of it.
pub(crate) fn hold(
    limits: &Limits,
    amount: impl FnOnce() -> Amount,
    whose: Whose,
) -> Result<Option<Hold>, Refusal> {
    let Some(quota) = limits.quota() else { return Ok(None) };
    quota.hold(amount(), moment::now()).map(Some).map_err(|short| short_of(&short, whose))
}

/// The same for a provider, which is then passed over.
///
/// # Errors
/// The limit.
pub(crate) fn hold_at(
    limits: &Limits,
    amount: impl FnOnce() -> Amount,
) -> Result<Option<Hold>, Limited> {
    let Some(quota) = limits.quota() else { return Ok(None) };
    quota.hold(amount(), moment::now()).map(Some).map_err(|short| short.limited())
}

/// Takes the limits of a pool that takes over.
///
/// # Errors
/// The limit, or its queue; nothing is taken.
pub(crate) fn admit(pool: &Pool, inbound: &Inbound) -> Result<(Permit, Option<Hold>), Limited> {
    if let Some(queue) = &pool.queue {
        queue.may_pass()?;
    }
    let hold = match &inbound.demand {
        Some(demand) => hold_at(&pool.limits, || demand.of_pool(pool))?,
        None => None,
    };
    Ok((pool.limits.admit()?, hold))
}

/// The refusal of a window with too little left.
fn short_of(short: &Short, whose: Whose) -> Refusal {
    let Short { window, left, is_spent, wait, no_store } = short;
    if *no_store {
        return Refusal::StoreUnavailable;
    }
    let held = if *is_spent { "" } else { "; requests in flight hold the rest" };
    if window.unit == Unit::Picodollars {
        let said = format!(
            "{} dollars {}, {} left{held}",
            dollars(window.limit),
            window.span,
            dollars(*left)
        );
        return spent(whose, said.into(), *is_spent, *wait);
    }
    let of = match window.unit {
        Unit::Input => "input tokens",
        Unit::Output => "output tokens",
        _ => "tokens",
    };
    let span: &Span = &window.span;
    let said = format!("{} {of} {span}, {left} left{held}", window.limit);
    spent(whose, said.into(), false, *wait)
}

/// An amount with at least two decimals.
fn dollars(pico: u64) -> String {
    let text = format!("{}.{:012}", pico / PICO, pico % PICO);
    let end = text.trim_end_matches('0').len();
    let least = text.len() - 10;
    text[..end.max(least)].to_owned()
}

const PICO: u64 = 1_000_000_000_000;
