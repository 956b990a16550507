//! Of which providers a controller steers the share of requests that they are asked first for, and which one
//! conversations stay with.
//!
//! It knows no share and no conversation: those outlive a reload and are in `live`.

use std::sync::Arc;

use tokio::time::Instant;

use crate::live::{AffinitySettings, Conversations, Counts};

/// How the first choices of a pool are steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steering {
    /// The one provider whose share is controlled; absent, each is.
    only: Option<usize>,
}

impl Steering {
    /// In definition order the first provider of the lowest tier alone is preferred; any other strategy may ask
    /// each first.
    pub(crate) fn new(tiers: impl Iterator<Item = u32>, in_definition_order: bool) -> Self {
        let first = tiers.enumerate().min_by_key(|(_, tier)| *tier).map(|(at, _)| at);
        Self { only: first.filter(|_| in_definition_order) }
    }

    /// Whether the share of the provider at this place is controlled.
    pub(crate) fn controls(self, at: usize) -> bool {
        self.only.is_none_or(|only| only == at)
    }
}

/// Conversations that stay with one provider of a pool, up to a number.
pub(crate) struct Affinity {
    /// The provider.
    pub(crate) preferred: usize,
    settings: AffinitySettings,
    conversations: Arc<Conversations>,
}

impl Affinity {
    /// With the first provider of the lowest tier, of those that have weight where any has; `None` without a
    /// provider. Each is told by its tier and its weight.
    pub(crate) fn new(
        providers: impl Iterator<Item = (u32, u32)>,
        settings: AffinitySettings,
        conversations: &Arc<Conversations>,
    ) -> Option<Box<Self>> {
        let order = |(_, (tier, weight)): &(usize, (u32, u32))| (*tier, *weight == 0);
        let (preferred, _) = providers.enumerate().min_by_key(order)?;
        let conversations = Arc::clone(conversations);
        Some(Box::new(Self { preferred, settings, conversations }))
    }

    /// Something of a conversation has come. Where it stays: its place among those that do, 0 to 1.
    pub(crate) fn seen(&self, conversation: u64, now: Instant) -> Option<f64> {
        self.conversations.seen(conversation, &self.settings, now)
    }

    /// How many conversations are to stay.
    pub(crate) fn target(&self) -> usize {
        self.settings.target
    }

    /// How many conversations are under way.
    pub(crate) fn counts(&self, now: Instant) -> Counts {
        self.conversations.counts(&self.settings, now)
    }
}
