//! `lowest_cost`: the candidate with the lowest cost for this request.

use rand::RngCore;

use super::{Candidate, Strategy, weighted::drawn};

/// The cheapest; ties are drawn by weight. One whose price is not known comes after all others.
#[derive(Debug, Clone, Copy, Default)]
pub struct LowestCost;

impl Strategy for LowestCost {
    fn pick(&self, candidates: &[Candidate], _key: u64, rng: &mut dyn RngCore) -> usize {
        let cost = |one: &Candidate| one.cost.unwrap_or(u64::MAX);
        let Some(least) = candidates.iter().map(cost).min() else { return 0 };
        drawn(candidates.iter().enumerate().filter(|(_, one)| cost(one) == least), rng)
    }
}
