//! `weighted_random`: drawn by weight. To draw without replacement, the caller leaves out tried
//! candidates.

use rand::{Rng, RngCore};

use super::{Candidate, Strategy};

/// Each candidate with the probability of its share.
#[derive(Debug, Clone, Copy, Default)]
pub struct WeightedRandom;

impl Strategy for WeightedRandom {
    fn pick(&self, candidates: &[Candidate], _key: u64, rng: &mut dyn RngCore) -> usize {
        drawn(candidates.iter().enumerate(), rng)
    }
}

/// The position of one of these candidates, each with the probability of its share; 0 if none has a
/// share.
#[inline]
pub(super) fn drawn<'a>(
    candidates: impl Iterator<Item = (usize, &'a Candidate)> + Clone,
    rng: &mut dyn RngCore,
) -> usize {
    let total: u64 = candidates.clone().map(|(_, candidate)| candidate.share()).sum();
    let mut drawn = rng.random_range(0..total.max(1));
    for (position, candidate) in candidates {
        match drawn.checked_sub(candidate.share()) {
            Some(rest) => drawn = rest,
            None => return position,
        }
    }
    0
}
