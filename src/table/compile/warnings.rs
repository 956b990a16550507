//! Warnings: what a file may say but probably does not mean. The file is served anyway.
//!
//! Warnings never repeat a credential or a URL.

mod kept;
mod keys;
mod labels;
mod steering;
mod urls;

use std::sync::Arc;

use super::{provider::Entry, spelled::Forms};
use crate::{
    config::{Loaded, Path, Problem, Problems, Source, path::shown, raw},
    live::{Limits, limit::window::Unit},
    protocol::family::is_vendors_host,
    table::{Access, Endpoints, Place, Pool, Provider, Table, names::is_pattern, prices::Pricing},
};

/// The warnings for a file, in the order of their places.
pub(crate) fn warnings(loaded: &Loaded, table: &Table) -> Problems {
    let mut warnings = Warnings { source: &loaded.source, found: Vec::new() };
    warnings.file(&loaded.file, table);
    for (alias, pool) in loaded.aliases().zip(table.pools()) {
        loaded.with_target(alias, |target| warnings.target(alias, target, pool, table));
    }
    warnings.found.into()
}

struct Warnings<'a> {
    source: &'a Source,
    found: Vec<Problem>,
}

impl Warnings<'_> {
    fn file(&mut self, file: &raw::File, table: &Table) {
        let root = Path::root();
        if let Some(auth) = &file.auth {
            let path = root.key("auth");
            let global_keys = path.key("global_keys");
            self.tokens(auth.global_keys.as_deref(), &global_keys, table);
            let is_open = |pool: &Arc<Pool>| matches!(pool.access, Access::Open);
            if auth.global_keys.as_ref().is_some_and(Vec::is_empty)
                && table.pools().iter().any(is_open)
            {
                let message =
                    "an empty list requires no key: aliases without `keys` are open to everyone";
                self.warn(&global_keys, message, "add a key, or remove the list");
            }
            for (name, definition) in auth.key_definitions.iter().flatten() {
                let path = path.key("key_definitions").key(name);
                definition.key.iter().for_each(|key| self.token(key.expose(), &path.key("key")));
                self.terms(name, definition, &path, table);
                self.required_anywhere(definition.require.as_ref(), &path.key("require"), table);
            }
            for (name, team) in auth.teams.iter().flatten() {
                let path = path.key("teams").key(name);
                self.models(team.models.as_deref(), &path.key("models"), table);
                self.required_anywhere(team.require.as_ref(), &path.key("require"), table);
                let has = |key: &raw::KeyDefinition| key.team.as_deref() == Some(name);
                if !auth.key_definitions.iter().flatten().any(|(_, key)| has(key)) {
                    self.warn(&path, "no key belongs to this team", "name it in a key's `team`");
                }
            }
        }
        self.budgets(file, table);
        self.kept(file, table);
        self.webhooks(file);
        if let Some(defaults) = &file.defaults {
            self.pool_keys(defaults, &root.key("defaults"), table);
            let required = root.key("defaults").key("require");
            self.required_anywhere(defaults.require.as_ref(), &required, table);
            let waits =
                |pool: &Arc<Pool>| pool.queue.is_some() && pool.limits.settings().limits_anything();
            let none = defaults.queue.is_some() && !table.pools().iter().any(waits);
            self.queue(none, &root.key("defaults"));
        }
        for name in file.aliases.iter().flatten().map(|(name, _)| name) {
            if is_pattern(name) {
                let message = "an entry of `aliases` is not a pattern: clients would have to send the `*` itself";
                let hint = "use the pattern as the name of a target";
                self.warn(&root.key("aliases").key(name), message, hint);
            }
        }
    }

    fn target(&mut self, alias: &str, target: &raw::Target, pool: &Pool, table: &Table) {
        let path = Path::root().key("targets").key(alias);
        self.alias(alias, &path);
        let Forms { beside, default, completions } = Forms::of(target, &path);
        let is_unlimited = !pool.limits.settings().limits_anything();
        if let Some(keys) = beside {
            self.pool_keys(keys, &path, table);
            self.queue(keys.queue.is_some() && is_unlimited, &path);
            self.required_of(keys.require.as_ref(), &path.key("require"), pool, table);
        }
        let completions = completions.zip(pool.completions.map(|id| &**table.pool(id)));
        for (spelled, pool) in std::iter::once((default, pool)).chain(completions) {
            if let Some(keys) = spelled.keys {
                self.pool_keys(keys, &spelled.path, table);
                let required = spelled.path.key("require");
                self.required_of(keys.require.as_ref(), &required, pool, table);
                self.queue(keys.queue.is_some() && is_unlimited, &spelled.path);
            }
            spelled.providers.iter().for_each(|entry| self.provider(entry));
            for Entry { own, path, .. } in &spelled.providers {
                self.queue(own.is_some_and(waits_for_nothing), path);
            }
            self.pool(pool, &spelled.path, table);
            self.early_ends(pool, &spelled);
            self.no_other(pool, &spelled);
        }
    }

    /// A queue needs a limit to wait for.
    fn queue(&mut self, waits_for_nothing: bool, path: &Path) {
        if waits_for_nothing {
            let message = "there is no limit here, so no request ever waits";
            let hint = "set `concurrency_limit`, `rate_limit` or `token_limit` beside it";
            self.warn(&path.key("queue"), message, hint);
        }
    }

    /// A budget counts the cost of answers, which is zero without a price.
    fn budgets(&mut self, file: &raw::File, table: &Table) {
        let priced = |pool: &Pool| {
            pool.providers.iter().all(|provider| matches!(provider.pricing, Pricing::Price(_)))
        };
        let all = table.pools().iter().all(|pool| priced(pool));
        let message = "answers without a price count nothing against this budget";
        let hint = "give every model a price: `prices` of the file, or `price` of a provider";
        let auth = Path::root().key("auth");
        for (name, key) in file.auth.iter().flat_map(|auth| auth.key_definitions.iter().flatten()) {
            if key.budget.is_some() && !all {
                self.warn(&auth.key("key_definitions").key(name).key("budget"), message, hint);
            }
        }
        for (name, team) in file.auth.iter().flat_map(|auth| auth.teams.iter().flatten()) {
            if team.budget.is_some() && !all {
                self.warn(&auth.key("teams").key(name).key("budget"), message, hint);
            }
        }
        for pool in table.pools() {
            let has = |limits: &Limits| {
                let windows = limits.settings().windows.iter().flat_map(|it| it.iter());
                windows.into_iter().any(|window| window.unit == Unit::Picodollars)
            };
            let own = has(&pool.limits) && !priced(pool);
            let is_unpriced = |it: &&Provider| !matches!(it.pricing, Pricing::Price(_));
            let its = pool.providers.iter().filter(is_unpriced).any(|it| has(&it.limits));
            if own || its {
                self.warn(&place(pool, table), message, hint);
            }
        }
    }

    fn alias(&mut self, alias: &str, path: &Path) {
        if alias.contains(".*") || alias.contains(['^', '$', '|', '[', '(']) && alias.len() > 1 {
            let message = "this name looks like a regular expression";
            self.warn(path, message, "in a name only `*` is special; it matches any text");
        }
    }

    fn pool_keys(&mut self, keys: &raw::PoolKeys, path: &Path, table: &Table) {
        self.tokens(keys.keys.as_deref(), &path.key("keys"), table);
        if let Some(fallback) = &keys.fallback {
            let path = path.key("fallback");
            match fallback.enabled {
                Some(true) => {}
                None => {
                    let message = "without `enabled` these settings have no effect";
                    self.warn(&path, message, "add `\"enabled\": true`");
                }
                Some(false) if fallback.to.as_ref().is_some_and(|to| !to.is_empty()) => {
                    let message = "these aliases are never reached: fallback is off";
                    self.warn(&path.key("to"), message, "set `enabled` to `true`");
                }
                Some(false) => {}
            }
        }
        for (at, rule) in keys.routing_rules.iter().flatten().enumerate() {
            for (name, _) in rule.match_labels.iter().filter(|(_, value)| value.contains('*')) {
                let path = path.key("routing_rules").index(at).key("match_labels").key(name);
                self.glob(&path, "a label's value");
            }
        }
    }

    fn provider(&mut self, entry: &Entry<'_>) {
        let Entry { endpoint, path, .. } = entry;
        let credentials: Vec<(Path, &str)> = match &endpoint.onwards_key {
            None => Vec::new(),
            Some(raw::Credentials::One(one)) => vec![(path.key("onwards_key"), one.expose())],
            Some(raw::Credentials::Many(many)) => many
                .iter()
                .enumerate()
                .map(|(at, one)| (path.key("onwards_key").index(at), one.expose()))
                .collect(),
        };
        for (path, credential) in &credentials {
            self.credential(credential, path);
        }
        if endpoint.onwards_model.as_ref().is_some_and(|model| model.contains('*')) {
            self.glob(&path.key("onwards_model"), "the model sent upstream");
        }
        self.url(endpoint, !credentials.is_empty(), &path.key("url"), path);
    }

    fn pool(&mut self, pool: &Pool, path: &Path, table: &Table) {
        let is_vendors = |provider: &Provider| match &provider.place {
            Place::Wire { origin, .. } => origin.host.to_str().is_ok_and(is_vendors_host),
            Place::Mock(_) => false,
        };
        if matches!(pool.access, Access::Closed(_))
            && pool.endpoints == Endpoints::All
            && pool.providers.iter().any(is_vendors)
        {
            let message = "callers with one of its keys can reach the files, batches and stored responses \
                           of the vendor's account";
            let hint = "restrict it with `\"endpoints\": [\"inference\"]`, or list in `endpoints` what is \
                        meant";
            self.warn(path, message, hint);
        }
        self.out_of_reach(pool, path, table);
        for successor in pool.fallback.to.iter().map(|id| table.pool(*id)) {
            if pool.fallback.enabled && successor.providers.is_empty() {
                let message = "one of these aliases has no provider, so it cannot serve requests";
                self.warn(&path.key("fallback").key("to"), message, "remove it");
            }
        }
    }

    /// Pools in `to` that no request reaches, because the pools before them may use up all
    /// attempts.
    fn out_of_reach(&mut self, pool: &Pool, path: &Path, table: &Table) {
        let total = pool.fallback.most_in_all.filter(|_| pool.fallback.enabled);
        let Some(total) = total else { return };
        let mut before = pool.fallback.max_attempts;
        for next in pool.fallback.to.iter().map(|id| table.pool(*id)) {
            if before >= total {
                let message = format!(
                    "the pools before `{}` may make all {total} attempts, so that it is not reached",
                    shown(&next.alias)
                );
                let path = path.key("fallback").key("max_attempts_total");
                return self.warn(&path, &message, "raise it, or lower `max_attempts` before");
            }
            before = before.saturating_add(next.fallback.max_attempts);
        }
    }

    fn glob(&mut self, path: &Path, what: &str) {
        let message = format!("{what} is not a pattern: `*` is taken literally");
        self.warn(path, &message, "only a target's name may be a pattern");
    }

    fn warn(&mut self, path: &Path, message: &str, hint: &str) {
        let settled = self.source.settled(path);
        let warning = self.source.problem(&settled, message, Some(hint.to_owned()));
        // Keys beside `pools` are checked for each of the pools.
        let is_known =
            |other: &Problem| (&other.path, &other.message) == (&settled, &warning.message);
        if settled == *path || !self.found.iter().any(is_known) {
            self.found.push(warning);
        }
    }
}

/// The place of a pool in the file.
fn place(pool: &Pool, table: &Table) -> Path {
    let targets = Path::root().key("targets");
    match pool.within {
        Some(alias) => targets.key(&*table.pool(alias).alias).key("pools").key("completions"),
        None => targets.key(&*pool.alias),
    }
}

fn waits_for_nothing(provider: &raw::Provider) -> bool {
    provider.queue.is_some()
        && provider.concurrency_limit.is_none()
        && provider.rate_limit.is_none()
        && provider.token_limit.is_none()
        && provider.budget.is_none()
}
