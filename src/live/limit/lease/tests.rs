//! Slices of several replicas against a store that does what the script does: whatever comes, in whatever
//! order, whichever answers are lost, nothing is admitted above the limit.

mod crossed;
mod crowd;
mod store;

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use tokio::time::{Instant, advance};

use self::store::Store;
use super::{Flow, Lack, Lease, Terms};
use crate::live::limit::{
    leases::Leases,
    period::{Kind, Period},
};

/// Some replicas with one limit.
struct Cluster {
    store: Store,
    leases: Vec<Arc<Lease>>,
    began: Instant,
    /// What each request holds, by its replica.
    held: Vec<(usize, u64)>,
    spent: u64,
    /// Which replicas have spent what they have not told.
    untold: Vec<bool>,
    /// What answers used beyond what was expected of them.
    beyond: u64,
}

impl Cluster {
    fn new(count: usize, terms: &Terms) -> Self {
        let of = |_| Leases::default().lease("key:ann|it", terms.clone());
        Self {
            store: Store::default(),
            leases: (0..count).map(of).collect(),
            began: Instant::now(),
            held: Vec::new(),
            spent: 0,
            untold: vec![false; count],
            beyond: 0,
        }
    }

    /// The store's clock, in microseconds.
    fn now(&self) -> u64 {
        1_000_000_000_000 + self.began.elapsed().as_micros() as u64
    }

    /// Tells the store what there is to tell, and returns whether there was anything; `is_lost`: its answer
    /// does not come.
    fn tell(&mut self, replica: usize, all: bool, is_lost: bool) -> bool {
        let now = self.now();
        let asks = self.leases[replica].asks(all);
        let tells = !asks.is_empty();
        for ask in asks {
            let answer = self.store.share(replica, &ask, now);
            self.untold[replica] = false;
            match is_lost {
                true => self.leases[replica].unanswered(),
                false => self.leases[replica].answered(&ask, &answer),
            }
        }
        tells
    }

    /// One request; whether it was let in.
    fn request(&mut self, replica: usize, amount: u64) -> bool {
        for _ in 0..3 {
            match self.leases[replica].take(amount) {
                Ok(()) => {
                    self.held.push((replica, amount));
                    return true;
                }
                Err(Lack::NotAsked) => {
                    self.tell(replica, false, false);
                }
                Err(_) => return false,
            }
        }
        false
    }

    /// A request ends; it may have used more than it was expected to.
    fn ends(&mut self, nth: usize, share: u64) {
        if self.held.is_empty() {
            return;
        }
        let (replica, amount) = self.held.swap_remove(nth % self.held.len());
        let used = amount * share / 100;
        self.beyond += used.saturating_sub(amount);
        self.settles(replica, amount, used);
    }

    fn settles(&mut self, replica: usize, amount: u64, used: u64) {
        self.leases[replica].settle(amount, used);
        self.untold[replica] |= used > 0;
        self.spent += used;
    }

    fn admitted(&self) -> u64 {
        self.spent + self.held.iter().map(|(_, amount)| amount).sum::<u64>()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Request(usize, u64),
    Ends(usize, u64),
    Tick(usize, bool),
    Passes(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        4 => (0..4_usize, 1..9_u64).prop_map(|(replica, amount)| Step::Request(replica, amount)),
        3 => (0..64_usize, 0..151_u64).prop_map(|(nth, share)| Step::Ends(nth, share)),
        2 => (0..4_usize, any::<bool>()).prop_map(|(replica, lost)| Step::Tick(replica, lost)),
        1 => prop_oneof![1..900_u64, 1..4_900_u64].prop_map(Step::Passes),
    ];
    prop::collection::vec(one, 1..120)
}

fn paused(test: impl AsyncFnOnce()) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test());
}

async fn step(cluster: &mut Cluster, step: &Step, ones: bool) {
    match *step {
        Step::Request(replica, amount) => {
            cluster.request(replica, if ones { 1 } else { amount });
        }
        Step::Ends(nth, share) => cluster.ends(nth, if ones { 0 } else { share }),
        Step::Tick(replica, is_lost) => {
            cluster.tell(replica, true, is_lost);
        }
        Step::Passes(millis) => {
            advance(Duration::from_millis(millis)).await;
            // What requests hold or have spent counts as long as their replica says now and then that it lives. One
            // that says nothing for too long counts for nothing, and must not spend what it has.
            for replica in 0..cluster.leases.len() {
                let holds = cluster.held.iter().any(|(holder, _)| *holder == replica);
                if holds || cluster.untold[replica] {
                    cluster.tell(replica, true, false);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn budget_of_all_replicas_is_passed_by_one_answer_at_most(steps in steps(), limit in 1..60_u64) {
        let flow = Flow::Period(Period::new(Kind::Total, jiff::tz::TimeZone::UTC));
        paused(async || {
            let mut cluster = Cluster::new(4, &Terms { limit, flow });
            for one in &steps {
                step(&mut cluster, one, false).await;
                let most = limit + 8 + cluster.beyond;
                assert!(cluster.admitted() <= most, "{} of {limit}", cluster.admitted());
            }
        });
    }

    #[test]
    fn rate_of_all_replicas_is_never_passed(steps in steps(), limit in 1..40_u64, rate in 0.1..50.0_f64) {
        paused(async || {
            let mut cluster = Cluster::new(4, &Terms { limit, flow: Flow::PerSecond(rate) });
            for one in &steps {
                if let Step::Request(replica, _) = one {
                    if cluster.request(*replica, 1) {
                        let (replica, amount) = cluster.held.pop().unwrap();
                        cluster.settles(replica, amount, amount);
                    }
                } else {
                    step(&mut cluster, one, true).await;
                }
                let flown = cluster.began.elapsed().as_secs_f64() * rate;
                assert!(cluster.spent as f64 <= limit as f64 + flown + 0.001);
            }
        });
    }

    #[test]
    fn places_of_all_replicas_are_never_more(steps in steps(), limit in 1..9_u64) {
        paused(async || {
            let mut cluster = Cluster::new(4, &Terms { limit, flow: Flow::Places });
            for one in &steps {
                step(&mut cluster, one, true).await;
                assert!(cluster.held.len() as u64 <= limit);
            }
        });
    }
}

/// A hundred replicas, each with its share of a hundred limits that are asked for all the time: what is
/// admitted, and how often the store is asked.
#[test]
fn a_hundred_replicas_use_a_limit_up_with_few_questions() {
    paused(async || {
        let terms = Terms { limit: 10_000, flow: Flow::PerSecond(10_000.0) };
        let mut cluster = Cluster::new(100, &terms);
        let mut asked = 0;
        // Ten seconds of 20 000 requests each, in steps of 10 ms.
        for at in 0..1_000_u64 {
            for nth in 0..200 {
                let replica = ((at * 7 + nth) % 100) as usize;
                asked += 1;
                if cluster.request(replica, 1) {
                    cluster.held.clear();
                    cluster.leases[replica].settle(1, 1);
                    cluster.spent += 1;
                }
            }
            advance(Duration::from_millis(10)).await;
            if at % 50 == 49 {
                (0..100).for_each(|replica| {
                    cluster.tell(replica, true, false);
                });
            }
        }
        let most = 10_000.0 + 10.0 * 10_000.0;
        let share = cluster.spent as f64 / most;
        let each = cluster.store.calls as f64 / f64::from(asked);
        assert!(share <= 1.0, "{share}");
        assert!(share >= 0.9, "{share} of what the limit allows, {each} calls for each request");
        assert!(each <= 0.04, "{each} calls for each request");
    });
}

/// What eight replicas with one limit do in thirty seconds.
struct Steady {
    /// What part of what the limit allows is admitted.
    share: f64,
    /// How often the store is asked, for a request.
    for_a_request: f64,
    /// How often each replica asks in a second.
    in_a_second: f64,
}

/// A limit of so many in a second, of which each replica asks for `each`.
async fn steady(limit: u64, each: u64) -> Steady {
    let terms = Terms { limit, flow: Flow::PerSecond(limit as f64) };
    let mut cluster = Cluster::new(8, &terms);
    let mut asked = 0;
    for at in 0..3_000_u64 {
        for replica in 0..8 {
            // Not all in the same step.
            let at = at + 13 * replica;
            let now = (at + 1) * each / 100 - at * each / 100;
            asked += now;
            for _ in 0..now {
                if cluster.request(replica as usize, 1) {
                    cluster.held.clear();
                    cluster.leases[replica as usize].settle(1, 1);
                    cluster.spent += 1;
                }
            }
            if at % 50 == 0 {
                cluster.tell(replica as usize, true, false);
            }
        }
        advance(Duration::from_millis(10)).await;
    }
    let calls = cluster.store.calls as f64;
    Steady {
        share: cluster.spent as f64 / (31 * limit) as f64,
        for_a_request: calls / asked as f64,
        in_a_second: calls / 8.0 / 30.0,
    }
}

#[test]
fn limit_that_is_used_up_is_not_asked_for_with_each_request() {
    paused(async || {
        for (each, most) in [(14, 0.05), (25, 0.022), (100, 0.007), (400, 0.002)] {
            let Steady { share, for_a_request, .. } = steady(100, each).await;
            assert!((0.95..=1.0).contains(&share), "{share} of the limit at {each} a second");
            assert!(for_a_request <= most, "{for_a_request} for each request at {each} a second");
        }
    });
}

/// Four hundred times the requests are no more questions, neither below a limit nor beyond it; a limit of which
/// nothing is asked costs none.
#[test]
fn questions_grow_with_replicas_and_live_limits_and_not_with_requests() {
    paused(async || {
        for limit in [100, 1_000_000] {
            for each in [10, 100, 1_000, 4_000] {
                let Steady { in_a_second, .. } = steady(limit, each).await;
                assert!(in_a_second <= 5.0, "{in_a_second} of {each} a second under {limit}");
            }
        }
        assert!(steady(100, 0).await.in_a_second <= 0.1);
    });
}
