//! Many replicas with many limits: how often the store is asked, and whether more is admitted than may be.
//!
//! The limits are played through in batches, since none knows of another: so the memory is that of one batch.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::{Instant, advance};

use super::{super::LASTS, paused, store::Store};
use crate::live::limit::{
    lease::{Flow, Lack, Lease, Terms},
    leases::{Leases, Listed},
};

/// Limits that are asked for alike.
struct Class {
    name: &'static str,
    keys: usize,
    /// What each lets through in a second.
    limit: u64,
    /// How many requests of ten seconds come under each, at all replicas in turn.
    asked: u64,
}

/// What has come of a class.
#[derive(Default)]
struct Outcome {
    requests: u64,
    admitted: u64,
    may_be: f64,
    /// How far beyond its limit any key went.
    most_over: f64,
    questions: u64,
    /// Requests that waited for the store.
    waited: u64,
    /// How many slices there are.
    slices: u64,
}

/// When each replica asks what.
struct Calls {
    /// Questions of each replica in each step that no request waits for.
    told: Vec<Vec<u32>>,
    waited: u64,
}

struct Crowd {
    replicas: usize,
    steps: u64,
    calls: Calls,
}

/// One replica with the slices of a batch.
struct Replica {
    leases: Arc<Leases>,
    listed: Listed,
    slices: HashMap<usize, Arc<Lease>>,
}

impl Replica {
    fn new() -> Self {
        let leases = Arc::new(Leases::default());
        let listed = leases.listed().unwrap();
        Self { leases, listed, slices: HashMap::new() }
    }

    fn slice(&mut self, key: usize, limit: u64) -> Arc<Lease> {
        let terms = || Terms { limit, flow: Flow::PerSecond(limit as f64) };
        let leases = &self.leases;
        let slice = || leases.lease(&format!("key:{key}|requests"), terms());
        Arc::clone(self.slices.entry(key).or_insert_with(slice))
    }
}

impl Crowd {
    fn new(replicas: usize, seconds: u64) -> Self {
        let steps = seconds * 100;
        let told = vec![vec![0; steps as usize]; replicas];
        Self { replicas, steps, calls: Calls { told, waited: 0 } }
    }

    async fn play(&mut self, class: &Class) -> Outcome {
        let mut outcome = Outcome::default();
        for first in (0..class.keys).step_by(BATCH) {
            let keys = first..class.keys.min(first + BATCH);
            self.batch(class, keys, &mut outcome).await;
        }
        outcome
    }

    async fn batch(&mut self, class: &Class, keys: std::ops::Range<usize>, outcome: &mut Outcome) {
        let (mut store, began) = (Store::default(), Instant::now());
        let mut replicas: Vec<_> = (0..self.replicas).map(|_| Replica::new()).collect();
        let mut admitted = vec![0_u64; keys.len()];
        for step in 0..self.steps {
            let now = 1_000_000_000_000 + began.elapsed().as_micros() as u64;
            for key in keys.clone() {
                // Not all in the same step.
                let at = step * class.asked + (key as u64 * 389) % 1_000;
                let due = at / 1_000..(at + class.asked) / 1_000;
                for nth in due {
                    let replica = (key * 31 + nth as usize * 7) % self.replicas;
                    let slice = replicas[replica].slice(key, class.limit);
                    outcome.requests += 1;
                    if self.request(&mut store, replica, &slice, now) {
                        admitted[key - keys.start] += 1;
                    }
                }
            }
            for (nth, replica) in replicas.iter_mut().enumerate() {
                let is_due = (step + 13 * nth as u64).is_multiple_of(50);
                let mut slices = replica.listed.next().now_or_never().unwrap_or_default();
                if is_due {
                    slices = replica.slices.values().cloned().collect();
                }
                let told = tell(&mut store, nth, &slices, is_due, now);
                self.calls.told[nth][step as usize] += told;
            }
            advance(Duration::from_millis(10)).await;
        }
        let seconds = self.steps as f64 / 100.0;
        for admitted in admitted {
            let most = class.limit as f64 * (1.0 + seconds);
            let asked = class.asked as f64 * seconds / 10.0;
            outcome.admitted += admitted;
            outcome.may_be += most.min(asked.floor());
            outcome.most_over = outcome.most_over.max(admitted as f64 - most);
        }
        outcome.questions += store.calls;
        outcome.slices += replicas.iter().map(|it| it.slices.len() as u64).sum::<u64>();
        outcome.waited = self.calls.waited;
    }

    fn request(&mut self, store: &mut Store, replica: usize, slice: &Arc<Lease>, now: u64) -> bool {
        for _ in 0..3 {
            match slice.take(1) {
                Ok(()) => {
                    slice.settle(1, 1);
                    return true;
                }
                Err(Lack::NotAsked) => {
                    self.calls.waited += 1;
                    tell(store, replica, std::slice::from_ref(slice), false, now);
                }
                Err(_) => return false,
            }
        }
        false
    }

    /// How many calls that makes: all that is told in a moment goes in pieces of 256, and each request that
    /// waits is counted as one.
    fn calls(&self) -> u64 {
        let told = self.calls.told.iter().flatten();
        told.map(|told| u64::from(told.div_ceil(256))).sum::<u64>() + self.calls.waited
    }
}

fn tell(store: &mut Store, replica: usize, slices: &[Arc<Lease>], all: bool, now: u64) -> u32 {
    let mut questions = 0;
    for slice in slices {
        for ask in slice.asks(all) {
            questions += 1;
            let answer = store.share(replica, &ask, now);
            slice.answered(&ask, &answer);
        }
    }
    questions
}

/// Plays these classes; answers with a line for each and one for all.
fn played(replicas: usize, seconds: u64, classes: &[Class]) -> Vec<String> {
    let mut lines = Vec::new();
    paused(async || {
        let (mut crowd, mut before) = (Crowd::new(replicas, seconds), 0);
        let (mut requests, mut slices, mut questions) = (0, 0, 0);
        for class in classes {
            let it = crowd.play(class).await;
            let waited = it.waited - std::mem::replace(&mut before, it.waited);
            lines.push(format!(
                "{:>6} keys {:<8} {:>7}/s each, {:>7} asked in 10 s: {:>8} requests, {:>7} slices, {:.1} % \
                 admitted of what may be, {:.4} questions and {:.4} waits for a request, {:.2} questions \
                 a second for a slice, most over the limit: {:.0}",
                class.keys, class.name, class.limit, class.asked, it.requests, it.slices,
                100.0 * it.admitted as f64 / it.may_be,
                it.questions as f64 / it.requests as f64,
                waited as f64 / it.requests as f64,
                it.questions as f64 / (it.slices * seconds) as f64,
                it.most_over.max(0.0),
            ));
            (requests, slices) = (requests + it.requests, slices + it.slices);
            questions += it.questions;
            assert!(it.most_over <= 0.001, "{}", lines.last().unwrap());
            assert!(it.admitted as f64 >= it.may_be * 0.9, "{}", lines.last().unwrap());
            // At most five a second for a slice, and what takes it up and gives it back.
            let most = it.slices * (5 * seconds + 4);
            assert!(it.questions <= most, "{}", lines.last().unwrap());
        }
        let calls = crowd.calls();
        lines.push(format!(
            "in all: {requests} requests under {slices} slices, {questions} questions in {calls} calls, \
             {:.4} calls for a request, {:.1} a second for a replica",
            calls as f64 / requests as f64,
            calls as f64 / (replicas as u64 * seconds) as f64,
        ));
    });
    lines
}

/// What is kept in memory at once.
const BATCH: usize = 500;

#[test]
fn many_limits_of_some_replicas_hold() {
    let classes = [
        Class { name: "pressed", keys: 2, limit: 100, asked: 2_000 },
        Class { name: "used", keys: 10, limit: 100, asked: 400 },
        Class { name: "seldom", keys: 100, limit: 10, asked: 5 },
    ];
    let lines = played(8, 2 * LASTS.as_secs(), &classes);
    assert_eq!(lines.len(), 4);
}

/// `cargo test --release --lib hundred_thousand_limits -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes; docs/cluster.md has what it says"]
fn a_hundred_replicas_with_a_hundred_thousand_limits() {
    let classes = [
        Class { name: "pressed", keys: 100, limit: 1_000, asked: 20_000 },
        Class { name: "used", keys: 900, limit: 1_000, asked: 2_000 },
        Class { name: "seldom", keys: 99_000, limit: 10, asked: 4 },
    ];
    for line in played(100, 10, &classes) {
        eprintln!("{line}");
    }
}
