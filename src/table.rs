//! What runs: every alias, provider and key, compiled from the file and immutable. A reload
//! replaces the whole table; what must outlive it is in `live`.
//!
//! In here no `Option` means "default", and nothing is parsed that the file already fixed.

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
    /// Each by itself: an answer that is still on its way keeps its pool, and not the table.
    pools: Vec<Arc<Pool>>,
    by_alias: HashMap<Box<str>, PoolId>,
    names: names::Names,
    /// Paths whose requests are a target's.
    pub(crate) paths: paths::Paths,
    /// Who may call.
    pub keyring: Keyring,
    /// Whether anything names a guardrail.
    pub(crate) has_guardrails: bool,
    /// Whom guardrails ask, by number.
    pub(crate) webhooks: Vec<webhook::Webhook>,
    /// Who is told when something goes wrong.
    pub(crate) alerts: Vec<Arc<alerts::Alert>>,
    /// Whether replicas share the limits.
    pub(crate) is_shared: bool,
    /// Which pages may call from a browser.
    pub(crate) cors: Option<Cors>,
    /// What responses tell of the way of their request.
    pub(crate) headers: crate::words::Headers,
    /// What handshakes with clients need, where their port speaks TLS.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    /// The SHA-256 of the file's text, as hexadecimal digits.
    pub(crate) hash: Box<str>,
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
    /// The pool behind a name that a client asks for.
    pub fn find(&self, name: &str) -> Option<PoolId> {
        self.by_alias.get(name).copied().or_else(|| self.find_other(name))
    }

    /// The same for a name that is no target's: a further name, a pattern, or what is left.
    #[cold]
    fn find_other(&self, name: &str) -> Option<PoolId> {
        let meant = self.names.meant(name);
        let listed = self.by_alias.get(meant).copied();
        // A client's own name may be sent on, in a path as well: it must not lead out of there.
        let other = || self.names.fitting(meant).or(self.names.default);
        listed.or_else(|| other().filter(|_| crate::path::stays(name)))
    }

    /// The name that is meant by a further name of a target.
    pub(crate) fn meant(&self, name: &str) -> Option<&str> {
        if self.names.further.is_empty() {
            return None;
        }
        self.names.further.get(name).map(|meant| &**meant)
    }

    /// Every name that can be listed, sorted, with its pool. What a pattern or the default target
    /// serves has no end, and is not.
    pub(crate) fn listed(&self) -> Vec<(&str, &Arc<Pool>)> {
        let own = self.aliases().iter().map(|pool| (&*pool.alias, pool));
        let own = own.filter(|(alias, _)| !names::is_pattern(alias));
        let further = self.names.further.keys();
        let further = further.filter_map(|name| Some((&**name, self.pool(self.find(name)?))));
        let mut all: Vec<_> = own.chain(further).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// A pool by its place.
    pub fn pool(&self, id: PoolId) -> &Arc<Pool> {
        &self.pools[id.0 as usize]
    }

    /// The pool of each alias, sorted by alias.
    pub(crate) fn aliases(&self) -> &[Arc<Pool>] {
        &self.pools[..self.by_alias.len()]
    }

    /// The pool that serves a request for this path where this one is asked.
    pub(crate) fn of_class(&self, id: PoolId, path: &str) -> PoolId {
        match self.pool(id).completions {
            Some(completions) if classes::is_completions(path) => completions,
            _ => id,
        }
    }

    /// Every pool: those of the aliases, sorted by alias, and behind them those of classes of requests.
    pub fn pools(&self) -> &[Arc<Pool>] {
        &self.pools
    }
}
