//! Labels that are required and that no provider has: no request could be served.

use std::collections::BTreeMap;

use super::Warnings;
use crate::{
    config::Path,
    table::{Pool, Provider, Table, policy::Labels},
};

impl Warnings<'_> {
    /// What a key or a team requires of the providers of all aliases.
    pub(super) fn required_anywhere(
        &mut self,
        required: Option<&Labels>,
        path: &Path,
        table: &Table,
    ) {
        let all = || table.pools().iter().flat_map(|pool| &pool.providers);
        self.required(
            required,
            path,
            all,
            "no provider of the file has this label with this value",
        );
    }

    /// What an alias requires of its own providers, of those of the aliases that take over, and of those that
    /// their rules lead to.
    pub(super) fn required_of(
        &mut self,
        required: Option<&Labels>,
        path: &Path,
        pool: &Pool,
        table: &Table,
    ) {
        let led = |pool: &Pool| {
            let rules = pool.rules.iter().filter_map(|rule| rule.redirect);
            rules.map(|id| &**table.pool(id)).collect::<Vec<_>>()
        };
        let mut pools = vec![pool];
        pools.extend(pool.fallback.to.iter().map(|id| &**table.pool(*id)));
        let further: Vec<&Pool> = pools.iter().flat_map(|pool| led(pool)).collect();
        pools.extend(further);
        let all = || pools.iter().flat_map(|pool| &pool.providers);
        self.required(
            required,
            path,
            all,
            "no provider of this alias has this label with this value",
        );
    }

    fn required<'p, I: Iterator<Item = &'p Provider>>(
        &mut self,
        required: Option<&BTreeMap<String, String>>,
        path: &Path,
        providers: impl Fn() -> I,
        message: &str,
    ) {
        for (name, value) in required.into_iter().flatten() {
            // Without providers it serves nothing anyway.
            let is_any = providers().next().is_some();
            if is_any && !providers().any(|it| it.facts.has((name, value))) {
                let hint = "write it into the `labels` of a provider: without it, every request is refused";
                self.warn(&path.key(name.as_str()), message, hint);
            }
        }
    }
}
