//! What lives longer than a table: limiter levels, requests in flight, cooldowns, probe results,
//! measured latencies. Each is a small shared object, handed to every new table by identity.
//!
//! It never decides who is chosen and never reads configuration: settings arrive as plain numbers,
//! and whoever asks brings the time.

pub mod limit;
pub mod health;
pub mod ewma;
pub mod headroom;
pub mod retries;
pub mod hedging;
pub mod provider;
pub mod meters;
pub mod registry;
pub mod room;

pub use ewma::PeakEwma;
pub use headroom::Headroom;
pub use health::{Cooldown, Health, HealthSettings, Probing, Reason, State, Trial, Why};
pub use hedging::Hedging;
pub use limit::{Cap, LimitSettings, Limited, Limits, Permit, Rate, RateBucket};
pub use meters::{Head, Meters, PoolMeters, ProviderMeters, Times};
pub use provider::{Entry, Provider, ProviderSettings};
pub use registry::{Draft, Key, Pool, Registry};
pub use retries::{Extra, PoolRetries, Retries};
pub use room::{Room, Share};
