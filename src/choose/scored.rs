//! `least_busy` and `lowest_latency`: the candidate with the best score.

use std::cmp::Ordering;

use rand::{Rng, RngCore};

use super::{Candidate, Strategy, weighted::drawn};

/// Fewest in flight for its weight; ties are drawn by weight, so that quiet traffic is spread.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeastBusy;

/// Two drawn at random, the one with the lower peak EWMA × (in flight + 1) taken.
///
/// The power of two choices (Mitzenmacher, 2001), with the latency that finagle balances by. Two random
/// choices are enough to avoid the slow providers, and few enough that not every request goes to the
/// fastest one at the same moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct LowestLatency;

impl Strategy for LeastBusy {
    fn pick(&self, candidates: &[Candidate], _key: u64, rng: &mut dyn RngCore) -> usize {
        // a/b compared as products: exact, and no division.
        let compared = |a: &Candidate, b: &Candidate| {
            let left = u128::from(a.in_flight) * u128::from(b.share());
            left.cmp(&(u128::from(b.in_flight) * u128::from(a.share())))
        };
        let Some(best) = candidates.iter().min_by(|a, b| compared(a, b)) else { return 0 };
        drawn(candidates.iter().enumerate().filter(|(_, one)| compared(one, best).is_eq()), rng)
    }
}

impl Strategy for LowestLatency {
    fn pick(&self, candidates: &[Candidate], _key: u64, rng: &mut dyn RngCore) -> usize {
        if candidates.len() < 2 {
            return 0;
        }
        let first = rng.random_range(0..candidates.len());
        let other = rng.random_range(0..candidates.len() - 1);
        let second = if other >= first { other + 1 } else { other };
        match compare(&candidates[first], &candidates[second]) {
            Ordering::Greater => second,
            Ordering::Less | Ordering::Equal => first,
        }
    }
}

fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    let (left, right) = (cost(a), cost(b));
    left.0.total_cmp(&right.0).then_with(|| left.1.cmp(&right.1))
}

/// A new provider has no measured latency, so it is tried: one request at a time, because until the
/// first answer nothing says that it is not the slowest of all.
fn cost(candidate: &Candidate) -> (f32, u32) {
    let busy = candidate.in_flight;
    let cost = match candidate.latency {
        Some(seconds) => seconds * (busy as f32 + 1.0) / candidate.factor.max(f32::MIN_POSITIVE),
        None if busy == 0 => 0.0,
        None => f32::INFINITY,
    };
    (cost, busy)
}
