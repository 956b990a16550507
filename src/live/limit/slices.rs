//! The slices of one owner's limits on requests, if replicas share them.

use std::sync::Arc;

use super::lease::Lease;

/// The slices of one owner.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(super) rate: Option<Arc<Lease>>,
    pub(super) places: Option<Arc<Lease>>,
}

impl Shared {
    /// A request has ended: its place is free.
    pub(super) fn ended(&self) {
        if let Some(places) = &self.places {
            places.settle(1, 0);
        }
    }

    /// A request that was admitted here is tried again, since another limit could not decide yet.
    pub(super) fn never_was(&self) {
        if let Some(rate) = &self.rate {
            rate.gives_back(1);
        }
    }
}
