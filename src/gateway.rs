//! Owns the live table.
//!
//! A request takes one snapshot and keeps it to its end; a reload replaces the whole table. Nothing
//! else holds the swap.

#![expect(clippy::disallowed_types, reason = "this is the one owner")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;

use crate::table::Table;

/// Holds the table for new requests.
pub struct Gateway {
    table: ArcSwap<Table>,
    /// Whether cross-origin requests are configured. Every request asks, so it is a flag of its
    /// own.
    has_cors: AtomicBool,
    /// Whether targets have paths of their own. Asked for paths that are not known.
    has_paths: AtomicBool,
    /// Whether clients use TLS. Asked for every connection.
    has_tls: AtomicBool,
    /// The prefix of every client path, without a slash at its end.
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

    /// The same gateway under a path prefix.
    #[must_use]
    pub(crate) fn below(self, base_path: Option<&str>) -> Self {
        Self { base_path: base_path.map(Box::from), ..self }
    }

    /// The prefix of every client path.
    pub(crate) fn base_path(&self) -> Option<&str> {
        self.base_path.as_deref()
    }

    /// The current table.
    pub(crate) fn snapshot(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// Whether cross-origin requests are configured.
    pub(crate) fn has_cors(&self) -> bool {
        self.has_cors.load(Ordering::Relaxed)
    }

    /// Whether targets have paths of their own.
    pub(crate) fn has_paths(&self) -> bool {
        self.has_paths.load(Ordering::Relaxed)
    }

    /// The TLS configuration for clients, if they use TLS.
    pub(crate) fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
        if !self.has_tls.load(Ordering::Relaxed) {
            return None;
        }
        self.snapshot().tls.clone()
    }

    /// Replaces the table at once. Returns the old one.
    pub(crate) fn replace(&self, table: Table) -> Arc<Table> {
        self.has_cors.store(table.cors.is_some(), Ordering::Relaxed);
        self.has_paths.store(!table.paths.is_empty(), Ordering::Relaxed);
        self.has_tls.store(table.tls.is_some(), Ordering::Relaxed);
        self.table.swap(Arc::new(table))
    }
}
