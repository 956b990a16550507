//! The caller of an explanation: a key by its name, a token, or for an alias that needs a key and a
//! question without one, one of its keys.
//!
//! Tokens are never shown.

use crate::{
    protocol::{Surface, needs::Capabilities},
    refusal::Refusal,
    secret::names::label,
    table::{Access, Caller, Pool, PoolId, Table, access, pool::Rule},
    words::Capability,
};

/// The caller of an explanation.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// A caller without a key, or with some key if the alias needs one.
    Any,
    /// The key with this name.
    Named(&'a str),
    /// The holder of this token.
    Token(&'a str),
}

impl Asker<'_> {
    /// The caller, with a sentence if a key was assumed.
    ///
    /// # Errors
    /// A sentence for the operator: the key does not exist.
    pub(super) fn caller(
        self,
        table: &Table,
        asked: PoolId,
    ) -> Result<(Caller, Option<String>), String> {
        match self {
            Self::Named(name) => match table.keyring.named(name) {
                Some(key) => Ok((Caller::Known(key), None)),
                None => Err(format!("there is no key named `{}`", label(name))),
            },
            Self::Token(token) => match table.keyring.caller(Some(token)) {
                // An alias without keys accepts any token.
                Caller::Unknown if table.keyring.closes => Err("no key has this token".to_owned()),
                caller => Ok((caller, None)),
            },
            Self::Any => Ok(stand_in(table, table.pool(asked))),
        }
    }
}

/// One of the alias's keys: a literal one first, since the others can be asked for by name.
fn stand_in(table: &Table, pool: &Pool) -> (Caller, Option<String>) {
    let Access::Closed(own) = &pool.access else { return (Caller::Anonymous, None) };
    let keys = || table.keyring.ids().filter(|id| own.contains(id));
    let name = |id| table.keyring.key(id).name();
    let literal = keys().find(|&id| name(id).is_none());
    let global = || table.keyring.ids().find(|&id| table.keyring.key(id).global);
    let Some(key) = literal.or_else(|| keys().next()).or_else(global) else {
        return (Caller::Anonymous, None);
    };
    let whose = match name(key) {
        Some(name) => format!("the key `{}`", label(name)),
        None if own.contains(&key) => "one of its literal keys".to_owned(),
        None => "one of the global keys".to_owned(),
    };
    (Caller::Known(key), Some(format!("{} is closed: told for {whose}", pool.shown())))
}

/// The capabilities by name.
///
/// # Errors
/// A sentence for the operator: the capability does not exist.
pub(super) fn needs(names: Option<&str>) -> Result<Capabilities, String> {
    let names = names.iter().flat_map(|names| names.split(',')).map(str::trim);
    let known =
        || Capability::ALL.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let one = |name: &str| {
        Capability::from_name(name).ok_or_else(|| {
            format!("there is no capability `{}`: there are {}", label(name), known())
        })
    };
    names.filter(|name| !name.is_empty()).map(one).collect()
}

/// Which setting of the file refuses this caller; `name` is the requested alias.
pub(super) fn why(
    table: &Table,
    asked: PoolId,
    name: &str,
    caller: Caller,
    refusal: &Refusal,
) -> String {
    let pool = table.pool(asked);
    let alias = pool.shown();
    let right = access::right(table, pool, name, caller);
    let terms = access::terms(table, caller);
    let meant = table.meant(name).unwrap_or(name);
    let is_listed_out =
        terms.is_some_and(|terms| terms.permit(&[name, meant, &pool.alias]) == Some(false));
    let because = match (right, access::rule(table, asked, caller)) {
        (Err(_), _) if terms.is_some_and(|terms| terms.standing().is_err()) => {
            return refusal.message();
        }
        (Err(_), _) if is_listed_out => format!("`models` of the key do not include `{alias}`"),
        (Err(_), _) => match caller {
            Caller::Known(key) => match table.keyring.key(key).name() {
                Some(name) => format!("`keys` of `{alias}` do not admit `{}`", label(name)),
                None => format!("`keys` of `{alias}` do not admit this key"),
            },
            _ => format!("`{alias}` needs a key, and the question has none for it"),
        },
        (Ok(()), Some((nth, rule))) => {
            format!("`{alias}` has {}, which denies", told(nth, rule))
        }
        (Ok(()), None) => return refusal.message(),
    };
    format!("{} ({because})", refusal.message())
}

/// The rule that redirects this caller from one alias to another.
pub(super) fn redirect(table: &Table, asked: PoolId, caller: Caller) -> Option<String> {
    let (nth, rule) = access::rule(table, asked, caller)?;
    let from = table.pool(asked).shown();
    let to = table.pool(rule.redirect?).shown();
    Some(format!("`{from}` has {}, which redirects to `{to}`", told(nth, rule)))
}

/// Why an alias does not serve a path.
pub(super) fn not_permitted(pool: &Pool, path: &str) -> Option<String> {
    let family = Surface::of(path, true, false).family;
    let because = format!("`endpoints` of `{}` do not permit the path", pool.shown());
    let refused = !pool.endpoints.permit(path, family);
    refused.then(|| format!("{} ({because})", Refusal::EndpointNotAllowed.message()))
}

fn told(nth: usize, rule: &Rule) -> String {
    let labels: Vec<String> = rule
        .labels
        .iter()
        .map(|(name, value)| format!("{}={}", label(name), label(value)))
        .collect();
    let labels = if labels.is_empty() { "every caller".to_owned() } else { labels.join(", ") };
    format!("`routing_rules[{nth}]` ({labels})")
}
