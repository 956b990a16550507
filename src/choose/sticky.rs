//! `sticky`: weighted rendezvous hashing (Thaler and Ravishankar, 1998). Equal keys get the same
//! provider. If it is out, each key has its own next one; a new provider takes only its share from
//! the others. No assignment is stored.

use rand::RngCore;

use super::{Candidate, Strategy};

/// The candidate with the highest score for the key (Thaler and Ravishankar's highest random
/// weight, with the logarithmic scores that make shares follow weights).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sticky;

impl Strategy for Sticky {
    fn pick(&self, candidates: &[Candidate], key: u64, _rng: &mut dyn RngCore) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for (position, candidate) in candidates.iter().enumerate() {
            let score = score(candidate, key);
            if score > best.1 {
                best = (position, score);
            }
        }
        best.0
    }
}

/// The hash of a sticky value, the same in every process and version.
pub(crate) fn key(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(text).as_bytes()[..8]);
    u64::from_le_bytes(first)
}

fn score(candidate: &Candidate, key: u64) -> f64 {
    let mixed = mix(mix(key) ^ candidate.identity);
    // 53 bits, moved off both ends: a logarithm of neither zero nor one.
    let unit = ((mixed >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    // The C library's logarithm may differ in the last bit from one platform to the next.
    candidate.share() as f64 / -libm::log(unit)
}

/// The finalizer of splitmix64: every input bit changes half of the output bits on average.
fn mix(mut word: u64) -> u64 {
    word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
