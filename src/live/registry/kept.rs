//! The limits that outlive the process or are shared by replicas, with their keys in the store.

use std::sync::Arc;

use super::{Draft, ProviderId};
use crate::live::health::news::News;
use crate::live::limit::{LimitSettings, Limits, leases::Leases, quota::Quota, shared::Sharing};

impl Draft<'_> {
    /// From now on replicas share limits, and findings about providers.
    pub(crate) fn share_limits(&mut self) {
        self.shares = true;
    }

    /// The slices of shared limits.
    pub(crate) fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.registry.leases)
    }

    /// The messages of replicas about providers.
    pub(crate) fn news(&self) -> Arc<News> {
        Arc::clone(&self.registry.news)
    }

    /// Shares the providers of this draft with other replicas, if any are shared.
    pub(super) fn tell_of_providers(&self) {
        if self.shares {
            self.providers.values().for_each(|provider| provider.tells(&self.registry.news));
        }
    }

    /// Marks these limits as shared, if they are.
    pub(super) fn share(&self, limits: &mut LimitSettings, holder: impl FnOnce() -> String) {
        let LimitSettings { rate, max, windows, .. } = &*limits;
        if self.shares && (rate.is_some() || max.is_some() || windows.is_some()) {
            limits.sharing = Some(Sharing { leases: self.leases(), holder: holder().into() });
        }
    }

    /// The windows of this draft that outlive the process, by owner. No name contains a credential:
    /// a provider is identified by a digest.
    pub(crate) fn kept_quotas(&self) -> Vec<(String, Quota)> {
        let mut all = Vec::new();
        let mut add = |limits: &Limits, holder: &dyn Fn() -> String| {
            let kept = limits.quota().filter(|quota| quota.is_kept());
            all.extend(kept.map(|quota| (holder(), quota.clone())));
        };
        for (name, key) in &self.keys {
            add(key.limits(), &|| format!("key:{name}"));
        }
        for (name, team) in &self.teams {
            add(team.limits(), &|| format!("team:{name}"));
        }
        for (alias, pool) in &self.pools {
            add(pool.limits(), &|| format!("pool:{alias}"));
        }
        for (id, provider) in &self.providers {
            let ProviderId { alias, .. } = id;
            add(provider.limits(), &|| format!("provider:{alias}/{:016x}", id.hash()));
        }
        all
    }
}
