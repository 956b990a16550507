//! `weighted_random`: drawn by weight.
//!
//! It never remembers whom it drew: without replacement is the caller leaving out whom it tried.

use rand::{Rng, RngCore};

use super::{Candidate, Strategy};

/// Each candidate with the probability of its share.
#[derive(Debug, Clone, Copy, Default)]
pub struct WeightedRandom;

impl Strategy for WeightedRandom {
    fn pick(&self, candidates: &[Candidate], _key: u64, rng: &mut dyn RngCore) -> usize {
        let total: u64 = candidates.iter().map(Candidate::share).sum();
        let mut drawn = rng.random_range(0..total.max(1));
        for (position, candidate) in candidates.iter().enumerate() {
            match drawn.checked_sub(candidate.share()) {
                Some(rest) => drawn = rest,
                None => return position,
            }
        }
        0
    }
}
