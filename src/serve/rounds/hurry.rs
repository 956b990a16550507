//! How long an attempt may be silent if another may follow.
//!
//! The last attempt has the provider's full time, since cutting it off helps no client.

use tokio::time::Instant;

use super::{
    Rounds,
    pass::Attempt,
    view::{self, Needs},
};
use crate::{
    serve::admit,
    table::{PoolId, ProviderRef, access, pool::Timeouts},
};

impl Rounds<'_> {
    /// The timeouts of a streaming attempt, if the pool has a timeout for the first token.
    pub(super) fn hurried(&self, attempt: &Attempt<'_>, own: Timeouts) -> Timeouts {
        let rules = &self.pass.pool.fallback;
        let Some(first_token) = rules.first_token.filter(|_| rules.enabled) else { return own };
        let now = attempt.entry.started();
        if !self.may_be_followed(attempt.provider_ref, now) {
            return own;
        }
        let first_event = own.first_event.map_or(first_token, |own| own.min(first_token));
        Timeouts { first_event: Some(first_event), ..own }
    }

    /// Whether another provider may be asked after an attempt at this one.
    pub(super) fn may_be_followed(&self, asked: ProviderRef, now: Instant) -> bool {
        if self.budget.is_exhausted(now) {
            return false;
        }
        let here = asked.provider as usize;
        self.pass.has_another(here, now) || self.coming.iter().any(|&next| self.serves(next, now))
    }

    /// Whether this caller may use a pool that takes over, and it has a healthy provider.
    fn serves(&self, pool: PoolId, now: Instant) -> bool {
        let leader = self.table.pool(pool);
        let path = &self.inbound.path;
        let id = access::resolve(self.table, pool, &leader.alias, path, self.caller);
        let Ok(id) = id else { return false };
        let pool = self.table.pool(id);
        let is_well = || {
            let of_request = self.inbound.required.as_deref();
            let required = [of_request, pool.required.as_deref(), leader.required.as_deref()];
            let needs = Needs { required, ..*self.pass.needs() };
            pool.providers.iter().any(|it| view::verdict(it, &needs, now).is_ok())
        };
        id != self.first && admit::may_ask(pool, self.inbound).is_ok() && is_well()
    }
}
