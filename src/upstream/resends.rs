//! Requests that were sent again on a fresh connection because a reused one broke at once: noted
//! here, and recorded in the trail when the attempt has ended.
//!
//! They are not attempts of their own.

use std::{ptr::from_ref, sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::locked::locked;
use crate::table::Provider;

/// The resends of one request that are not in the trail yet. Empty, it is as small as an empty
/// list.
#[derive(Debug, Default)]
pub(crate) struct Resends(Mutex<Vec<Resend>>);

#[derive(Debug)]
struct Resend {
    /// The provider, by its address in the table, since two attempts may run at once.
    provider: usize,
    began: Instant,
    took: Duration,
}

impl Resends {
    /// A request sent to a provider at `since` is sent again.
    pub(super) fn note(&self, provider: &Provider, since: Instant) {
        let resend = Resend { provider: place(provider), began: since, took: since.elapsed() };
        locked(&self.0).push(resend);
    }

    /// Reports when each lost request began, and how long it took.
    pub(crate) fn tell(&self, provider: &Provider, mut tell: impl FnMut(Instant, Duration)) {
        let mut noted = locked(&self.0);
        if !noted.is_empty() {
            let its = noted.extract_if(.., |resend| resend.provider == place(provider));
            its.for_each(|resend| tell(resend.began, resend.took));
        }
    }
}

/// A provider's address in the table, which identifies it.
pub(super) fn place(provider: &Provider) -> usize {
    from_ref(provider).addr()
}
