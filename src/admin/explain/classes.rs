//! Which pool of an alias is meant, where it has several.

use crate::table::{PoolId, Table};

/// The sentence that leads to the pool of a class; `None` where the pool is that of the alias.
pub(super) fn led(table: &Table, id: PoolId) -> Option<String> {
    let alias = table.pool(id).within?;
    let alias = table.pool(alias).shown();
    let pool = table.pool(id).shown();
    Some(format!("`{alias}` serves paths that end in `/completions` from `{pool}`"))
}
