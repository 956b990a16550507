//! What the registry keeps of pools, keys and providers, and how it takes new settings.

use std::sync::{Arc, OnceLock};

use crate::live::{
    account::Account,
    conversations::Conversations,
    hedging::Hedging,
    in_flight::InFlight,
    limit::{LimitSettings, Limits},
    meters::PoolMeters,
    provider::{Provider, ProviderSettings},
    queue::Queue,
    retries::PoolRetries,
    typical::Typical,
};

/// The state of one pool that outlives a table.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    /// The queue for its limits, if there is one.
    pub(crate) queue: Option<Arc<Queue>>,
    /// The typical use of its answers.
    pub(crate) typical: Arc<Typical>,
    /// How soon its answers begin, and the credit for hedged attempts.
    pub(crate) hedging: Arc<Hedging>,
    /// Its retry budget.
    pub(crate) retries: Arc<PoolRetries>,
    /// The requests in flight of each account.
    pub(crate) in_flight: Arc<InFlight>,
    /// Conversation affinity; few pools have it.
    conversations: OnceLock<Arc<Conversations>>,
    /// Its metrics.
    pub(crate) meters: Arc<PoolMeters>,
}

/// The state of one key or team that outlives a table.
#[derive(Debug)]
pub(crate) struct Key {
    limits: Limits,
    /// What was used.
    pub(crate) account: Arc<Account>,
}

/// A kind of state that the registry keeps.
pub(super) trait Survivor: Sized {
    /// What the file says of it.
    type Settings: PartialEq;

    /// Whether it has these settings.
    fn unchanged(&self, settings: &Self::Settings) -> bool;

    /// The same with other settings.
    fn successor(&self, settings: Self::Settings) -> Self;

    /// Its limits.
    fn limits(&self) -> &Limits;

    /// The queue for them, if there is one.
    fn queue(&self) -> Option<&Arc<Queue>> {
        None
    }
}

impl Pool {
    /// A pool without a history.
    pub(super) fn new(settings: LimitSettings, meters: PoolMeters) -> Self {
        let limits = Limits::new(settings);
        Self {
            queue: Queue::of(None, &limits),
            limits,
            typical: Arc::default(),
            hedging: Arc::default(),
            retries: Arc::default(),
            in_flight: Arc::default(),
            conversations: OnceLock::new(),
            meters: Arc::new(meters),
        }
    }

    /// Its limits, with the count of requests in flight.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Conversation affinity.
    pub(crate) fn conversations(&self) -> &Arc<Conversations> {
        self.conversations.get_or_init(Arc::default)
    }
}

impl Key {
    /// A key or team without a history.
    pub(super) fn new(name: &str, settings: LimitSettings) -> Self {
        Self { limits: Limits::new(settings), account: Arc::new(Account::new(name)) }
    }

    /// Its limits, wherever it is used.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl Survivor for Provider {
    type Settings = ProviderSettings;

    fn unchanged(&self, settings: &ProviderSettings) -> bool {
        self.settings() == settings
    }

    fn successor(&self, settings: ProviderSettings) -> Self {
        self.successor(settings)
    }

    fn limits(&self) -> &Limits {
        self.limits()
    }

    fn queue(&self) -> Option<&Arc<Queue>> {
        self.queue()
    }
}

impl Survivor for Pool {
    type Settings = LimitSettings;

    fn unchanged(&self, settings: &LimitSettings) -> bool {
        self.limits.settings() == settings
    }

    fn successor(&self, settings: LimitSettings) -> Self {
        let limits = self.limits.successor(settings);
        Self {
            queue: Queue::of(self.queue.as_ref(), &limits),
            limits,
            typical: Arc::clone(&self.typical),
            hedging: Arc::clone(&self.hedging),
            retries: Arc::clone(&self.retries),
            in_flight: Arc::clone(&self.in_flight),
            conversations: self.conversations.clone(),
            meters: Arc::clone(&self.meters),
        }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn queue(&self) -> Option<&Arc<Queue>> {
        self.queue.as_ref()
    }
}

impl Survivor for Key {
    type Settings = LimitSettings;

    fn unchanged(&self, settings: &LimitSettings) -> bool {
        self.limits.settings() == settings
    }

    fn successor(&self, settings: LimitSettings) -> Self {
        let account = Arc::clone(&self.account);
        Self { limits: self.limits.successor(settings), account }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// A table may drop the object while a request of an older table still holds a permit of the same
/// state.
pub(super) fn in_use<V: Survivor>(kept: &Arc<V>) -> bool {
    // A queue holds the limits too.
    let own = 1 + usize::from(kept.queue().is_some());
    Arc::strong_count(kept) > 1 || kept.limits().holders() > own
}
