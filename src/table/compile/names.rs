//! Compiles additional names of targets, patterns, and the default target.

use super::Compiler;
use crate::{
    config::{Path, nearest::nearest, raw},
    table::names::{Names, is_pattern},
};

impl Compiler<'_> {
    /// The names that clients may send besides those of targets.
    pub(super) fn names(&mut self, file: &raw::File) -> Names {
        let mut names = Names::default();
        for (name, pool) in self.aliases.iter().filter(|(name, _)| is_pattern(name)) {
            names.patterns.push((name.clone(), *pool));
        }
        names.order();
        names.default = self.default;
        for (name, meant) in file.aliases.iter().flatten() {
            self.further_name(name, meant, file, &mut names);
        }
        names
    }

    /// Refuses a name that no client can send, or that looks like another.
    pub(super) fn check_alias(&mut self, alias: &str) {
        let path = Path::root().key("targets").key(alias);
        let wrong = if alias.trim().is_empty() {
            "a target's name must not be blank"
        } else if alias.chars().any(char::is_control) {
            "a target's name must not hold control characters"
        } else {
            return;
        };
        self.problem(&path, wrong, Some("rename it".into()));
    }

    /// Notes the default target; at most one is allowed.
    pub(super) fn note_default(&mut self, alias: &str, target: &raw::Target) {
        let is_default = reached(target).and_then(|reached| reached.default);
        if is_default != Some(true) {
            return;
        }
        if self.default.is_some() {
            let path = Path::root().key("targets").key(alias).key("default");
            let hint = "only one target can serve all other names";
            self.problem(&path, "another target is the default already", Some(hint.into()));
        }
        self.default = self.default.or_else(|| self.aliases.get(alias).copied());
    }

    fn further_name(&mut self, name: &str, meant: &str, file: &raw::File, names: &mut Names) {
        let path = Path::root().key("aliases").key(name);
        if self.aliases.contains_key(name) {
            let hint = "remove one of the two";
            return self.problem(&path, "a target has this name already", Some(hint.into()));
        }
        if !self.aliases.contains_key(meant) && names.fitting(meant).is_none() {
            if file.aliases.as_ref().is_some_and(|all| all.contains_key(meant)) {
                let hint = "write the name of a target";
                return self.problem(
                    &path,
                    "this is itself an entry of `aliases`",
                    Some(hint.into()),
                );
            }
            let known = self.aliases.keys().map(|alias| &**alias);
            let near = nearest(meant, known).map(str::to_owned);
            return self.no_such_alias(&path, near);
        }
        names.further.insert(name.into(), meant.into());
    }
}

/// How requests reach a target besides its name.
pub(super) fn reached(target: &raw::Target) -> Option<&raw::Reached> {
    match target {
        raw::Target::List(_) => None,
        raw::Target::Pool(pool) => Some(&pool.reached),
        raw::Target::Pools(pools) => Some(&pools.reached),
        raw::Target::Single(single) => Some(&single.reached),
    }
}
