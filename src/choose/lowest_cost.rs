//! `lowest_cost`: the candidate at which this request costs least.
//!
//! It knows no price: what the request would cost comes with each candidate.

use rand::{Rng, RngCore};

use super::{Candidate, Strategy};

/// The cheapest; ties are drawn by weight. One whose price is not known comes after all others.
#[derive(Debug, Clone, Copy, Default)]
pub struct LowestCost;

impl Strategy for LowestCost {
    fn pick(&self, candidates: &[Candidate], _key: u64, rng: &mut dyn RngCore) -> usize {
        let cost = |one: &Candidate| one.cost.unwrap_or(u64::MAX);
        let Some(least) = candidates.iter().map(cost).min() else { return 0 };
        let tied = || candidates.iter().enumerate().filter(|(_, one)| cost(one) == least);
        let total: u64 = tied().map(|(_, one)| one.share()).sum();
        let mut drawn = rng.random_range(0..total.max(1));
        for (position, one) in tied() {
            match drawn.checked_sub(one.share()) {
                Some(rest) => drawn = rest,
                None => return position,
            }
        }
        0
    }
}
