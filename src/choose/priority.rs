//! `priority`: definition order, ignoring weights.

use rand::RngCore;

use super::{Candidate, Strategy};

/// The first that is left.
#[derive(Debug, Clone, Copy, Default)]
pub struct Priority;

impl Strategy for Priority {
    fn pick(&self, candidates: &[Candidate], _key: u64, _rng: &mut dyn RngCore) -> usize {
        let first = candidates.iter().enumerate().min_by_key(|(_, candidate)| candidate.index);
        first.map_or(0, |(position, _)| position)
    }
}
