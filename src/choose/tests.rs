//! Every strategy against its definition, with seeds that never change.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{Strategy, *};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

fn rng() -> StdRng {
    StdRng::seed_from_u64(20_260)
}

/// Candidates that differ in nothing but these weights.
fn weighing(weights: &[u32]) -> Vec<Candidate> {
    let candidate = |(index, weight): (usize, &u32)| Candidate {
        index,
        weight: *weight,
        factor: 1.0,
        in_flight: 0,
        latency: None,
        cost: None,
        identity: sticky::key(&index.to_le_bytes()),
    };
    weights.iter().enumerate().map(candidate).collect()
}

fn round(candidates: &[Candidate]) -> RoundRobin {
    RoundRobin::new(candidates.iter().map(|candidate| (Arc::default(), candidate.weight)))
}

/// How often each candidate was chosen.
fn counts(strategy: &dyn Strategy, candidates: &[Candidate], draws: u64) -> Vec<u64> {
    let (mut rng, mut counts) = (rng(), vec![0; candidates.len()]);
    for draw in 0..draws {
        counts[next(strategy, candidates, draw, &mut rng)] += 1;
    }
    counts
}

/// Pearson's statistic against the shares expected, with the 0.1 % critical value for as many
/// degrees of freedom (Wilson and Hilferty's approximation).
fn fits(counts: &[u64], shares: &[f64]) -> bool {
    let (total, whole) = (counts.iter().sum::<u64>() as f64, shares.iter().sum::<f64>());
    let statistic: f64 = counts
        .iter()
        .zip(shares)
        .map(|(&count, share)| {
            let expected = total * share / whole;
            (count as f64 - expected).powi(2) / expected
        })
        .sum();
    let degrees = shares.len() as f64 - 1.0;
    let spread = 2.0 / (9.0 * degrees);
    statistic < degrees * (1.0 - spread + 3.09 * spread.sqrt()).powi(3)
}

#[test]
fn the_measure_itself_tells_right_from_wrong() {
    assert!(fits(&[5_030, 4_970], &[1.0, 1.0]));
    assert!(!fits(&[5_400, 4_600], &[1.0, 1.0]));
}

#[test]
fn weighted_random_draws_by_weight() {
    for weights in
        [&[1, 1][..], &[5, 1, 1], &[1, 2, 3, 4], &[100, 1], &[u32::MAX, u32::MAX, 1 << 30]]
    {
        let shares: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
        let counts = counts(&WeightedRandom, &weighing(weights), 40_000);
        assert!(fits(&counts, &shares), "{weights:?}: {counts:?}");
    }
}

#[test]
fn lowest_cost_draws_among_equals_by_weight() {
    let mut candidates = weighing(&[1, 3, 9]);
    candidates[0].cost = Some(7);
    candidates[1].cost = Some(7);
    let counts = counts(&LowestCost, &candidates, 20_000);
    assert_eq!(counts[2], 0, "the price is not known");
    assert!(fits(&counts[..2], &[1.0, 3.0]), "{counts:?}");
}

#[test]
fn without_replacement_every_order_has_its_probability() {
    let weights = [5, 3, 1];
    let (mut rng, mut orders) = (rng(), HashMap::<Vec<usize>, u64>::new());
    for _ in 0..40_000 {
        let mut left = weighing(&weights);
        let mut order = Vec::new();
        while !left.is_empty() {
            order.push(left.remove(next(&WeightedRandom, &left, 0, &mut rng)).index);
        }
        *orders.entry(order).or_default() += 1;
    }
    // First by its share of all, second by its share of what is left.
    let chance = |a: usize, b: usize| {
        let weight = |index: usize| f64::from(weights[index]);
        weight(a) / 9.0 * weight(b) / (9.0 - weight(a))
    };
    let expected = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let counts: Vec<u64> = expected.iter().map(|order| orders[&order.to_vec()]).collect();
    let shares: Vec<f64> = expected.iter().map(|order| chance(order[0], order[1])).collect();
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(fits(&counts, &shares), "{counts:?} for {shares:?}");
}

#[test]
fn a_slow_start_is_a_smaller_share() {
    let mut candidates = weighing(&[2, 2]);
    candidates[1].factor = 0.25;
    assert!(fits(&counts(&WeightedRandom, &candidates, 40_000), &[4.0, 1.0]));
    assert!(fits(&counts(&Sticky, &candidates, 40_000), &[4.0, 1.0]));
    assert_eq!(counts(&round(&candidates), &candidates, 50), [40, 10]);
    candidates[1].factor = 0.0;
    assert_eq!(candidates[1].share(), 1);
}

#[test]
fn priority_is_definition_order() {
    let mut candidates = weighing(&[1, 9, 5]);
    assert_eq!(next(&Priority, &candidates, 0, &mut rng()), 0);
    candidates.remove(0);
    assert_eq!(candidates[next(&Priority, &candidates, 0, &mut rng())].index, 1);
}

#[test]
fn round_robin_is_as_smooth_as_documented() {
    let candidates = weighing(&[5, 1, 1]);
    let (round, mut rng) = (round(&candidates), rng());
    let picks: String =
        (0..14).map(|_| ["a", "b", "c"][next(&round, &candidates, 0, &mut rng)]).collect();
    assert_eq!(picks, "aabacaaaabacaa");
}

#[test]
fn round_robin_skips_whom_it_is_not_given_and_stays_fair() {
    let candidates = weighing(&[1, 1, 1, 1]);
    let (round, mut rng) = (round(&candidates), rng());
    let without: Vec<Candidate> = candidates[..3].to_vec();
    let mut counts = [0; 4];
    for _ in 0..30 {
        counts[without[next(&round, &without, 0, &mut rng)].index] += 1;
    }
    assert_eq!(counts, [10, 10, 10, 0]);
    for _ in 0..40 {
        counts[next(&round, &candidates, 0, &mut rng)] += 1;
    }
    assert_eq!(counts, [20, 20, 20, 10], "who was away gets its share, and no more");
}

#[test]
fn round_robin_goes_on_after_a_reload_and_forgets_greater_weights() {
    let turns: Vec<Arc<AtomicI64>> = vec![Arc::default(), Arc::default(), Arc::default()];
    let with = |weights: &[u32]| RoundRobin::new(turns.iter().cloned().zip(weights.to_vec()));
    let (candidates, mut rng) = (weighing(&[1, 1, 1]), rng());
    let (before, after) = (with(&[1, 1, 1]), with(&[1, 1, 1]));
    assert_eq!(next(&before, &candidates, 0, &mut rng), 0);
    assert_eq!(next(&after, &candidates, 0, &mut rng), 1, "the turn outlives the table");

    let heavy = weighing(&[1_000_000, 900_000, 800_000]);
    next(&with(&[1_000_000, 900_000, 800_000]), &heavy, 0, &mut rng);
    let (light, mut counts) = (with(&[1, 1, 1]), [0; 3]);
    for _ in 0..30 {
        counts[next(&light, &candidates, 0, &mut rng)] += 1;
    }
    assert!(counts.iter().all(|&count| (7..=13).contains(&count)), "{counts:?}");
}

/// Turns stray further than the sum of the weights: a bound at the sum lost some of them.
#[test]
fn round_robin_keeps_turns_that_stray_far() {
    let candidates = weighing(&[3, 3, 1, 15, 15, 15]);
    let round = round(&candidates);
    assert_eq!(counts(&round, &candidates, 52 * 5), [15, 15, 5, 75, 75, 75]);
}

#[test]
fn round_robin_is_exact_between_threads() {
    let candidates = weighing(&[5, 3, 2]);
    let round = round(&candidates);
    let totals: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| counts(&round, &candidates, 1_000))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let total = |index: usize| totals.iter().map(|counts| counts[index]).sum::<u64>();
    assert_eq!([total(0), total(1), total(2)], [2_000, 1_200, 800]);
}

#[test]
fn least_busy_divides_by_weight_and_breaks_ties_by_it() {
    let pick = |weights: &[u32], busy: &[u32]| {
        let mut candidates = weighing(weights);
        candidates.iter_mut().zip(busy).for_each(|(candidate, busy)| candidate.in_flight = *busy);
        next(&LeastBusy, &candidates, 0, &mut rng())
    };
    assert_eq!(pick(&[1, 1, 1], &[3, 1, 2]), 1);
    assert_eq!(pick(&[1, 4], &[1, 3]), 1, "3/4 is less than 1/1");
    assert_eq!(pick(&[u32::MAX, 1], &[u32::MAX, 2]), 0);
}

#[test]
fn least_busy_draws_ties_by_weight() {
    let idle = weighing(&[1, 3, 6]);
    assert!(fits(&counts(&LeastBusy, &idle, 40_000), &[1.0, 3.0, 6.0]));
    let mut busy = weighing(&[1, 3, 2]);
    busy.iter_mut().zip([1, 3, 9]).for_each(|(one, in_flight)| one.in_flight = in_flight);
    let counted = counts(&LeastBusy, &busy, 40_000);
    assert_eq!(counted[2], 0, "it is busier");
    assert!(fits(&counted[..2], &[1.0, 3.0]), "{counted:?}");
}

#[test]
fn lowest_latency_compares_two_and_never_takes_the_slowest() {
    let mut candidates = weighing(&[1, 1, 1, 1]);
    let latencies = [0.4, 0.1, 0.3, 0.2];
    candidates.iter_mut().zip(latencies).for_each(|(one, latency)| one.latency = Some(latency));
    let counted = counts(&LowestLatency, &candidates, 40_000);
    assert_eq!(counted[0], 0);
    // Of six pairs the fastest wins three, the next two, the third one.
    assert!(fits(&[counted[1], counted[3], counted[2]], &[3.0, 2.0, 1.0]), "{counted:?}");

    candidates.truncate(2);
    candidates[1].in_flight = 2;
    assert_eq!(counts(&LowestLatency, &candidates, 100), [0, 100], "0.1 × 3 is less than 0.4");
    candidates[1].in_flight = 4;
    assert_eq!(counts(&LowestLatency, &candidates, 100), [100, 0], "0.1 × 5 is more");
    candidates[1].in_flight = 0;
    candidates[1].factor = 0.1;
    assert_eq!(counts(&LowestLatency, &candidates, 100), [100, 0], "it starts slowly");
}

#[test]
fn lowest_latency_tries_the_unmeasured_one_request_at_a_time() {
    let mut candidates = weighing(&[1, 1]);
    candidates[0].latency = Some(0.001);
    assert_eq!(counts(&LowestLatency, &candidates, 100), [0, 100]);
    candidates[1].in_flight = 1;
    candidates[0].in_flight = 50;
    assert_eq!(counts(&LowestLatency, &candidates, 100), [100, 0]);
    candidates[0].latency = None;
    assert_eq!(counts(&LowestLatency, &candidates, 100), [0, 100], "both unknown: the less busy");
    candidates[1].in_flight = 50;
    assert!(fits(&counts(&LowestLatency, &candidates, 10_000), &[1.0, 1.0]), "a tie is a draw");
}

#[test]
fn sticky_shares_follow_weights_and_equal_keys_meet_again() {
    let candidates = weighing(&[1, 2, 3, 10]);
    assert!(fits(&counts(&Sticky, &candidates, 40_000), &[1.0, 2.0, 3.0, 10.0]));
    let mut shuffled = candidates.clone();
    shuffled.reverse();
    for key in 0..1_000 {
        let here = candidates[next(&Sticky, &candidates, key, &mut rng())].index;
        let there = shuffled[next(&Sticky, &shuffled, key, &mut rng())].index;
        assert_eq!(here, there, "position does not matter");
    }
}

#[test]
fn a_provider_that_joins_takes_only_its_share_from_the_others() {
    let (before, after) = (weighing(&[1, 1, 1, 1]), weighing(&[1, 1, 1, 1, 2]));
    let mut moved = 0u64;
    for key in 0..30_000 {
        let old = next(&Sticky, &before, key, &mut rng());
        let new = next(&Sticky, &after, key, &mut rng());
        assert!(new == old || new == 4, "nothing moves between those who stay");
        moved += u64::from(new == 4);
    }
    assert!(fits(&[moved, 30_000 - moved], &[2.0, 4.0]), "{moved}");
}

#[test]
fn when_one_is_left_out_its_keys_spread_over_the_rest() {
    let all = weighing(&[1, 1, 1, 1]);
    let rest = &all[1..];
    let mut counts = [0; 3];
    for key in 0..40_000 {
        let second = next(&Sticky, rest, key, &mut rng());
        match next(&Sticky, &all, key, &mut rng()) {
            0 => counts[second] += 1,
            first => assert_eq!(second + 1, first),
        }
    }
    assert!(fits(&counts, &[1.0, 1.0, 1.0]), "{counts:?}");
}

#[test]
fn sticky_is_the_same_in_every_version() {
    let candidates = weighing(&[1; 10]);
    let picks: Vec<usize> = (0..12)
        .map(|n: u64| next(&Sticky, &candidates, sticky::key(&n.to_le_bytes()), &mut rng()))
        .collect();
    assert_eq!(picks, PINNED, "prompts would lose their caches");
}

fn every_strategy(candidates: &[Candidate]) -> Vec<Box<dyn Strategy>> {
    vec![
        Box::new(WeightedRandom),
        Box::new(Priority),
        Box::new(round(candidates)),
        Box::new(LeastBusy),
        Box::new(LowestLatency),
        Box::new(LowestCost),
        Box::new(Sticky),
    ]
}

fn any_candidate() -> impl Generator<Value = Candidate> {
    let weight = prop_oneof![2 => Just(0u32), 3 => 1u32..10, 1 => any::<u32>()];
    let latency = prop::option::of(0f32..100.0);
    let cost = prop::option::of(any::<u64>());
    (weight, 0f32..=1.0, any::<u32>(), latency, cost, any::<u64>()).prop_map(
        |(weight, factor, in_flight, latency, cost, identity)| Candidate {
            index: 0,
            weight,
            factor,
            in_flight,
            latency,
            cost,
            identity,
        },
    )
}

proptest! {
    /// Whatever the numbers, the choice is one of the candidates, and one without weight only
    /// when all are without.
    #[test]
    fn a_weightless_candidate_is_chosen_only_among_its_like(
        mut candidates in prop::collection::vec(any_candidate(), 1..12),
        key in any::<u64>(),
        seed in any::<u64>(),
    ) {
        candidates.iter_mut().enumerate().for_each(|(index, candidate)| candidate.index = index);
        let weighty = candidates.iter().any(|candidate| candidate.weight > 0);
        let mut rng = StdRng::seed_from_u64(seed);
        for strategy in every_strategy(&candidates) {
            for _ in 0..5 {
                let chosen = next(&*strategy, &candidates, key, &mut rng);
                prop_assert!(chosen < candidates.len());
                prop_assert_eq!(candidates[chosen].weight > 0, weighty, "{:?}", strategy);
            }
        }
    }

    /// The cheapest that has weight is asked, and one without a price only where none has one.
    #[test]
    fn lowest_cost_is_never_undercut(
        mut candidates in prop::collection::vec(any_candidate(), 1..12),
        costs in prop::collection::vec(prop::option::of(0u64..4), 12),
        seed in any::<u64>(),
    ) {
        for (index, candidate) in candidates.iter_mut().enumerate() {
            (candidate.index, candidate.cost) = (index, costs[index]);
        }
        let chosen = next(&LowestCost, &candidates, 0, &mut StdRng::seed_from_u64(seed));
        let chosen = &candidates[chosen];
        let cost = |one: &Candidate| one.cost.unwrap_or(u64::MAX);
        let may = candidates.iter().filter(|one| (one.weight > 0) == (chosen.weight > 0));
        prop_assert_eq!(may.map(cost).min(), Some(cost(chosen)));
    }

    /// Smooth weighted round robin gives each exactly its weight in every round.
    #[test]
    fn a_whole_round_gives_each_its_weight(weights in prop::collection::vec(1u32..20, 1..8)) {
        let candidates = weighing(&weights);
        let turns: Vec<Arc<AtomicI64>> = weights.iter().map(|_| Arc::default()).collect();
        let round = RoundRobin::new(turns.iter().cloned().zip(weights.clone()));
        for _ in 0..3 {
            let counts = counts(&round, &candidates, weights.iter().copied().map(u64::from).sum());
            prop_assert_eq!(counts, weights.iter().copied().map(u64::from).collect::<Vec<_>>());
            prop_assert!(turns.iter().all(|turn| turn.load(Relaxed) == 0), "nobody is owed anything");
        }
    }
}

#[test]
fn those_without_weight_are_equal_among_themselves() {
    let none = weighing(&[0, 0, 0]);
    assert!(fits(&counts(&WeightedRandom, &none, 30_000), &[1.0, 1.0, 1.0]));
    assert!(fits(&counts(&Sticky, &none, 30_000), &[1.0, 1.0, 1.0]));
    assert_eq!(counts(&round(&none), &none, 30), [10, 10, 10]);
    let mixed = weighing(&[0, 2, 0, 1]);
    assert_eq!(counts(&round(&mixed), &mixed, 30), [0, 20, 0, 10]);
}

const PINNED: [usize; 12] = [3, 8, 5, 6, 4, 5, 0, 4, 8, 0, 1, 3];
