//! Retries: at the provider that has just failed, or at another after a wait.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use super::{Pass, Stay};
use crate::{serve::rounds::budget::Budget, table::ProviderRef};

impl Pass<'_> {
    /// Plans a retry at the provider that has just failed, if the pool wants it or has no other,
    /// and if the provider may be asked soon. `asked` is its `Retry-After`.
    pub(in crate::serve::rounds) fn stay(
        &mut self,
        provider: ProviderRef,
        asked: Option<Duration>,
        budget: &Budget,
    ) {
        let rules = &self.pool.fallback;
        let at = provider.provider as usize;
        if provider.pool != self.id {
            return;
        }
        let stays = rules.stays(self.in_a_row, asked, rand::rng().random());
        let is_only = self.pool.providers.len() == 1 && rules.stay.is_none();
        let wait = match stays {
            Some(wait) => Some(wait),
            None if is_only && self.attempts < rules.max_attempts => {
                let backoff = rules.wait(self.repetitions, rand::rng().random(), self.slept);
                asked.filter(|wait| *wait <= SHORT).zip(backoff).map(|(one, other)| one.max(other))
            }
            None => None,
        };
        let now = Instant::now();
        let Some(wait) = wait else { return };
        if budget.left(now).is_some_and(|left| wait >= left) {
            return;
        }
        let is_free = stays.is_some();
        if !is_free {
            self.repetitions += 1;
            self.slept += wait;
        }
        self.stay = Some(Box::new(Stay { at, until: now + wait, is_free }));
    }

    /// Sleeps before a retry, unless its limit will exclude it anyway; `false` if there is no time
    /// left.
    pub(super) async fn wait(&mut self, at: usize, budget: &Budget, now: Instant) -> bool {
        if self.pool.providers[at].limits.limited().is_some() {
            return true;
        }
        let chance = rand::rng().random();
        let Some(wait) = self.pool.fallback.wait(self.repetitions, chance, self.slept) else {
            return false;
        };
        if budget.left(now).is_some_and(|left| wait >= left) {
            return false;
        }
        self.repetitions += 1;
        self.slept += wait;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        true
    }
}

/// The longest wait after which a pool's only provider is asked again.
const SHORT: Duration = Duration::from_secs(5);
