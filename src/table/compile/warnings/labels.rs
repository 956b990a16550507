//! Warnings about required labels that no provider has: every request would be refused.

use std::collections::BTreeMap;

use super::Warnings;
use crate::{
    config::Path,
    table::{Pool, Provider, Table, policy::Labels},
};

impl Warnings<'_> {
    /// The requirements of a key or a team, which any provider may meet.
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

    /// The requirements of an alias, which its own providers may meet, or those of aliases that
    /// take over or that rules redirect to.
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
            // Without providers it cannot serve anyway.
            let is_any = providers().next().is_some();
            if is_any && !providers().any(|it| it.facts.has((name, value))) {
                let hint =
                    "add it to the `labels` of a provider; otherwise every request is refused";
                self.warn(&path.key(name.as_str()), message, hint);
            }
        }
    }
}
