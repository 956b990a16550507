//! The windows that have to outlive the process, and what each is known by there.

use super::{Draft, ProviderId};
use crate::live::limit::{Limits, quota::Quota};

impl Draft<'_> {
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
