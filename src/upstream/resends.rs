//! Requests that were written to a kept connection which broke at once, and were sent again on a fresh
//! one: noted where that happens, told to the trail when the attempt has ended.
//!
//! They are no attempts of their own.

use std::{ptr::from_ref, sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::locked::locked;
use crate::table::Provider;

/// Those of one request that the trail does not have yet. Without any it is as small as an empty list.
#[derive(Debug, Default)]
pub(crate) struct Resends(Mutex<Vec<Resend>>);

#[derive(Debug)]
struct Resend {
    /// Where the provider stands in the table, which the request holds: two attempts may be under way.
    provider: usize,
    began: Instant,
    took: Duration,
}

impl Resends {
    /// What a provider was sent `since` then is sent to it again.
    pub(super) fn note(&self, provider: &Provider, since: Instant) {
        let resend = Resend { provider: place(provider), began: since, took: since.elapsed() };
        locked(&self.0).push(resend);
    }

    /// Tells when each request began that this provider was sent in vain, and how long it took.
    pub(crate) fn tell(&self, provider: &Provider, mut tell: impl FnMut(Instant, Duration)) {
        let mut noted = locked(&self.0);
        if !noted.is_empty() {
            let its = noted.extract_if(.., |resend| resend.provider == place(provider));
            its.for_each(|resend| tell(resend.began, resend.took));
        }
    }
}

/// Where a provider stands in the table, which tells it from others.
pub(super) fn place(provider: &Provider) -> usize {
    from_ref(provider).addr()
}
