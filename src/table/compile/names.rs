//! Further names of targets, patterns among the targets' names, and the target of all others.

use super::Compiler;
use crate::{
    config::{Path, nearest::nearest, raw},
    table::names::{Names, is_pattern},
};

impl Compiler<'_> {
    /// What else than a target's own name a client may ask for.
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

    /// Refuses a name that no client could ask for, or that no person could tell from another.
    pub(super) fn check_alias(&mut self, alias: &str) {
        let path = Path::root().key("targets").key(alias);
        let wrong = if alias.trim().is_empty() {
            "a target's name must not be blank"
        } else if alias.chars().any(char::is_control) {
            "a target's name must not hold control characters"
        } else {
            return;
        };
        self.problem(&path, wrong, Some("give it another name".into()));
    }

    /// Remembers the target of all other names; there is at most one.
    pub(super) fn note_default(&mut self, alias: &str, target: &raw::Target) {
        let is_default = reached(target).and_then(|reached| reached.default);
        if is_default != Some(true) {
            return;
        }
        if self.default.is_some() {
            let path = Path::root().key("targets").key(alias).key("default");
            let hint = "one target serves the names that no other has";
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
                let hint = "write the name of the target";
                return self.problem(&path, "this is itself a further name", Some(hint.into()));
            }
            let known = self.aliases.keys().map(|alias| &**alias);
            let near = nearest(meant, known).map(str::to_owned);
            return self.no_such_alias(&path, near);
        }
        names.further.insert(name.into(), meant.into());
    }
}

/// How a target is reached beside its name, where it says so.
pub(super) fn reached(target: &raw::Target) -> Option<&raw::Reached> {
    match target {
        raw::Target::List(_) => None,
        raw::Target::Pool(pool) => Some(&pool.reached),
        raw::Target::Pools(pools) => Some(&pools.reached),
        raw::Target::Single(single) => Some(&single.reached),
    }
}
