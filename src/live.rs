//! State that outlives a table: limiter levels, requests in flight, cooldowns, probe results,
//! latencies. Each is a small shared object, handed to every new table by identity.
//!
//! It chooses nothing and reads no configuration: settings are plain numbers, and the caller passes
//! the time.

pub(crate) mod limit;
pub(crate) mod health;
pub(crate) mod in_flight;
pub(crate) mod ewma;
pub(crate) mod headroom;
pub(crate) mod retries;
pub(crate) mod typical;
pub(crate) mod hedging;
pub(crate) mod provider;
pub(crate) mod meters;
pub(crate) mod account;
pub(crate) mod aimd;
pub(crate) mod conversations;
pub(crate) mod registry;
pub(crate) mod body_budget;
pub(crate) mod number;
pub(crate) mod queue;

pub(crate) use account::Account;
pub(crate) use aimd::{Aimd, AimdSettings};
pub(crate) use body_budget::{BodyBudget, Share};
pub(crate) use conversations::{AffinitySettings, Conversations, Counts};
pub use health::{Cooldown, HealthSettings};
pub(crate) use health::{Held, Probing, Reason, State, Why};
pub use limit::{Cap, LimitSettings, Limits, Rate, RateBucket};
pub(crate) use limit::{
    Limited, Permit, QueueSettings,
    quota::{Hold, Quota},
    window::Level,
};
pub use meters::{Head, Meters, ProviderMeters, Speed, Times};
pub(crate) use number::Number;
pub(crate) use provider::Entry;
pub use provider::{Provider, ProviderSettings};
pub(crate) use queue::{Lane, Queue, Turned, Waiter};
pub use registry::Registry;
pub(crate) use registry::{Draft, Pool};
pub(crate) use retries::{Extra, Retries};
pub(crate) use typical::Typical;
