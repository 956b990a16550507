//! The conversations that stay, against a plain model of what the page says.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use tokio::time::Instant;

use super::{AffinitySettings, Conversations, Counts};

fn rules(target: usize, margin: usize) -> AffinitySettings {
    AffinitySettings { target, margin, window: secs(600), interval: secs(60), most: 10_000 }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// As hashes are: any number is as likely as any other.
fn keys(count: usize, rng: &mut StdRng) -> Vec<u64> {
    (0..count).map(|_| rng.random()).collect()
}

#[test]
fn all_stay_up_to_the_number_and_the_lowest_hashes_beyond_it() {
    let (some, start) = (Conversations::default(), Instant::now());
    let rules = rules(10, 2);
    for key in (1..=12).rev() {
        assert!(some.seen(key * 100, &rules, start).is_some(), "{key}");
    }
    // One more than the number and the margin: ten stay.
    assert_eq!(some.seen(1_300, &rules, start), None);
    for key in 1..=13 {
        assert_eq!(some.seen(key * 100, &rules, start).is_some(), key <= 10, "{key}");
    }
    assert_eq!(some.counts(&rules, start), Counts { staying: 10, others: 3 });
}

#[test]
fn those_that_are_over_make_room_at_the_next_update_alone() {
    let (some, start) = (Conversations::default(), Instant::now());
    let rules = rules(10, 2);
    for key in 1..=20 {
        some.seen(key, &rules, start);
    }
    let later = start + secs(590);
    for key in 11..=20 {
        assert_eq!(some.seen(key, &rules, later), None, "{key}");
    }
    // The first ten are over; the last update was at 590 s.
    let later = start + secs(610);
    assert_eq!(some.counts(&rules, later), Counts { staying: 0, others: 10 });
    assert_eq!(some.seen(20, &rules, later), None);
    let later = start + secs(650);
    assert!(some.seen(20, &rules, later).is_some());
    assert_eq!(some.counts(&rules, later), Counts { staying: 10, others: 0 });
}

#[test]
fn no_more_are_remembered_than_the_file_says() {
    let (some, start) = (Conversations::default(), Instant::now());
    let rules = AffinitySettings { most: 50, ..rules(10, 2) };
    let mut rng = StdRng::seed_from_u64(1);
    for key in keys(10_000, &mut rng) {
        some.seen(key, &rules, start);
        let Counts { staying, others } = some.counts(&rules, start);
        assert!(staying + others <= 50 && staying <= 12, "{staying} and {others}");
    }
}

/// What the page says, without a thought for what it costs.
#[derive(Default)]
struct Model {
    last: BTreeMap<u64, Instant>,
}

impl Model {
    /// Those that are under way, by hash.
    fn under_way(&self, rules: &AffinitySettings, now: Instant) -> Vec<u64> {
        let is_on = |last: &Instant| now.saturating_duration_since(*last) < rules.window;
        self.last.iter().filter(|(_, last)| is_on(last)).map(|(key, _)| *key).collect()
    }
}

/// A thousand histories: conversations begin, go on and end at any rate, under any numbers.
#[test]
fn those_that_stay_are_bounded_lowest_and_never_come_back_within_an_interval() {
    for seed in 0..1_000 {
        let mut rng = StdRng::seed_from_u64(seed);
        let target = rng.random_range(1..40);
        let rules = AffinitySettings {
            target,
            margin: rng.random_range(1..=target),
            window: secs(rng.random_range(5..200)),
            interval: secs(rng.random_range(1..100)),
            most: target * 2 + rng.random_range(1..200),
        };
        let (some, mut model, mut now) =
            (Conversations::default(), Model::default(), Instant::now());
        let pool = keys(rng.random_range(1..150), &mut rng);
        let mut updated: Option<Instant> = None;
        // Whether each has left since the last update.
        let mut left = HashMap::<u64, bool>::new();
        for _ in 0..300 {
            now += Duration::from_millis(rng.random_range(0..4_000));
            let key = pool[rng.random_range(0..pool.len())];
            let stays = some.seen(key, &rules, now).is_some();
            model.last.insert(key, now);
            if updated.is_none_or(|at| now.saturating_duration_since(at) >= rules.interval) {
                updated = Some(now);
                left.clear();
            }
            let has_left = left.entry(key).or_insert(!stays);
            assert!(!(*has_left && stays), "{seed}: one has come back within an interval");
            *has_left |= !stays;

            let under_way = model.under_way(&rules, now);
            let Counts { staying, others } = some.counts(&rules, now);
            assert!(staying <= rules.target + rules.margin, "{seed}: {staying} of {target} stay");
            assert!(staying + others <= under_way.len().min(rules.most), "{seed}");
            // Those that stay are the lowest of all.
            let rank = under_way.iter().position(|it| *it == key).unwrap();
            assert_eq!(stays, rank < staying, "{seed}: of rank {rank} where {staying} stay");
            if updated == Some(now) {
                let least = under_way.len().min(rules.target - rules.margin);
                assert!(staying >= least, "{seed}: {staying} stay after an update");
            }
        }
    }
}

/// Two processes that see the same conversations in different orders.
#[test]
fn processes_that_see_the_same_conversations_agree_but_for_the_margin() {
    for seed in 0..200 {
        let mut rng = StdRng::seed_from_u64(seed);
        let rules = rules(rng.random_range(20..60), rng.random_range(1..6));
        let (one, other) = (Conversations::default(), Conversations::default());
        let start = Instant::now();
        let mut all = keys(rng.random_range(1..200), &mut rng);
        let mut model = Model::default();
        for round in 0..30 {
            if round % 3 == 2 {
                // Some end, others begin.
                let ended = rng.random_range(0..=all.len() / 2);
                all.drain(..ended);
                let begun = rng.random_range(1..60);
                all.extend(keys(begun, &mut rng));
            }
            // Longer than an interval: each begins with an update.
            let now = start + secs(round * 70);
            for process in [&one, &other] {
                all.shuffle(&mut rng);
                all.iter().for_each(|key| _ = process.seen(*key, &rules, now));
            }
            model.last.extend(all.iter().map(|key| (*key, now)));
            let ideal = model.under_way(&rules, now).len().min(rules.target);
            for process in [&one, &other] {
                let staying = process.counts(&rules, now).staying;
                assert!(staying.abs_diff(ideal) <= rules.margin, "{seed}: {staying} of {ideal}");
            }
            let staying = |process: &Conversations| -> BTreeSet<u64> {
                all.iter()
                    .copied()
                    .filter(|key| process.seen(*key, &rules, now).is_some())
                    .collect()
            };
            let (here, there) = (staying(&one), staying(&other));
            // Both are the lowest of the same, so that one holds the other.
            assert!(here.is_subset(&there) || there.is_subset(&here), "{seed}");
        }
    }
}
