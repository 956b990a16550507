//! An origin: the endpoint of connections, and how many are kept.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Uri};

use super::route::Route;
use crate::live::Number;

crate::secret::unseen!(Origin);

/// The endpoint of a provider's connections. The registry numbers origins, so that connections
/// outlive a reload.
pub struct Origin {
    /// Unique for each origin.
    pub(crate) id: Arc<Number>,
    /// Scheme and authority, with `/` for a path.
    pub uri: Uri,
    /// The value of `Host`.
    pub(crate) host: HeaderValue,
    /// Whether the scheme is `https`.
    pub(crate) tls: bool,
    /// The timeout for DNS, TCP and TLS together.
    pub(crate) connect_timeout: Duration,
    /// How many idle connections are kept, and for how long.
    pub(crate) pool: IdlePool,
    /// The route, if it needs a proxy or its own TLS settings.
    pub(crate) route: Option<Arc<Route>>,
}

/// The pool of idle upstream connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct IdlePool {
    /// Idle connections kept for an origin, on each core.
    pub(crate) max_idle_per_host: usize,
    /// The longest idle time of a connection.
    pub(crate) idle_timeout: Duration,
    /// The longest time from its opening in which a connection is reused.
    pub(crate) max_age: Duration,
}
