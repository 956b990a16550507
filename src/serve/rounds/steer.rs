//! Which providers a request does not ask first, where a controller has lowered the share that one is asked first
//! for; and what the controllers hear of attempts.
//!
//! It never leaves out all of them, and never one that nothing but providers of weight 0 could replace.

use rand::Rng;
use tokio::time::Instant;

use crate::{
    failure::{Brief, What},
    table::Pool,
};

/// For each provider whether it is left to later.
pub(super) type Spared = Option<Box<[bool]>>;

/// The providers that a request leaves to later; none where all may be asked.
pub(super) fn spared(pool: &Pool, now: Instant, rng: &mut impl Rng) -> Spared {
    let mut is_any = false;
    let spare = |at: usize| {
        let share = pool.aimd(at).map_or(1.0, |aimd| aimd.share(now));
        let is_spared = share < 1.0 && rng.random::<f64>() >= share;
        is_any |= is_spared;
        is_spared
    };
    let spared: Box<[bool]> = (0..pool.providers.len()).map(spare).collect();
    let mut kept = pool.providers.iter().zip(&spared).filter(|(_, spared)| !**spared);
    (is_any && kept.any(|(provider, _)| provider.weight > 0)).then_some(spared)
}

/// Tells the controller of a provider how an attempt began that was accepted.
pub(super) fn accepted(pool: &Pool, at: usize, began: Instant, now: Instant) {
    if let Some(aimd) = pool.aimd(at) {
        let is_breach = now.saturating_duration_since(began) > aimd.settings().budget;
        aimd.observe(began, is_breach, now);
    }
}

/// Tells it of one that failed. What says nothing of how busy the provider is says nothing to it.
pub(super) fn failed(pool: &Pool, at: usize, began: Instant, now: Instant, failure: Brief) {
    let Some(aimd) = pool.aimd(at) else { return };
    let statuses = &aimd.settings().statuses;
    let is_breach = match failure.what {
        What::Timeout => now.saturating_duration_since(began) >= aimd.settings().budget,
        What::Status(status) => {
            let implied = failure.implied_status();
            statuses.contains(&status) || implied.is_some_and(|it| statuses.contains(&it))
        }
        _ => false,
    };
    if is_breach {
        aimd.observe(began, true, now);
    }
}
