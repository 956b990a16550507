//! The one owner of the live table.
//!
//! A request takes one snapshot and keeps it to its end; a reload puts a whole new table in its
//! place. Nothing else may hold the swap itself.

#![expect(clippy::disallowed_types, reason = "this is the one owner")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;

use crate::table::Table;

/// Holds the table that new requests begin under.
pub struct Gateway {
    table: ArcSwap<Table>,
    /// Whether pages of other origins may call: asked by every request, so that most ask nothing
    /// else.
    has_cors: AtomicBool,
    /// Whether targets have paths of their own: asked by requests whose path says nothing.
    has_paths: AtomicBool,
    /// Whether clients speak TLS: asked by every connection.
    has_tls: AtomicBool,
    /// What stands before the path of every request of a client, without a slash at its end.
    base_path: Option<Box<str>>,
}

impl Gateway {
    /// Starts with a first table.
    pub fn new(table: Table) -> Self {
        let has_cors = AtomicBool::new(table.cors.is_some());
        let has_paths = AtomicBool::new(!table.paths.is_empty());
        let has_tls = AtomicBool::new(table.tls.is_some());
        let table = ArcSwap::from_pointee(table);
        Self { table, has_cors, has_paths, has_tls, base_path: None }
    }

    /// The same below a path.
    #[must_use]
    pub(crate) fn below(self, base_path: Option<&str>) -> Self {
        Self { base_path: base_path.map(Box::from), ..self }
    }

    /// What stands before the path of every request of a client.
    pub(crate) fn base_path(&self) -> Option<&str> {
        self.base_path.as_deref()
    }

    /// The table as it is now.
    pub(crate) fn snapshot(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// Whether pages of other origins may call.
    pub(crate) fn has_cors(&self) -> bool {
        self.has_cors.load(Ordering::Relaxed)
    }

    /// Whether targets have paths of their own.
    pub(crate) fn has_paths(&self) -> bool {
        self.has_paths.load(Ordering::Relaxed)
    }

    /// What a handshake with a client needs, where clients speak TLS.
    pub(crate) fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
        if !self.has_tls.load(Ordering::Relaxed) {
            return None;
        }
        self.snapshot().tls.clone()
    }

    /// Puts a new table in place of the old one, at once and whole; answers with the old one.
    pub(crate) fn replace(&self, table: Table) -> Arc<Table> {
        self.has_cors.store(table.cors.is_some(), Ordering::Relaxed);
        self.has_paths.store(!table.paths.is_empty(), Ordering::Relaxed);
        self.has_tls.store(table.tls.is_some(), Ordering::Relaxed);
        self.table.swap(Arc::new(table))
    }
}
