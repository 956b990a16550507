//! Which providers of a pool have an AIMD controller, and which one conversations stay with.
//!
//! The shares and conversations outlive a reload and are in `live`.

use std::sync::Arc;

use tokio::time::Instant;

use crate::live::{AffinitySettings, Conversations, Counts};

/// How the first choices of a pool are steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steering {
    /// The only provider with a controller; `None` means all have one.
    only: Option<usize>,
}

impl Steering {
    /// In definition order, only the first provider of the lowest tier is preferred; other
    /// strategies may ask any provider first.
    pub(crate) fn new(tiers: impl Iterator<Item = u32>, in_definition_order: bool) -> Self {
        let first = tiers.enumerate().min_by_key(|(_, tier)| *tier).map(|(at, _)| at);
        Self { only: first.filter(|_| in_definition_order) }
    }

    /// Whether the provider at this index has a controller.
    pub(crate) fn controls(self, at: usize) -> bool {
        self.only.is_none_or(|only| only == at)
    }
}

/// Conversation affinity to one provider of a pool.
pub(crate) struct Affinity {
    /// The provider.
    pub(crate) preferred: usize,
    settings: AffinitySettings,
    conversations: Arc<Conversations>,
}

impl Affinity {
    /// Prefers the first provider of the lowest tier, with a weight above 0 if any has one; `None`
    /// without providers. Each provider is given as tier and weight.
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

    /// Notes activity of a conversation. Returns its rank among those that stay, from 0 to 1;
    /// `None` if it does not stay.
    pub(crate) fn seen(&self, conversation: u64, now: Instant) -> Option<f64> {
        self.conversations.seen(conversation, &self.settings, now)
    }

    /// How many conversations stay.
    pub(crate) fn target(&self) -> usize {
        self.settings.target
    }

    /// How many conversations are active.
    pub(crate) fn counts(&self, now: Instant) -> Counts {
        self.conversations.counts(&self.settings, now)
    }
}
