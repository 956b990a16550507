//! What runs: every alias, provider and key, compiled from the file and immutable. A reload
//! replaces the whole table; state that must outlive it is in `live`.
//!
//! Here no `Option` means "default", and nothing is parsed again.

pub(crate) mod pool;
pub(crate) mod endpoints;
pub(crate) mod classes;
pub(crate) mod pool_id;
pub(crate) mod names;
pub(crate) mod paths;
pub(crate) mod asked_model;
pub(crate) mod trust;
pub(crate) mod route;
pub(crate) mod environment;
pub(crate) mod origin;
pub mod fallback;
pub(crate) mod keyring;
pub(crate) mod policy;
pub(crate) mod terms;
pub(crate) mod webhook;
pub(crate) mod access;
pub(crate) mod mock;
pub(crate) mod alerts;
pub(crate) mod aws;
pub(crate) mod prices;
pub(crate) mod steering;
pub(crate) mod strict;
pub(crate) mod reasoning;
pub(crate) mod identity;
pub(crate) mod in_flight;
pub(crate) mod cors;
pub(crate) mod compile;

use std::{collections::HashMap, sync::Arc};

pub(crate) use self::{
    asked_model::AskedModel,
    compile::{compile_kept, warnings},
    cors::Cors,
    endpoints::Endpoints,
    fallback::Fallback,
    keyring::{Access, Caller, Keyring},
    origin::{IdlePool, Origin},
    pool::{Probe, Provider, Rule, StickyBy},
    pool_id::PoolId,
};
pub use self::{
    compile::{compile, problems},
    keyring::HashKey,
    pool::{Place, Pool},
};

crate::secret::unseen!(Table);

/// The compiled configuration.
pub struct Table {
    /// Each in an `Arc`: a response in progress keeps its pool, not the whole table.
    pools: Vec<Arc<Pool>>,
    by_alias: HashMap<Box<str>, PoolId>,
    names: names::Names,
    /// The paths that belong to targets.
    pub(crate) paths: paths::Paths,
    /// The keys of callers.
    pub keyring: Keyring,
    /// Whether anything uses a guardrail.
    pub(crate) has_guardrails: bool,
    /// The services that guardrails call, by index.
    pub(crate) webhooks: Vec<webhook::Webhook>,
    /// The webhooks for alerts.
    pub(crate) alerts: Vec<Arc<alerts::Alert>>,
    /// Whether replicas share the limits.
    pub(crate) is_shared: bool,
    /// The settings for cross-origin requests.
    pub(crate) cors: Option<Cors>,
    /// Which headers of a response tell how its request was served.
    pub(crate) headers: crate::words::Headers,
    /// The TLS configuration for clients, if their port uses TLS.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    /// The SHA-256 of the file's text, as hexadecimal digits.
    pub(crate) hash: Box<str>,
    /// When the first table was compiled, in Unix seconds: the `created` of every model.
    pub(crate) created: u64,
}

/// A provider by its pool and its index; valid only for one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProviderRef {
    /// The pool.
    pub(crate) pool: PoolId,
    /// Its index in the pool.
    pub(crate) provider: u32,
}

impl ProviderRef {
    /// The provider.
    pub(crate) fn of(self, table: &Table) -> &Provider {
        &table.pool(self.pool).providers[self.provider as usize]
    }
}

impl Table {
    /// The pool for a name that a client sends.
    pub fn find(&self, name: &str) -> Option<PoolId> {
        self.by_alias.get(name).copied().or_else(|| self.find_other(name))
    }

    /// The same for a name that is not a target: another name of one, a pattern, or the default
    /// target.
    #[cold]
    fn find_other(&self, name: &str) -> Option<PoolId> {
        let meant = self.names.meant(name);
        let listed = self.by_alias.get(meant).copied();
        // The name may be sent upstream in a path, so it must not lead out of the base path.
        let other = || self.names.fitting(meant).or(self.names.default);
        listed.or_else(|| other().filter(|_| crate::path::stays(name)))
    }

    /// Whether the file has this name: it is the operator's text then, not a client's.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.by_alias.contains_key(name) || self.names.further.contains_key(name)
    }

    /// The target of an additional name.
    pub(crate) fn meant(&self, name: &str) -> Option<&str> {
        if self.names.further.is_empty() {
            return None;
        }
        self.names.further.get(name).map(|meant| &**meant)
    }

    /// Every name that can be listed, sorted, with its pool. Names that only a pattern or the
    /// default target matches are unbounded and not listed.
    pub(crate) fn listed(&self) -> Vec<(&str, &Arc<Pool>)> {
        let own = self.aliases().iter().map(|pool| (&*pool.alias, pool));
        let own = own.filter(|(alias, _)| !names::is_pattern(alias));
        let further = self.names.further.keys();
        let further = further.filter_map(|name| Some((&**name, self.pool(self.find(name)?))));
        let mut all: Vec<_> = own.chain(further).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// A pool by its ID.
    pub fn pool(&self, id: PoolId) -> &Arc<Pool> {
        &self.pools[id.0 as usize]
    }

    /// The pool of each alias, sorted by alias.
    pub(crate) fn aliases(&self) -> &[Arc<Pool>] {
        &self.pools[..self.by_alias.len()]
    }

    /// The pool for a request with this path, among the pools of the alias.
    pub(crate) fn of_class(&self, id: PoolId, path: &str) -> PoolId {
        match self.pool(id).completions {
            Some(completions) if classes::is_completions(path) => completions,
            _ => id,
        }
    }

    /// All pools: those of the aliases, sorted by alias, then those of request classes.
    pub fn pools(&self) -> &[Arc<Pool>] {
        &self.pools
    }
}
