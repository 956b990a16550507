//! What runs: every alias, provider and key, compiled from the file and immutable. A reload
//! replaces the whole table; what must outlive it is in `live`.
//!
//! In here no `Option` means "default", and nothing is parsed that the file already fixed.

pub mod pool;
pub mod endpoints;
pub mod pool_id;
pub mod origin;
pub mod fallback;
pub mod keyring;
pub mod access;
pub mod mock;
pub mod aws;
pub mod identity;
pub mod compile;

use std::{collections::HashMap, sync::Arc};

pub use self::{
    compile::{compile, problems},
    endpoints::Endpoints,
    fallback::Fallback,
    keyring::{Access, Caller, HashKey, Keyring},
    origin::{IdlePool, Origin},
    pool::{Place, Pool, Probe, Provider, Rule, StickyBy},
    pool_id::PoolId,
};

crate::secret::unseen!(Table);

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

/// A provider's place: its pool, and where in it; only good for that table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderRef {
    /// The pool.
    pub pool: PoolId,
    /// Its place in the pool.
    pub provider: u32,
}

impl ProviderRef {
    /// The provider.
    pub fn of(self, table: &Table) -> &Provider {
        &table.pool(self.pool).providers[self.provider as usize]
    }
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
