//! The limits that have to outlive the process or are shared by replicas, and what each is known by there.

use std::sync::Arc;

use super::{Draft, ProviderId};
use crate::live::limit::{LimitSettings, Limits, leases::Leases, quota::Quota, shared::Sharing};

impl Draft<'_> {
    /// From now on replicas share the limits.
    pub(crate) fn share_limits(&mut self) {
        self.shares = true;
    }

    /// Slices of limits that replicas share.
    pub(crate) fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.registry.leases)
    }

    /// Notes where these limits are shared, where they are.
    pub(super) fn share(&self, limits: &mut LimitSettings, holder: impl FnOnce() -> String) {
        let LimitSettings { rate, max, windows, .. } = &*limits;
        if self.shares && (rate.is_some() || max.is_some() || windows.is_some()) {
            limits.sharing = Some(Sharing { leases: self.leases(), holder: holder().into() });
        }
    }

    /// The windows of this draft that have to outlive the process, by whose they are. No name holds a
    /// credential: a provider is told by a digest.
    pub(crate) fn kept_quotas(&self) -> Vec<(String, Quota)> {
        let mut all = Vec::new();
        let mut add = |limits: &Limits, holder: &dyn Fn() -> String| {
            let kept = limits.quota().filter(|quota| quota.is_kept());
            all.extend(kept.map(|quota| (holder(), quota.clone())));
        };
        for (name, key) in &self.keys {
            add(&key.limits, &|| format!("key:{name}"));
        }
        for (name, team) in &self.teams {
            add(&team.limits, &|| format!("team:{name}"));
        }
        for (alias, pool) in &self.pools {
            add(&pool.limits, &|| format!("pool:{alias}"));
        }
        for (id, provider) in &self.providers {
            let ProviderId { alias, .. } = id;
            add(provider.limits(), &|| format!("provider:{alias}/{:016x}", id.hash()));
        }
        all
    }
}
