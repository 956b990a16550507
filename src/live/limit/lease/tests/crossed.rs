//! Questions and answers that are under way for some time: requests begin and end meanwhile, answers are lost,
//! and what was lost is served after what came later.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, advance};

use super::{
    super::{Ask, LASTS},
    Cluster, Flow, Terms, paused,
};
use crate::live::limit::{
    lease::{Answer, Lack},
    period::{Kind, Period},
};

#[derive(Debug, Clone)]
enum Step {
    /// A request comes to a replica, which asks by itself where it must.
    Request(usize, u64),
    Ends(usize, u64),
    /// A replica puts its question together, unless one is under way.
    Asks(usize),
    /// The server reads the question that is under way.
    Serves(usize),
    /// Its answer arrives, or is lost with its connection; a question that was not yet read may still be.
    Arrives(usize),
    IsLost(usize),
    /// The server reads a question that was given up.
    Late(usize),
    Passes(u64),
}

/// One question of a replica on its way.
struct Way {
    ask: Ask,
    answer: Option<Answer>,
}

struct Wires {
    cluster: Cluster,
    ways: Vec<Vec<Way>>,
    late: Vec<(usize, Ask)>,
    /// When the server last heard of a replica.
    heard: Vec<Instant>,
    /// Each request takes one and is over at once.
    is_rate: bool,
}

impl Wires {
    fn new(count: usize, terms: &Terms, is_rate: bool) -> Self {
        Self {
            cluster: Cluster::new(count, terms),
            ways: (0..count).map(|_| Vec::new()).collect(),
            late: Vec::new(),
            heard: vec![Instant::now(); count],
            is_rate,
        }
    }

    fn asks(&mut self, replica: usize) {
        if self.ways[replica].is_empty() {
            let asks = self.cluster.leases[replica].asks(true);
            self.ways[replica].extend(asks.into_iter().map(|ask| Way { ask, answer: None }));
        }
    }

    fn serves(&mut self, replica: usize) {
        let now = self.cluster.now();
        for way in self.ways[replica].iter_mut().filter(|way| way.answer.is_none()) {
            way.answer = Some(self.cluster.store.share(replica, &way.ask, now));
            self.heard[replica] = Instant::now();
        }
    }

    fn arrives(&mut self, replica: usize) {
        if self.ways[replica].iter().all(|way| way.answer.is_some()) {
            for Way { ask, answer } in self.ways[replica].drain(..) {
                self.cluster.leases[replica].answered(&ask, &answer.unwrap());
            }
        }
    }

    fn is_lost(&mut self, replica: usize) {
        for Way { ask, answer } in self.ways[replica].drain(..) {
            if answer.is_none() {
                self.late.push((replica, ask));
            }
            self.cluster.leases[replica].unanswered();
        }
    }

    fn request(&mut self, replica: usize, amount: u64) {
        match self.cluster.leases[replica].take(amount) {
            Ok(()) if self.is_rate => self.cluster.settles(replica, amount, amount),
            Ok(()) => self.cluster.held.push((replica, amount)),
            Err(Lack::NotAsked) => self.asks(replica),
            Err(_) => {}
        }
    }

    /// A replica of which the server hears nothing counts for nothing, so in time a question gets through.
    fn lives(&mut self, replica: usize) {
        if self.heard[replica].elapsed() > Duration::from_millis(3_500) {
            self.is_lost(replica);
            if self.cluster.tell(replica, true, false) {
                self.heard[replica] = Instant::now();
            }
        }
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Request(replica, amount) => {
                self.request(replica, if self.is_rate { 1 } else { amount });
            }
            Step::Ends(nth, share) => self.cluster.ends(nth, share.min(100)),
            Step::Asks(replica) => self.asks(replica),
            Step::Serves(replica) => self.serves(replica),
            Step::Arrives(replica) => self.arrives(replica),
            Step::IsLost(replica) => self.is_lost(replica),
            Step::Late(nth) if !self.late.is_empty() => {
                let (replica, ask) = self.late.swap_remove(nth % self.late.len());
                let now = self.cluster.now();
                self.cluster.store.share(replica, &ask, now);
            }
            Step::Late(_) => {}
            Step::Passes(millis) => {
                for begin in (0..millis).step_by(100) {
                    advance(Duration::from_millis((millis - begin).min(100))).await;
                    (0..self.ways.len()).for_each(|replica| self.lives(replica));
                }
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        8 => (0..3_usize, 1..9_u64).prop_map(|(replica, amount)| Step::Request(replica, amount)),
        4 => (0..64_usize, 0..101_u64).prop_map(|(nth, share)| Step::Ends(nth, share)),
        2 => (0..3_usize).prop_map(Step::Asks),
        4 => (0..3_usize).prop_map(Step::Serves),
        4 => (0..3_usize).prop_map(Step::Arrives),
        1 => (0..3_usize).prop_map(Step::IsLost),
        1 => (0..9_usize).prop_map(Step::Late),
        2 => prop_oneof![1..90_u64, 1..1_400_u64].prop_map(Step::Passes),
    ];
    prop::collection::vec(one, 1..200)
}

proptest! {
    /// The answers that are let in are never more than the limit and the one that is let in alone.
    #[test]
    fn budget_holds_whatever_is_under_way(steps in steps(), limit in 1..40_u64) {
        let flow = Flow::Period(Period::new(Kind::Total, jiff::tz::TimeZone::UTC));
        paused(async || {
            let mut wires = Wires::new(3, &Terms { limit, flow }, false);
            for one in &steps {
                let before = wires.cluster.admitted();
                wires.step(one).await;
                let admitted = wires.cluster.admitted();
                // Whatever is let in when the limit is reached was let in alone, and only one ever is.
                assert!(before < limit || admitted <= before, "{before} and {admitted} of {limit}");
            }
        });
    }

    /// The same where each answer takes as much as any: as many as fit, and one more.
    #[test]
    fn equal_answers_are_as_many_as_fit_and_one(steps in steps(), limit in 1..200_u64) {
        let flow = Flow::Period(Period::new(Kind::Total, jiff::tz::TimeZone::UTC));
        paused(async || {
            let mut wires = Wires::new(3, &Terms { limit, flow }, false);
            for one in &steps {
                let one = match *one {
                    Step::Request(replica, _) => Step::Request(replica, 10),
                    Step::Ends(nth, share) => Step::Ends(nth, if share > 20 { 100 } else { 0 }),
                    ref other => other.clone(),
                };
                wires.step(&one).await;
                assert!(wires.cluster.admitted() <= limit.div_ceil(10) * 10);
            }
        });
    }

    #[test]
    fn rate_holds_whatever_is_under_way(
        steps in steps(), limit in 1..90_u64, rate in 0.5..150.0_f64,
    ) {
        paused(async || {
            let mut wires = Wires::new(3, &Terms { limit, flow: Flow::PerSecond(rate) }, true);
            for one in &steps {
                wires.step(one).await;
                let flown = wires.cluster.began.elapsed().as_secs_f64() * rate;
                let spent = wires.cluster.spent as f64;
                assert!(spent <= limit as f64 + flown + 0.001, "{spent} of {limit} and {flown}");
            }
        });
    }

    /// So it does where each replica has a part of what flows in, and where the server forgets all of that.
    #[test]
    fn rate_holds_where_it_flows_to_each(
        steps in prop::collection::vec((0..3_usize, 0..40_u64, 0..100_u8), 40..400),
        forgets in prop::option::of(0..400_usize),
    ) {
        paused(async || {
            let terms = Terms { limit: 60, flow: Flow::PerSecond(60.0) };
            let mut wires = Wires::new(3, &terms, true);
            for (at, (replica, count, chance)) in steps.into_iter().enumerate() {
                for _ in 0..count {
                    wires.request(replica, 1);
                }
                if chance < 90 {
                    (0..3).for_each(|replica| { wires.serves(replica); wires.arrives(replica); });
                } else if chance < 95 {
                    wires.is_lost(replica);
                }
                if forgets == Some(at) {
                    wires.cluster.store.forgets();
                }
                wires.step(&Step::Passes(u64::from(chance))).await;
                if chance % 5 == 0 {
                    (0..3).for_each(|replica| wires.asks(replica));
                }
                let flown = wires.cluster.began.elapsed().as_secs_f64() * 60.0;
                // What replicas hold then is told again as they ask, and what flows to each goes on to its end.
                let lost = 60.0 + LASTS.as_secs_f64() * 60.0;
                let slack = if forgets.is_some_and(|it| at >= it) { lost } else { 0.0 };
                let spent = wires.cluster.spent as f64;
                assert!(spent <= 60.0 + flown + slack + 0.001, "{spent} of {flown}");
            }
        });
    }
}
