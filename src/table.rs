//! What runs: every alias, provider and key, compiled from the file and immutable. A reload
//! replaces the whole table; what must outlive it is in `live`.
//!
//! In here no `Option` means "default", and nothing is parsed that the file already fixed.

pub mod pool;
pub mod endpoints;
pub mod fallback;
pub mod keyring;
pub mod access;
pub mod mock;
pub mod aws;
pub mod identity;
pub mod compile;

use std::{collections::HashMap, sync::Arc, time::Duration};

use http::{HeaderValue, Uri};

pub use self::{
    compile::{compile, problems},
    endpoints::Endpoints,
    fallback::Fallback,
    keyring::{Access, Caller, HashKey, Keyring},
    pool::{Place, Pool, Probe, Provider, Rule, StickyBy},
};

crate::secret::unseen!(Table, Origin);

/// The compiled configuration.
pub struct Table {
    /// Each by itself: an answer that is still on its way keeps its pool, and not the table.
    pools: Vec<Arc<Pool>>,
    by_alias: HashMap<Box<str>, PoolId>,
    /// Who may call.
    pub keyring: Keyring,
    /// When the first table was compiled, in Unix seconds: the `created` of every model.
    pub created: u64,
}

/// A pool's place in its table; only good for that table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolId(u32);

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

impl Table {
    /// The pool behind an alias.
    pub fn find(&self, alias: &str) -> Option<PoolId> {
        self.by_alias.get(alias).copied()
    }

    /// A pool by its place.
    pub fn pool(&self, id: PoolId) -> &Arc<Pool> {
        &self.pools[id.0 as usize]
    }

    /// Every pool, sorted by alias.
    pub fn pools(&self) -> &[Arc<Pool>] {
        &self.pools
    }
}
