//! The tokens of attempts that were given up before their answer was accepted: another provider was quicker,
//! time ran out, the client left. What they had told by then has to be paid for.
//!
//! An attempt that ends by itself says so itself.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{locked::locked, resends::place};
use crate::{protocol::conversation::Usage, table::Provider};

/// What attempts of one request had told when they were given up, until the trail tells of it. Without any it
/// is as small as an empty list.
#[derive(Debug, Default)]
pub(crate) struct GivenUp {
    told: Mutex<Vec<(usize, Usage)>>,
    /// The provider that was sent the request last.
    sent_to: AtomicUsize,
}

impl GivenUp {
    /// The request is on its way to this provider.
    #[inline]
    pub(super) fn is_sent_to(&self, provider: &Provider) {
        self.sent_to.store(place(provider), Relaxed);
    }

    /// Whether this provider was sent the request, and no other one since.
    pub(crate) fn was_sent_to(&self, provider: &Provider) -> bool {
        self.sent_to.load(Relaxed) == place(provider)
    }

    /// The attempt at this provider is given up, and had told these.
    pub(super) fn note(&self, provider: &Provider, usage: Usage) {
        locked(&self.told).push((place(provider), usage));
    }

    /// What the attempt at this provider had told that was given up last.
    pub(crate) fn take(&self, provider: &Provider) -> Option<Usage> {
        let mut noted = locked(&self.told);
        let its = noted.extract_if(.., |(its, _)| *its == place(provider));
        its.last().map(|(_, usage)| usage)
    }
}
