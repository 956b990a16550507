//! Which providers a request does not ask first: because an AIMD controller has lowered their
//! share, or because of the conversation. It also reports attempts to the controllers.
//!
//! It never spares all providers, and never one that only providers of weight 0 could replace.

use rand::Rng;
use tokio::time::Instant;

use crate::{
    failure::{Brief, What},
    serve::conversation,
    table::Pool,
    upstream::inbound::Inbound,
};

/// For each provider, whether it is asked only after the others.
pub(super) type Spared = Option<Box<[bool]>>;

/// Where the conversation of a request belongs.
#[derive(Clone, Copy)]
struct Placed {
    /// The preferred provider of conversations.
    preferred: usize,
    /// The rank of this conversation among those that stay, 0 to 1; `None` sends it to the others.
    stays: Option<f64>,
}

/// The providers that a request spares; `None` if it may ask all.
pub(super) fn spared(pool: &Pool, inbound: &Inbound, now: Instant, rng: &mut impl Rng) -> Spared {
    let placed = pool.affinity.as_ref().and_then(|affinity| {
        let stays = affinity.seen(conversation::key(inbound)?, now);
        Some(Placed { preferred: affinity.preferred, stays })
    });
    let count = pool.providers.len();
    let mut spared: Box<[bool]> =
        (0..count).map(|at| is_left(pool, at, placed, now, rng)).collect();
    if let Some(Placed { preferred, stays: Some(_) }) = placed
        && !spared[preferred]
    {
        (0..count).for_each(|at| spared[at] = at != preferred);
    }
    let is_any = spared.contains(&true);
    let mut kept = pool.providers.iter().zip(&spared).filter(|(_, spared)| !**spared);
    (is_any && kept.any(|(provider, _)| provider.weight > 0)).then_some(spared)
}

/// Whether a provider is spared, by its share or by the conversation. The rank of a conversation
/// that stays is compared with the share, so that all of its requests are treated alike.
fn is_left(
    pool: &Pool,
    at: usize,
    placed: Option<Placed>,
    now: Instant,
    rng: &mut impl Rng,
) -> bool {
    let place = match placed.filter(|placed| placed.preferred == at) {
        Some(Placed { stays: None, .. }) => return true,
        Some(Placed { stays, .. }) => stays,
        None => None,
    };
    let share = pool.aimd(at).map_or(1.0, |aimd| aimd.share(now));
    share < 1.0 && place.unwrap_or_else(|| rng.random()) >= share
}

/// Reports an accepted attempt to the controller.
pub(super) fn accepted(pool: &Pool, at: usize, began: Instant, now: Instant) {
    if let Some(aimd) = pool.aimd(at) {
        let is_breach = now.saturating_duration_since(began) > aimd.settings().budget;
        aimd.observe(began, is_breach, now);
    }
}

/// Reports a failed attempt to the controller, unless the failure says nothing about load.
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

/// Reports an attempt that was cancelled before its answer began, if it had been silent for longer
/// than the budget allows. A shorter silence says nothing.
pub(super) fn outrun(pool: &Pool, at: usize, began: Instant, now: Instant) {
    if let Some(aimd) = pool.aimd(at)
        && now.saturating_duration_since(began) >= aimd.settings().budget
    {
        aimd.observe(began, true, now);
    }
}
