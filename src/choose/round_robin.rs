//! `round_robin`: smooth weighted round robin, as in nginx. Each choice adds each candidate's
//! weight to its turn and subtracts the sum from the chosen one, so that the turns of a heavy
//! provider are spread.
//!
//! The turns belong to the providers and outlive the table.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use rand::RngCore;

use super::{Candidate, Strategy, WHOLE};

/// The round of one pool, or of one tier of it.
#[derive(Debug)]
pub struct RoundRobin {
    /// Current weights, by the candidate's `index`. Only this file moves them, under its lock.
    turns: Vec<Arc<AtomicI64>>,
    /// No turn can be further than this from its middle: what a table with greater weights has
    /// left behind is cut to it, or a provider could be owed, or owe, turns for hours.
    furthest: i64,
    /// Held for a few additions; a pick by two threads at once would choose the same provider.
    picking: Mutex<()>,
}

impl RoundRobin {
    /// The round over a pool's providers: each one's turn and weight, in definition order.
    pub fn new(providers: impl IntoIterator<Item = (Arc<AtomicI64>, u32)>) -> Self {
        let (turns, weights): (Vec<_>, Vec<u32>) = providers.into_iter().unzip();
        let heaviest: u64 = weights.into_iter().map(|weight| u64::from(weight.max(1))).sum();
        let furthest = heaviest.saturating_mul(WHOLE).saturating_mul(ROOM);
        let furthest = i64::try_from(furthest).unwrap_or(i64::MAX / 4);
        Self { turns, furthest, picking: Mutex::new(()) }
    }
}

impl Strategy for RoundRobin {
    fn pick(&self, candidates: &[Candidate], _key: u64, _rng: &mut dyn RngCore) -> usize {
        let _picking = self.picking.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut total, mut best) = (0, None);
        for (position, candidate) in candidates.iter().enumerate() {
            let Some(turn) = self.turns.get(candidate.index) else { continue };
            let share = candidate.share() as i64;
            let current = turn.load(Relaxed).clamp(-self.furthest, self.furthest) + share;
            turn.store(current, Relaxed);
            total += share;
            if best.is_none_or(|(_, _, most)| current > most) {
                best = Some((position, turn, current));
            }
        }
        let Some((position, turn, most)) = best else { return 0 };
        turn.store(most - total, Relaxed);
        position
    }
}

/// Within a round, turns deviate by up to twice the sum of the weights. The bound is for leftovers
/// of another table, and must not cut what this one needs.
const ROOM: u64 = 2;
