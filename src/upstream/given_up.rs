//! The tokens of cancelled attempts: another provider was faster, time ran out, or the client left.
//! What they had reported by then must be paid.
//!
//! An attempt that ends by itself reports its tokens itself.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::{locked::locked, resends::place};
use crate::{protocol::conversation::Usage, table::Provider};

/// The reported tokens of a request's cancelled attempts, until the trail takes them. Empty, it is
/// as small as an empty list.
#[derive(Debug, Default)]
pub(crate) struct GivenUp {
    told: Mutex<Vec<(usize, Usage)>>,
    /// The provider to which the request was last sent.
    sent_to: AtomicUsize,
}

impl GivenUp {
    /// The request is sent to this provider.
    #[inline]
    pub(super) fn is_sent_to(&self, provider: &Provider) {
        self.sent_to.store(place(provider), Relaxed);
    }

    /// Whether the request was last sent to this provider.
    pub(crate) fn was_sent_to(&self, provider: &Provider) -> bool {
        self.sent_to.load(Relaxed) == place(provider)
    }

    /// The attempt at this provider was cancelled and had reported these tokens.
    pub(super) fn note(&self, provider: &Provider, usage: Usage) {
        locked(&self.told).push((place(provider), usage));
    }

    /// Takes the tokens of the last cancelled attempt at this provider.
    pub(crate) fn take(&self, provider: &Provider) -> Option<Usage> {
        let mut noted = locked(&self.told);
        let its = noted.extract_if(.., |(its, _)| *its == place(provider));
        its.last().map(|(_, usage)| usage)
    }
}
