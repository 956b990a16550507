//! Compiles the pools of one alias by request class: what each may set, what they share, and their
//! places in the table.
//!
//! The pool of a class is not an alias; no client can name it.

use std::sync::Arc;

use super::{
    Compiler,
    pool::Member,
    spelled::{Forms, Spelled},
};
use crate::{
    config::{Path, path::shown, raw},
    table::{Keyring, Pool, PoolId},
};

impl Compiler<'_> {
    /// The default pool of an alias, and its pool for completions, if there is one.
    pub(super) fn pools(
        &mut self,
        alias: &str,
        target: &raw::Target,
        keyring: &mut Keyring,
    ) -> (Pool, Option<Pool>) {
        let path = Path::root().key("targets").key(alias);
        let Forms { beside, default, completions } = Forms::of(target, &path);
        if let Some(beside) = beside {
            self.check_classes(beside, &default, completions.as_ref());
        }
        let member = Member { alias, name: alias, beside, shares: None };
        let pool = self.pool(&member, &default, keyring);
        let Some(spelled) = completions else { return (pool, None) };
        let name = format!("{alias}{COMPLETIONS}");
        if self.aliases.contains_key(&*name) {
            let message =
                format!("this pool would have the name `{}` of another target", shown(&name));
            self.problem(&spelled.path, message, Some("rename that target".into()));
        }
        let is_limited = beside.is_some_and(has_limits) || has_limits(self.defaults);
        let shares = is_limited && ![&default, &spelled].into_iter().any(|it| limits_itself(it));
        let member = Member { alias, name: &name, beside, shares: shares.then_some(&pool) };
        let completions = self.pool(&member, &spelled, keyring);
        (pool, Some(completions))
    }

    /// Appends the pools of classes after those of the aliases, whose indices stay the same.
    pub(super) fn append(pools: &mut Vec<Arc<Pool>>, of_classes: Vec<(PoolId, Pool)>) {
        for (alias, pool) in of_classes {
            let place = PoolId(pools.len() as u32);
            // No other reference exists before the table does.
            if let Some(pool) = pools.get_mut(alias.0 as usize).and_then(Arc::get_mut) {
                pool.completions = Some(place);
            }
            pools.push(Arc::new(Pool { within: Some(alias), ..pool }));
        }
    }

    /// Checks what the pool of a class may not set.
    fn check_classes(
        &mut self,
        beside: &raw::PoolKeys,
        default: &Spelled<'_>,
        completions: Option<&Spelled<'_>>,
    ) {
        let mut reads_sticky = false;
        for spelled in std::iter::once(default).chain(completions) {
            let Some(keys) = spelled.keys else { continue };
            let of_alias = [
                ("default", spelled.reached.is_some_and(|it| it.default.is_some())),
                ("paths", spelled.reached.is_some_and(|it| it.paths.is_some())),
                ("keys", keys.keys.is_some()),
                ("routing_rules", keys.routing_rules.is_some()),
                ("endpoints", keys.endpoints.is_some()),
                ("require", keys.require.is_some()),
                ("inflight_limit", keys.inflight_limit.is_some()),
                ("account_inflight_limits", keys.account_inflight_limits.is_some()),
            ];
            for (key, _) in of_alias.iter().filter(|(_, is_set)| *is_set) {
                let message = format!("`{key}` belongs to the whole alias");
                let hint = "write it beside `pools`";
                self.problem(&spelled.path.key(*key), message, Some(hint.into()));
            }
            let limits = LIMITS
                .iter()
                .chain([&QUEUE])
                .filter(|(_, is_set)| has_limits(beside) && is_set(keys));
            for (key, _) in limits {
                let message =
                    "there are limits beside `pools` already, which apply to all pools together";
                let hint = "write all limits beside `pools`, or each in its pool";
                self.problem(&spelled.path.key(*key), message, Some(hint.into()));
            }
        }
        for spelled in std::iter::once(default).chain(completions) {
            let own = spelled.keys.and_then(|keys| keys.strategy);
            let strategy = own.or(beside.strategy).or(self.defaults.strategy);
            reads_sticky |= strategy == Some(raw::Strategy::Sticky);
        }
        if beside.sticky.is_some() && !reads_sticky {
            let hint = r#"add `"strategy": "sticky"`, or remove it"#;
            let path = default.path.key("sticky");
            self.problem(&path, "this applies only to the strategy `sticky`", Some(hint.into()));
        }
    }
}

/// The key of a limit, and whether it is set.
type Limit = (&'static str, fn(&raw::PoolKeys) -> bool);

const LIMITS: [Limit; 4] = [
    ("rate_limit", |keys| keys.rate_limit.is_some()),
    ("concurrency_limit", |keys| keys.concurrency_limit.is_some()),
    ("token_limit", |keys| keys.token_limit.is_some()),
    ("budget", |keys| keys.budget.is_some()),
];

/// The queue for these limits.
const QUEUE: Limit = ("queue", |keys| keys.queue.is_some());

fn has_limits(keys: &raw::PoolKeys) -> bool {
    LIMITS.iter().any(|(_, is_set)| is_set(keys))
}

fn limits_itself(spelled: &Spelled<'_>) -> bool {
    spelled.keys.is_some_and(|keys| has_limits(keys) || keys.queue.is_some())
}

/// The suffix of the pool for completions.
const COMPLETIONS: &str = "/completions";
