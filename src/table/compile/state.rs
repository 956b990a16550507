//! The state of a provider that outlives a reload.

use std::sync::Arc;

use super::{
    Compiler, health,
    limits::Written,
    provider::{Entry, Inherited},
};
use crate::live::{self, ProviderSettings};

impl Compiler<'_> {
    /// The live state of a provider, and whether a limit on tokens or money depends on its answers.
    pub(super) fn live(
        &mut self,
        alias: &str,
        digest: &str,
        entry: &Entry<'_>,
        inherited: &Inherited<'_>,
    ) -> (Arc<live::Provider>, bool) {
        let written = entry.own.map(|own| Written {
            rate: own.rate_limit,
            concurrency: own.concurrency_limit,
            tokens: own.token_limit.as_ref(),
            budget: own.budget.as_ref(),
            queue: own.queue,
        });
        let limits = self.limits(written.unwrap_or_default(), &entry.path);
        let counts = self.counts || inherited.counts || limits.windows.is_some();
        let health = health::settings(inherited.keys);
        let settings = ProviderSettings { limits, health, aimd: inherited.aimd.clone() };
        (self.draft.provider(alias, digest, settings), counts)
    }
}
