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

/// What an attempt had told when it was given up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noted {
    /// The tokens that it had told.
    pub(crate) told: Option<Usage>,
    /// The tokens of what had come of its answer, as they are estimated.
    pub(crate) said: u64,
}

/// The reported tokens of a request's cancelled attempts, until the trail takes them. Empty, it is
/// as small as an empty list.
#[derive(Debug, Default)]
pub(crate) struct GivenUp {
    told: Mutex<Vec<(usize, Noted)>>,
    /// The providers to which the request was last sent: no more are asked at once.
    sent_to: [AtomicUsize; 2],
}

impl GivenUp {
    /// The request is sent to this provider.
    #[inline]
    pub(super) fn is_sent_to(&self, provider: &Provider) {
        let [last, before] = &self.sent_to;
        before.store(last.load(Relaxed), Relaxed);
        last.store(place(provider), Relaxed);
    }

    /// Whether the request was sent to this provider, whose attempt is under way.
    pub(crate) fn was_sent_to(&self, provider: &Provider) -> bool {
        self.sent_to.iter().any(|its| its.load(Relaxed) == place(provider))
    }

    /// The attempt at this provider was cancelled and had reported this.
    pub(super) fn note(&self, provider: &Provider, noted: Noted) {
        locked(&self.told).push((place(provider), noted));
    }

    /// Takes what the last cancelled attempt at this provider had reported.
    pub(crate) fn noted(&self, provider: &Provider) -> Option<Noted> {
        let mut noted = locked(&self.told);
        let its = noted.extract_if(.., |(its, _)| *its == place(provider));
        its.last().map(|(_, noted)| noted)
    }

    /// Takes its reported tokens.
    pub(crate) fn take(&self, provider: &Provider) -> Option<Usage> {
        self.noted(provider)?.told
    }
}
