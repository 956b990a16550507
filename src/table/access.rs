//! Who may use a pool, and where rules redirect: pure functions of the table and the caller.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::{Access, Caller, Pool, PoolId, Table, names, pool::Rule, terms::Terms};
use crate::{refusal::Refusal, words::nearest};

/// The pool that serves this caller for `pool`, which was asked for by the name `asked`. First the
/// right is checked, then the rules. A redirect is a permission by the operator: the keys and rules
/// of its target are not checked. If the alias has several pools, `path` selects one.
///
/// # Errors
/// The caller may not use the pool, or a rule denies the request.
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

/// Checks whether a caller may use a pool under the name `asked`. What the terms of its key say
/// about aliases has precedence over the lists of the aliases.
///
/// # Errors
/// The refusal for a caller without the right.
pub(crate) fn right(
    table: &Table,
    pool: &Pool,
    asked: &str,
    caller: Caller,
) -> Result<(), Refusal> {
    if let Some(terms) = terms(table, caller) {
        terms.standing()?;
        // The client's own name counts only if the alias is a pattern, since any name leads to the
        // default target. An additional name by the operator counts too.
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

/// The terms of the caller's key, if it has any.
pub(crate) fn terms(table: &Table, caller: Caller) -> Option<&Terms> {
    match caller {
        Caller::Known(key) => table.keyring.key(key).terms.as_deref(),
        _ => None,
    }
}

/// The refusal for an unknown alias. Only callers with a key learn which aliases exist, unless no
/// alias needs a key.
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

/// Suggests only names that the caller may use.
fn not_found(table: &Table, caller: Caller, alias: &str) -> Refusal {
    let listed = table.listed();
    let usable = listed.iter().filter(|(name, pool)| right(table, pool, name, caller).is_ok());
    let near = nearest::meant(alias, usable.map(|(name, _)| *name));
    Refusal::ModelNotFound {
        asked: alias.to_owned(),
        near: near.into_iter().map(str::to_owned).collect(),
    }
}

/// The first matching rule and its index; without a redirect it denies.
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
