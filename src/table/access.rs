//! Who may use a pool, and where rules send them: pure functions of the table and the caller.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::{Access, Caller, Pool, PoolId, Table, names, pool::Rule, terms::Terms};
use crate::{refusal::Refusal, words::nearest};

/// The pool that serves this caller where `pool` is asked for by the name `asked`: right, then rules. A
/// redirect is the operator's permission: the keys of its target are not asked, and its rules not looked at.
/// Where the alias has several pools, `path` tells which one serves.
///
/// # Errors
/// The refusal of a pool that the caller may not use, or of a rule that denies.
pub(crate) fn resolve(
    table: &Table,
    pool: PoolId,
    asked: &str,
    path: &str,
    caller: Caller,
) -> Result<PoolId, Refusal> {
    right(table, table.pool(pool), asked, caller)?;
    let by_rule = rule(table, pool, caller).map(|(_, rule)| rule.redirect);
    let alias = by_rule.unwrap_or(Some(pool)).ok_or(Refusal::Forbidden)?;
    Ok(table.of_class(alias, path))
}

/// Whether a caller may use a pool that it asks for by the name `asked`. What the terms of its key say of
/// aliases counts for what lists of the aliases say.
///
/// # Errors
/// What a caller without the right is told.
pub(crate) fn right(
    table: &Table,
    pool: &Pool,
    asked: &str,
    caller: Caller,
) -> Result<(), Refusal> {
    if let Some(terms) = terms(table, caller) {
        terms.standing()?;
        // A name of the client's own counts only where the alias is a pattern of names: any name leads
        // to the default target. A further name of the operator's counts, too.
        let meant = table.meant(asked);
        let own = names::is_pattern(&pool.alias).then(|| meant.unwrap_or(asked));
        let further = meant.map(|_| asked);
        let all: SmallVec<[&str; 3]> =
            [Some(&*pool.alias), own, further].into_iter().flatten().collect();
        if let Some(permitted) = terms.permit(&all) {
            return if permitted { Ok(()) } else { Err(Refusal::Forbidden) };
        }
    }
    let Access::Closed(keys) = &pool.access else { return Ok(()) };
    match caller {
        Caller::Anonymous => Err(Refusal::MissingApiKey),
        Caller::Unknown => Err(Refusal::InvalidApiKey),
        Caller::Known(key) if keys.contains(&key) || table.keyring.key(key).global => Ok(()),
        Caller::Known(_) => Err(Refusal::Forbidden),
    }
}

/// The terms of the caller's key, where it has some.
pub(crate) fn terms(table: &Table, caller: Caller) -> Option<&Terms> {
    match caller {
        Caller::Known(key) => table.keyring.key(key).terms.as_deref(),
        _ => None,
    }
}

/// The refusal of an alias that does not exist. Which aliases exist is told only to callers with a
/// key, or where no alias is closed.
pub(crate) fn unknown(table: &Table, caller: Caller, alias: &str) -> Refusal {
    if let Some(Err(refusal)) = terms(table, caller).map(Terms::standing) {
        return refusal;
    }
    match caller {
        Caller::Known(_) => not_found(table, caller, alias),
        _ if !table.keyring.closes => not_found(table, caller, alias),
        Caller::Anonymous => Refusal::MissingApiKey,
        Caller::Unknown => Refusal::InvalidApiKey,
    }
}

/// Only names that the caller may use are told.
fn not_found(table: &Table, caller: Caller, alias: &str) -> Refusal {
    let listed = table.listed();
    let usable = listed.iter().filter(|(name, pool)| right(table, pool, name, caller).is_ok());
    let near = nearest::meant(alias, usable.map(|(name, _)| *name));
    Refusal::ModelNotFound {
        asked: alias.to_owned(),
        near: near.into_iter().map(str::to_owned).collect(),
    }
}

/// The first rule that matches, and its place; without a redirect it denies.
pub(crate) fn rule(table: &Table, pool: PoolId, caller: Caller) -> Option<(usize, &Rule)> {
    let rules = &table.pool(pool).rules;
    if rules.is_empty() {
        return None;
    }
    let none = BTreeMap::new();
    let labels = match caller {
        Caller::Known(key) => &table.keyring.key(key).labels,
        _ => &none,
    };
    rules.iter().enumerate().find(|(_, rule)| rule.matches(labels))
}
