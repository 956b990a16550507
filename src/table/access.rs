//! Who may use a pool, and where rules send them: pure functions of the table and the caller.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::{Access, Caller, Pool, PoolId, Table};
use crate::refusal::Refusal;

/// The pool that serves this caller where `pool` is asked for: right, then rules.
///
/// # Errors
/// The refusal of a pool that the caller may not use, or of a rule that denies.
pub(crate) fn resolve(table: &Table, mut pool: PoolId, caller: Caller) -> Result<PoolId, Refusal> {
    right(table, table.pool(pool), caller)?;
    let mut seen: SmallVec<[PoolId; 4]> = SmallVec::new();
    while let Some(rule) = matching_rule(table, pool, caller) {
        seen.push(pool);
        // Rules that send a request in a circle lead to no pool.
        pool = rule.filter(|next| !seen.contains(next)).ok_or(Refusal::Forbidden)?;
        right(table, table.pool(pool), caller)?;
    }
    Ok(pool)
}

/// Whether a caller may use a pool.
///
/// # Errors
/// What a caller without the right is told.
pub(crate) fn right(table: &Table, pool: &Pool, caller: Caller) -> Result<(), Refusal> {
    let Access::Closed(keys) = &pool.access else { return Ok(()) };
    match caller {
        Caller::Anonymous => Err(Refusal::MissingApiKey),
        Caller::Unknown => Err(Refusal::InvalidApiKey),
        Caller::Known(key) if keys.contains(&key) || table.keyring.key(key).global => Ok(()),
        Caller::Known(_) => Err(Refusal::Forbidden),
    }
}

/// The refusal of an alias that does not exist. Which aliases exist is told only to callers with a
/// key, or where no alias is closed.
pub(crate) fn unknown(table: &Table, caller: Caller, alias: &str) -> Refusal {
    match caller {
        Caller::Known(_) => Refusal::ModelNotFound(alias.to_owned()),
        _ if !table.keyring.closes => Refusal::ModelNotFound(alias.to_owned()),
        Caller::Anonymous => Refusal::MissingApiKey,
        Caller::Unknown => Refusal::InvalidApiKey,
    }
}

/// The first rule that matches: `Some(None)` denies, `Some(Some(pool))` redirects.
fn matching_rule(table: &Table, pool: PoolId, caller: Caller) -> Option<Option<PoolId>> {
    let rules = &table.pool(pool).rules;
    if rules.is_empty() {
        return None;
    }
    let none = BTreeMap::new();
    let labels = match caller {
        Caller::Known(key) => &table.keyring.key(key).labels,
        _ => &none,
    };
    rules.iter().find(|rule| rule.matches(labels)).map(|rule| rule.redirect)
}
