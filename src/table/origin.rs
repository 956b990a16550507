//! Where connections go, and how many of them are kept.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Uri};

use super::route::Route;
use crate::live::Number;

crate::secret::unseen!(Origin);

/// Where a provider's connections go. Origins are numbered by the registry, so that connections
/// outlive a reload.
pub struct Origin {
    /// Never given to two different origins.
    pub(crate) id: Arc<Number>,
    /// Scheme and authority, with `/` for a path.
    pub uri: Uri,
    /// What `Host` says.
    pub(crate) host: HeaderValue,
    /// Whether the scheme is `https`.
    pub(crate) tls: bool,
    /// Name look-up, TCP and TLS together.
    pub(crate) connect_timeout: Duration,
    /// How many idle connections are kept, and for how long.
    pub(crate) pool: IdlePool,
    /// The way there, where it is not straight or has TLS of its own.
    pub(crate) route: Option<Arc<Route>>,
}

/// The pool of idle upstream connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct IdlePool {
    /// Idle connections kept for an origin, on each core.
    pub(crate) max_idle_per_host: usize,
    /// How long one is kept without a request.
    pub(crate) idle_timeout: Duration,
    /// How long one is used from its opening on.
    pub(crate) max_age: Duration,
}
