//! Which pool of an alias serves a path, if it has several.

use crate::table::{PoolId, Table};

/// The sentence about the pool of a class; `None` for the alias's own pool.
pub(super) fn led(table: &Table, id: PoolId) -> Option<String> {
    let alias = table.pool(id).within?;
    let alias = table.pool(alias).shown();
    let pool = table.pool(id).shown();
    Some(format!("`{alias}` serves paths that end in `/completions` from `{pool}`"))
}
