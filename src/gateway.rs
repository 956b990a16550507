//! The one owner of the live table.
//!
//! A request takes one snapshot and keeps it to its end; a reload puts a whole new table in its
//! place. Nothing else may hold the swap itself.

#![expect(clippy::disallowed_types, reason = "this is the one owner")]

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::table::Table;

/// Holds the table that new requests begin under.
pub struct Gateway(ArcSwap<Table>);

impl Gateway {
    /// Starts with a first table.
    pub fn new(table: Table) -> Self {
        Self(ArcSwap::from_pointee(table))
    }

    /// The table as it is now.
    pub(crate) fn snapshot(&self) -> Arc<Table> {
        self.0.load_full()
    }

    /// Puts a new table in place of the old one, at once and whole; answers with the old one.
    pub(crate) fn replace(&self, table: Table) -> Arc<Table> {
        self.0.swap(Arc::new(table))
    }
}
