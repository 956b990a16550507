//! The order of a queue: stride scheduling (Waldspurger and Weihl 1995) over lanes, one for each
//! key. A lane of twice the weight has twice the turns; within a lane, requests are served in
//! order.
//!
//! It knows no time and no limit. Each change takes logarithmic time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A lane of requests and its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    /// Identifies the key.
    pub(crate) key: u64,
    /// Turns for each turn of a lane of weight 1: from 1 to 9.
    pub(crate) weight: u8,
}

/// The place of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    lane: Lane,
    /// Its number among all that ever entered.
    nth: u64,
}

/// All waiting requests, each with a `T`.
#[derive(Debug)]
pub(super) struct Order<T> {
    lanes: HashMap<u64, Waiting<T>>,
    /// The lanes with waiting requests: by the time of the next turn, then by their first request.
    turns: BTreeSet<Turn>,
    /// The time of the last turn.
    now: u64,
    next: u64,
    count: u32,
    /// The number of lanes at which unused ones are removed.
    most: usize,
}

/// The next turn of a lane: its time, the number of its first request, its key.
type Turn = (u64, u64, u64);

#[derive(Debug)]
struct Waiting<T> {
    /// The time of the lane's next turn.
    turn: u64,
    requests: BTreeMap<u64, T>,
}

impl<T> Order<T> {
    /// How many wait.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// How many of a lane wait.
    pub(super) fn count_of(&self, lane: Lane) -> u32 {
        self.lanes.get(&lane.key).map_or(0, |waiting| waiting.requests.len() as u32)
    }

    /// Adds a request at the end of its lane.
    pub(super) fn enter(&mut self, lane: Lane, one: T) -> Place {
        let place = Place { lane, nth: self.next };
        self.next += 1;
        self.count += 1;
        let now = self.now;
        self.change(lane.key, |waiting| {
            if waiting.requests.is_empty() {
                // A lane gains no turns while it is empty.
                waiting.turn = waiting.turn.max(now);
            }
            waiting.requests.insert(place.nth, one);
        });
        place
    }

    /// The request at the head.
    pub(super) fn head(&self) -> Option<&T> {
        let (_, nth, key) = self.turns.first()?;
        self.lanes.get(key)?.requests.get(nth)
    }

    /// Whether this request is at the head.
    pub(super) fn is_head(&self, place: Place) -> bool {
        self.turns.first().is_some_and(|(_, nth, _)| *nth == place.nth)
    }

    /// Removes a request without a turn.
    pub(super) fn leave(&mut self, place: Place) {
        self.remove(place, 0);
    }

    /// A request takes its lane's turn.
    pub(super) fn pass(&mut self, place: Place) {
        if let Some(waiting) = self.lanes.get(&place.lane.key) {
            self.now = self.now.max(waiting.turn);
        }
        self.remove(place, STRIDE / u64::from(place.lane.weight.clamp(1, 9)));
    }

    fn remove(&mut self, place: Place, charge: u64) {
        let mut is_gone = false;
        self.change(place.lane.key, |waiting| {
            is_gone = waiting.requests.remove(&place.nth).is_some();
            waiting.turn += charge;
        });
        self.count -= u32::from(is_gone);
        self.forget();
    }

    /// Changes a lane and reorders its next turn.
    fn change(&mut self, key: u64, change: impl FnOnce(&mut Waiting<T>)) {
        let waiting = self.lanes.entry(key).or_default();
        if let Some(turn) = waiting.next(key) {
            self.turns.remove(&turn);
        }
        change(waiting);
        if let Some(turn) = waiting.next(key) {
            self.turns.insert(turn);
        }
    }

    /// Removes lanes that need not be remembered: all if no request waits, otherwise those whose
    /// next turn has passed.
    fn forget(&mut self) {
        if self.count == 0 {
            self.lanes.clear();
            (self.now, self.most) = (0, MANY);
        } else if self.lanes.len() > self.most {
            let now = self.now;
            self.lanes.retain(|_, it| !it.requests.is_empty() || it.turn > now);
            self.most = MANY.max(2 * self.lanes.len());
        }
    }
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        let (lanes, turns) = (HashMap::new(), BTreeSet::new());
        Self { lanes, turns, now: 0, next: 0, count: 0, most: MANY }
    }
}

impl<T> Waiting<T> {
    fn next(&self, key: u64) -> Option<Turn> {
        self.requests.first_key_value().map(|(nth, _)| (self.turn, *nth, key))
    }
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { turn: 0, requests: BTreeMap::new() }
    }
}

/// The time between two turns of a lane of weight 1, divisible by each weight.
const STRIDE: u64 = 9 * 8 * 7 * 5;
/// How many lanes are kept without a check.
const MANY: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same as plain as it can be: every request in a list, every turn looked for.
    #[derive(Default)]
    struct Model {
        waiting: Vec<(Place, u64)>,
        turns: HashMap<u64, u64>,
        now: u64,
    }

    impl Model {
        fn head(&self) -> Option<Place> {
            let first = |key: u64| {
                let its = self.waiting.iter().filter(|(place, _)| place.lane.key == key);
                its.map(|(place, _)| place.nth).min().unwrap()
            };
            let of =
                |place: &Place| (self.turns[&place.lane.key], first(place.lane.key), place.nth);
            self.waiting.iter().map(|(place, _)| *place).min_by_key(of)
        }

        fn enter(&mut self, place: Place) {
            let key = place.lane.key;
            let turn = self.turns.entry(key).or_default();
            if !self.waiting.iter().any(|(other, _)| other.lane.key == key) {
                *turn = (*turn).max(self.now);
            }
            self.waiting.push((place, 0));
        }

        fn remove(&mut self, place: Place) {
            self.waiting.retain(|(other, _)| *other != place);
            if self.waiting.is_empty() {
                *self = Self::default();
            }
        }

        fn pass(&mut self, place: Place) {
            let turn = self.turns.get_mut(&place.lane.key).unwrap();
            self.now = self.now.max(*turn);
            *turn += STRIDE / u64::from(place.lane.weight);
            self.remove(place);
        }
    }

    /// The weight of each of six lanes.
    const WEIGHTS: [u8; 6] = [1, 1, 2, 3, 5, 9];

    #[derive(Debug, Clone)]
    enum Event {
        Enters(usize),
        Leaves(usize),
        Passes,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            4 => (0..6_usize).prop_map(Event::Enters),
            1 => any::<usize>().prop_map(Event::Leaves),
            3 => Just(Event::Passes),
        ];
        proptest::collection::vec(event, 1..400)
    }

    proptest! {
        #[test]
        fn turns_are_those_of_the_plain_model_whatever_happens(events in events()) {
            let (mut order, mut model) = (Order::default(), Model::default());
            for event in events {
                match event {
                    Event::Enters(at) => {
                        let lane = Lane { key: at as u64, weight: WEIGHTS[at] };
                        let place = order.enter(lane, order.next);
                        model.enter(place);
                    }
                    Event::Leaves(nth) if !model.waiting.is_empty() => {
                        let (place, _) = model.waiting[nth % model.waiting.len()];
                        order.leave(place);
                        model.remove(place);
                    }
                    Event::Passes => {
                        if let Some(place) = model.head() {
                            order.pass(place);
                            model.pass(place);
                        }
                    }
                    Event::Leaves(_) => {}
                }
                prop_assert_eq!(order.count() as usize, model.waiting.len());
                prop_assert_eq!(order.head().copied(), model.head().map(|place| place.nth));
                prop_assert!(model.head().is_none_or(|place| order.is_head(place)));
                prop_assert!(order.lanes.len() <= 6 && order.turns.len() <= order.lanes.len());
            }
        }

        #[test]
        fn lanes_that_always_wait_have_turns_in_proportion_to_their_weights(
            weights in proptest::collection::vec(1..=9_u8, 2..6),
            turns in 1..300_usize,
        ) {
            let mut order = Order::default();
            let mut places = HashMap::new();
            for (key, weight) in weights.iter().enumerate() {
                for _ in 0..turns {
                    let place = order.enter(Lane { key: key as u64, weight: *weight }, order.next);
                    places.insert(place.nth, place);
                }
            }
            let mut had = vec![0_u32; weights.len()];
            for _ in 0..turns {
                let place = places[order.head().unwrap()];
                had[place.lane.key as usize] += 1;
                order.pass(place);
                // Nobody is ever more than one turn of its own ahead of another.
                for (one, other) in (0..weights.len()).flat_map(|it| (0..it).map(move |to| (it, to))) {
                    let share = |at: usize| f64::from(had[at]) / f64::from(weights[at]);
                    let most = 1.0 / f64::from(weights[one].min(weights[other]));
                    prop_assert!((share(one) - share(other)).abs() <= most + 1e-9, "{:?}", had);
                }
            }
        }
    }

    #[test]
    fn one_that_leaves_is_not_charged_and_an_empty_lane_gathers_nothing() {
        let mut order = Order::default();
        let [one, other] = [1, 2].map(|key| Lane { key, weight: 1 });
        let first = order.enter(one, 'a');
        order.enter(one, 'b');
        order.enter(other, 'c');
        order.leave(first);
        // `b` came before `c`, and its lane has had no turn.
        assert_eq!(order.head(), Some(&'b'));
        for nth in 0..100 {
            let place = Place { lane: one, nth: nth + 1 };
            if order.is_head(place) {
                order.pass(place);
            }
            let _ = order.enter(one, 'd');
        }
        assert_eq!(order.head(), Some(&'c'));
    }

    #[test]
    fn lanes_of_the_past_are_forgotten() {
        let mut order = Order::default();
        let kept = [(); 300].map(|()| order.enter(Lane { key: u64::MAX, weight: 1 }, ()));
        for (round, kept) in (0..).zip(&kept[..299]) {
            order.pass(*kept);
            for key in round * 100..(round + 1) * 100 {
                let place = order.enter(Lane { key, weight: 9 }, ());
                assert!(order.is_head(place), "a lane that has had no turn comes first");
                order.pass(place);
            }
        }
        assert!(order.lanes.len() <= 6 * MANY, "{}", order.lanes.len());
    }
}
