//! State by identity, so that it outlives the table that uses it.
//!
//! It is used only while a table is compiled or after it has been replaced, never by a request. A
//! compilation that fails leaves it unchanged, except for the numbers it has issued.

mod kept;
mod survivor;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;

pub(crate) use self::survivor::{Key, Pool};
use self::survivor::{Survivor, in_use};
use super::health::news::News;
use super::limit::{LimitSettings, leases::Leases};
use super::meters::{Meters, ProviderMeters};
use super::number::{Number, Numbers};
use super::provider::{Provider, ProviderSettings};

/// Everything that outlives a table.
#[derive(Debug)]
pub struct Registry {
    meters: Arc<Meters>,
    origins: Numbers,
    identities: Numbers,
    providers: DashMap<ProviderId, Arc<Provider>>,
    pools: DashMap<String, Arc<Pool>>,
    keys: DashMap<String, Arc<Key>>,
    teams: DashMap<String, Arc<Key>>,
    /// Slices of limits that replicas share.
    leases: Arc<Leases>,
    /// The messages of replicas about providers.
    news: Arc<News>,
    names: DashMap<ProviderName, Arc<ProviderMeters>>,
}

/// The registry as one compilation sees it. Its state is kept on commit, and discarded on drop.
#[derive(Debug)]
#[must_use = "a draft that is not committed keeps nothing"]
pub(crate) struct Draft<'r> {
    registry: &'r Registry,
    /// Whether replicas share the limits.
    shares: bool,
    providers: HashMap<ProviderId, Arc<Provider>>,
    pools: HashMap<String, Arc<Pool>>,
    keys: HashMap<String, Arc<Key>>,
    teams: HashMap<String, Arc<Key>>,
    names: HashMap<ProviderName, Arc<ProviderMeters>>,
    occurrences: HashMap<(String, String), u32>,
}

/// A provider by its alias and name, as in metrics.
type ProviderName = (String, String);

/// The identity of a provider, which does not depend on its position.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ProviderId {
    alias: String,
    endpoint: String,
    /// Its index among equal entries.
    occurrence: u32,
}

impl Registry {
    /// An empty registry, whose pools are counted by `meters`.
    pub fn new(meters: Arc<Meters>) -> Self {
        let leases = Arc::<Leases>::default();
        Self {
            meters,
            origins: Numbers::default(),
            identities: Numbers::default(),
            providers: DashMap::new(),
            pools: DashMap::new(),
            keys: DashMap::new(),
            teams: DashMap::new(),
            news: News::new(Arc::clone(&leases.desk)),
            leases,
            names: DashMap::new(),
        }
    }

    /// Starts a compilation. One at a time: if two overlap, each identity keeps the state of the
    /// last commit.
    pub(crate) fn draft(&self) -> Draft<'_> {
        Draft {
            registry: self,
            shares: false,
            providers: HashMap::new(),
            pools: HashMap::new(),
            keys: HashMap::new(),
            teams: HashMap::new(),
            names: HashMap::new(),
            occurrences: HashMap::new(),
        }
    }

    /// Removes what no table and no request in flight refers to, with its metrics.
    pub(crate) fn sweep(&self) {
        self.origins.sweep();
        self.identities.sweep();
        self.providers.retain(|_, kept| in_use(kept));
        self.keys.retain(|_, kept| in_use(kept));
        self.teams.retain(|_, kept| in_use(kept));
        let counted = (self.pools.len(), self.names.len());
        self.pools.retain(|_, kept| in_use(kept));
        self.names.retain(|_, kept| Arc::strong_count(kept) > 1);
        if counted != (self.pools.len(), self.names.len()) {
            // No live handle refers to a removed series, so no event can be lost.
            self.meters.retain(|alias, provider| match provider {
                None => self.pools.contains_key(alias),
                Some(name) => self.names.contains_key(&(alias.to_owned(), name.to_owned())),
            });
        }
    }

    /// How many origins and identities are remembered.
    #[cfg(test)]
    pub(crate) fn numbers(&self) -> (usize, usize) {
        (self.origins.len(), self.identities.len())
    }

    /// How many providers, pools and keys are remembered.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        (self.providers.len(), self.pools.len(), self.keys.len())
    }
}

impl Draft<'_> {
    /// The next provider of `alias` with these endpoint settings; `endpoint` is a digest, since the
    /// settings contain the credential. Equal entries are distinguished by their order, so call it
    /// once for each entry, in the order of the file.
    pub(crate) fn provider(
        &mut self,
        alias: &str,
        endpoint: &str,
        settings: ProviderSettings,
    ) -> Arc<Provider> {
        let seen = self.occurrences.entry((alias.to_owned(), endpoint.to_owned())).or_default();
        let occurrence = *seen;
        *seen += 1;
        let id = ProviderId { alias: alias.to_owned(), endpoint: endpoint.to_owned(), occurrence };
        let mut settings = settings;
        self.share(&mut settings.limits, || format!("provider:{alias}/{:016x}", id.hash()));
        let own = settings.clone();
        let fresh = || Provider::new(id.hash(), own);
        keep(&self.registry.providers, &mut self.providers, id.clone(), settings, fresh)
    }

    /// The number of the origin with these settings. It is never reused, so even a compilation that
    /// fails may take it.
    pub(crate) fn origin(&self, settings: &str) -> Arc<Number> {
        self.registry.origins.of(settings)
    }

    /// The number of the identity with this digest, like that of an origin.
    pub(crate) fn identity(&self, digest: &str) -> Arc<Number> {
        self.registry.identities.of(digest)
    }

    /// The pool behind `alias`.
    pub(crate) fn pool(&mut self, alias: &str, mut limits: LimitSettings) -> Arc<Pool> {
        self.share(&mut limits, || format!("pool:{alias}"));
        let meters = &self.registry.meters;
        let own = limits.clone();
        let fresh = || Pool::new(own, meters.pool(alias));
        keep(&self.registry.pools, &mut self.pools, alias.to_owned(), limits, fresh)
    }

    /// The metrics of the provider with this name in `alias`.
    pub(crate) fn name(&mut self, alias: &str, name: &str) -> Arc<ProviderMeters> {
        let kept = &self.registry.names;
        let entry = self.names.entry((alias.to_owned(), name.to_owned()));
        let entry = entry.or_insert_with_key(|id| {
            kept.get(id).map(|known| Arc::clone(&known)).unwrap_or_default()
        });
        Arc::clone(entry)
    }

    /// The key with this name, or this digest if it has no name.
    pub(crate) fn key(&mut self, name: &str, mut limits: LimitSettings) -> Arc<Key> {
        self.share(&mut limits, || format!("key:{name}"));
        let own = limits.clone();
        let fresh = || Key::new(name, own);
        keep(&self.registry.keys, &mut self.keys, name.to_owned(), limits, fresh)
    }

    /// The team with this name.
    pub(crate) fn team(&mut self, name: &str, mut limits: LimitSettings) -> Arc<Key> {
        self.share(&mut limits, || format!("team:{name}"));
        let own = limits.clone();
        let fresh = || Key::new(name, own);
        keep(&self.registry.teams, &mut self.teams, name.to_owned(), limits, fresh)
    }

    /// The table of this draft is live: keeps its state. What only the old table used is left to
    /// [`Registry::sweep`].
    pub(crate) fn commit(self) {
        self.tell_of_providers();
        let Self { registry, providers, pools, keys, teams, names, .. } = self;
        providers.into_iter().for_each(|(id, state)| replace(&registry.providers, id, state));
        pools.into_iter().for_each(|(alias, state)| replace(&registry.pools, alias, state));
        keys.into_iter().for_each(|(name, state)| drop(registry.keys.insert(name, state)));
        teams.into_iter().for_each(|(name, state)| drop(registry.teams.insert(name, state)));
        names.into_iter().for_each(|(name, meters)| drop(registry.names.insert(name, meters)));
    }
}

impl ProviderId {
    /// The same in every process and version; otherwise sticky requests would move.
    fn hash(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        for part in [self.alias.as_bytes(), self.endpoint.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.update(&self.occurrence.to_le_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(first)
    }
}

/// The state from the draft, otherwise from the registry with new settings, otherwise a new one.
fn keep<K: Hash + Eq + Clone, V: Survivor>(
    kept: &DashMap<K, Arc<V>>,
    draft: &mut HashMap<K, Arc<V>>,
    id: K,
    settings: V::Settings,
    fresh: impl FnOnce() -> V,
) -> Arc<V> {
    let entry = draft.entry(id).or_insert_with_key(|id| match kept.get(id) {
        Some(old) if old.unchanged(&settings) => Arc::clone(&old),
        Some(old) => Arc::new(old.successor(settings)),
        None => Arc::new(fresh()),
    });
    Arc::clone(entry)
}

/// Keeps the state of the new live table; waiting requests continue with its limits.
fn replace<K: Hash + Eq, V: Survivor>(kept: &DashMap<K, Arc<V>>, id: K, state: Arc<V>) {
    let newest = state.limits().clone();
    let old = kept.insert(id, state);
    // If the new table has no queue, those in the old one wait to their end.
    if let Some(queue) = old.as_ref().and_then(|old| old.queue()) {
        queue.renew(newest);
    }
}
