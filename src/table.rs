//! What runs: every alias, provider and key, compiled from the file and immutable. A reload
//! replaces the whole table; what must outlive it is in `live`.
//!
//! In here no `Option` means "default", and nothing is parsed that the file already fixed.

pub(crate) mod pool;
pub(crate) mod endpoints;
pub(crate) mod pool_id;
pub(crate) mod origin;
pub mod fallback;
pub(crate) mod keyring;
pub(crate) mod access;
pub(crate) mod mock;
pub(crate) mod aws;
pub(crate) mod identity;
pub(crate) mod compile;

use std::{collections::HashMap, sync::Arc};

pub use self::{
    compile::{compile, problems},
    keyring::HashKey,
    pool::{Place, Pool},
};
pub(crate) use self::{
    endpoints::Endpoints,
    fallback::Fallback,
    keyring::{Access, Caller, Keyring},
    origin::{IdlePool, Origin},
    pool::{Probe, Provider, Rule, StickyBy},
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
    pub(crate) created: u64,
}

/// A provider's place: its pool, and where in it; only good for that table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProviderRef {
    /// The pool.
    pub(crate) pool: PoolId,
    /// Its place in the pool.
    pub(crate) provider: u32,
}

impl ProviderRef {
    /// The provider.
    pub(crate) fn of(self, table: &Table) -> &Provider {
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
