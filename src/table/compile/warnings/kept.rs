//! Warnings about the store: when it keeps less than the limits need, or has nothing to keep.

use super::Warnings;
use crate::{
    config::{Path, raw},
    live::Limits,
    table::Table,
};

impl Warnings<'_> {
    /// Windows that the store cannot keep, and a store without windows.
    pub(super) fn kept(&mut self, file: &raw::File, table: &Table) {
        let path = Path::root().key("store");
        let is_needed = has_kept(table);
        let Some(raw::Store::Kept(kept)) = &file.store else {
            let is_kept = file.store.is_none() && cfg!(feature = "store");
            if is_needed && !is_kept {
                let message = "budgets and windows longer than a minute are reset at each start";
                let hint = "set a file, as in `{\"file\": \"onwards.redb\"}`";
                self.warn(&path, message, hint);
            }
            return;
        };
        let Some(name) = &kept.file else { return };
        if !is_needed {
            let message = "the store has nothing to keep: there is no budget and no window longer than a minute";
            self.warn(&path, message, "remove it, or set such a limit");
        }
        // An absolute path belongs to the machine that serves.
        let name = std::path::Path::new(name);
        let beside = self.source.directory().join(name);
        if name.is_relative() && beside.parent().is_some_and(|parent| !parent.is_dir()) {
            self.warn(&path.key("file"), "its directory does not exist", "create it");
        }
    }
}

/// Whether any limit has a window that must outlive the process.
fn has_kept(table: &Table) -> bool {
    let is_kept = |limits: &Limits| limits.quota().is_some_and(|quota| quota.is_kept());
    let of_keys = table.keyring.keys().iter().any(|key| {
        let team = key.terms.as_ref().and_then(|terms| terms.team.as_ref());
        is_kept(&key.limits) || team.is_some_and(|team| is_kept(&team.limits))
    });
    of_keys
        || table.pools().iter().any(|pool| {
            is_kept(&pool.limits) || pool.providers.iter().any(|it| is_kept(&it.limits))
        })
}
