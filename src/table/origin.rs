//! Where connections go, and how many of them are kept.

use std::time::Duration;

use http::{HeaderValue, Uri};

crate::secret::unseen!(Origin);

/// Where a provider's connections go. Origins are numbered by the registry, so that connections
/// outlive a reload.
pub struct Origin {
    /// Never given to two different origins.
    pub id: u32,
    /// Scheme and authority, with `/` for a path.
    pub uri: Uri,
    /// What `Host` says.
    pub host: HeaderValue,
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// Name look-up, TCP and TLS together.
    pub connect_timeout: Duration,
    /// How many idle connections are kept, and for how long.
    pub pool: IdlePool,
}

/// The pool of idle upstream connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdlePool {
    /// Idle connections kept for an origin, on each core.
    pub max_idle_per_host: usize,
    /// How long one is kept.
    pub idle_timeout: Duration,
}
