//! Strategies: which of the remaining candidates is asked next, one file each.
//!
//! Pure: random numbers, requests in flight and latencies are arguments, and the candidates were
//! selected before.

pub(crate) mod weighted;
pub(crate) mod priority;
pub(crate) mod round_robin;
pub(crate) mod scored;
pub(crate) mod lowest_cost;
pub(crate) mod sticky;
#[cfg(test)]
mod tests;

use rand::RngCore;
use smallvec::SmallVec;

pub use lowest_cost::LowestCost;
pub use priority::Priority;
pub use round_robin::RoundRobin;
pub use scored::{LeastBusy, LowestLatency};
pub use sticky::Sticky;
pub use weighted::WeightedRandom;

/// A provider that may be asked now, as a strategy sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its place in the pool's definition.
    pub index: usize,
    /// Its configured weight.
    pub weight: u32,
    /// On its weight: less than 1.0 while it starts slowly.
    pub factor: f32,
    /// Requests in flight to it.
    pub in_flight: u32,
    /// Seconds to first byte, if measured.
    pub latency: Option<f32>,
    /// The cost of the request in picodollars, if the strategy needs it and a price is known.
    pub cost: Option<u64>,
    /// Tells it from the others, the same in every process.
    pub identity: u64,
}

/// A strategy. [`next`] gives it at least two candidates in definition order, and candidates
/// without weight only if no other is left.
pub trait Strategy: std::fmt::Debug + Send + Sync {
    /// The position in `candidates` of the one to ask. `key` is what sticky requests have in
    /// common.
    fn pick(&self, candidates: &[Candidate], key: u64, rng: &mut dyn RngCore) -> usize;
}

/// The index of the candidate to ask next; 0 if there is none.
///
/// Weight 0 means "only if no other is left" for every strategy: such a candidate is left out
/// beside one with weight, and among themselves such candidates are equal.
pub fn next(
    strategy: &dyn Strategy,
    candidates: &[Candidate],
    key: u64,
    rng: &mut dyn RngCore,
) -> usize {
    let weightless = candidates.iter().filter(|candidate| candidate.weight == 0).count();
    match candidates.len() {
        0 | 1 => 0,
        all if weightless == 0 || weightless == all => strategy.pick(candidates, key, rng),
        _ => among_weighty(strategy, candidates, key, rng),
    }
}

fn among_weighty(
    strategy: &dyn Strategy,
    candidates: &[Candidate],
    key: u64,
    rng: &mut dyn RngCore,
) -> usize {
    let (positions, weighty): (SmallVec<[usize; FEW]>, SmallVec<[Candidate; FEW]>) = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.weight > 0)
        .map(|(position, candidate)| (position, *candidate))
        .unzip();
    match positions[..] {
        [only] => only,
        _ => positions[strategy.pick(&weighty, key, rng)],
    }
}

impl Candidate {
    /// Its effective weight in 1024ths, at least one: a provider that starts slowly does start, and
    /// those without weight are equal among themselves.
    pub(crate) fn share(&self) -> u64 {
        let factor = (self.factor.clamp(0.0, 1.0) * WHOLE as f32) as u64;
        (u64::from(self.weight) * factor).max(1)
    }
}

/// Candidates that are copied without an allocation.
const FEW: usize = 8;
/// A factor of 1.0, in the integers that shares are counted in.
const WHOLE: u64 = 1024;
