//! All slices of shared limits, and the list of those with something to tell the store.
//!
//! It does not call the store; the task that does reads the list.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use dashmap::DashMap;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{
    desk::Desk,
    lease::{Lease, Terms},
};

/// The slices of the process.
#[derive(Debug)]
pub(crate) struct Leases {
    /// The state of the store.
    pub(crate) desk: Arc<Desk>,
    known: DashMap<Box<str>, Weak<Lease>>,
    list: UnboundedSender<Arc<Lease>>,
    listed: Mutex<Option<UnboundedReceiver<Arc<Lease>>>>,
}

/// Exclusive access to the list, for the task that speaks to the store.
#[derive(Debug)]
pub(crate) struct Listed {
    leases: Arc<Leases>,
    list: Option<UnboundedReceiver<Arc<Lease>>>,
}

impl Default for Leases {
    fn default() -> Self {
        let (list, listed) = mpsc::unbounded_channel();
        Self { desk: Arc::default(), known: DashMap::new(), list, listed: Mutex::new(Some(listed)) }
    }
}

impl Leases {
    /// The slice of this limit, with these terms.
    pub(crate) fn lease(&self, key: &str, terms: Terms) -> Arc<Lease> {
        if let Some(known) = self.known.get(key).and_then(|known| known.upgrade()) {
            known.renew(terms);
            return known;
        }
        let lease = Lease::new(Arc::clone(&self.desk), self.list.clone(), key, terms);
        self.known.insert(key.into(), Arc::downgrade(&lease));
        lease
    }

    /// All slices in use.
    pub(crate) fn all(&self) -> Vec<Arc<Lease>> {
        self.known.retain(|_, lease| lease.strong_count() > 0);
        self.known.iter().filter_map(|lease| lease.upgrade()).collect()
    }

    /// Takes the list; `None` while another task has it.
    pub(crate) fn listed(self: &Arc<Self>) -> Option<Listed> {
        let list = self.listed.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Listed { leases: Arc::clone(self), list: Some(list) })
    }
}

impl Listed {
    /// Waits until slices have something to tell. Returns all of them.
    pub(crate) async fn next(&mut self) -> Vec<Arc<Lease>> {
        let Some(list) = &mut self.list else { return Vec::new() };
        let mut all = Vec::new();
        list.recv_many(&mut all, usize::MAX).await;
        all
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        *self.leases.listed.lock().unwrap_or_else(PoisonError::into_inner) = self.list.take();
    }
}
