//! The controller against a plain model of what `docs/configuration.md` says of it: the model keeps everything
//! that ever happened, and looks at all of it each time.

use proptest::prelude::*;

use super::*;

fn rules() -> AimdSettings {
    AimdSettings {
        budget: Duration::from_millis(10),
        target: 0.25,
        recovery: 0.05,
        window: 8,
        least: 4,
        step: 0.125,
        decay: 0.5,
        floor: 0.25,
        dwell: Duration::from_secs(30),
        idle: Some(Duration::from_secs(300)),
        statuses: [429, 503].into(),
    }
}

/// What happens: time passes, and then an attempt ends that began some time ago.
#[derive(Debug, Clone)]
struct Event {
    after: u64,
    lasted: u64,
    is_breach: bool,
}

/// Seconds and shares alone.
struct Model {
    share: f64,
    changes: Vec<u64>,
    /// Since when attempts belong to this share.
    since: u64,
    /// Ends of attempts of this share.
    heard: Vec<bool>,
    /// Each judgement: when, and the share of breaches.
    judgements: Vec<(u64, f64)>,
}

impl Model {
    fn pass(&mut self, now: u64) {
        loop {
            let judged = self.judgements.last().map_or(0, |judged| judged.0);
            let from = self.changes.last().copied().unwrap_or(0).max(judged);
            if self.share >= 1.0 || now < from + 300 {
                return;
            }
            self.share = (self.share + 0.125).min(1.0);
            self.changes.push(from + 300);
        }
    }

    fn hear(&mut self, began: u64, is_breach: bool, now: u64) {
        self.pass(now);
        if began < self.since {
            return;
        }
        self.heard.push(is_breach);
        let window = &self.heard[self.heard.len().saturating_sub(8)..];
        if window.len() < 4 {
            return;
        }
        let breaches = window.iter().filter(|it| **it).count();
        let rate = breaches as f64 / window.len() as f64;
        self.judgements.push((now, rate));
        let may_change = self.changes.last().is_none_or(|last| now >= last + 30);
        if rate > 0.25 && may_change && self.share > 0.25 {
            self.share = (self.share * 0.5).max(0.25);
            self.changes.push(now);
            self.heard.clear();
            self.since = now;
        } else if rate <= 0.05 && may_change && self.share < 1.0 {
            let high = self.judgements.iter().rposition(|(_, rate)| *rate > 0.05);
            let low_since = self.judgements[high.map_or(0, |at| at + 1)].0;
            if now >= low_since + 30 {
                self.share = (self.share + 0.125).min(1.0);
                self.changes.push(now);
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let after = prop_oneof![8 => 0..12_u64, 2 => 20..40_u64, 1 => 250..1_300_u64];
    (after, 0..40_u64, any::<bool>()).prop_map(|(after, lasted, is_breach)| Event {
        after,
        lasted,
        is_breach,
    })
}

/// Stretches of good and of bad times, or nothing but noise would be seen.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let stretch = (prop::collection::vec(event(), 1..30), 0..3_u8).prop_map(|(mut all, kind)| {
        for event in &mut all {
            event.is_breach = match kind {
                0 => false,
                1 => true,
                _ => event.is_breach,
            };
        }
        all
    });
    prop::collection::vec(stretch, 1..12).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn share_moves_as_the_plain_model_says(events in events()) {
        let start = Instant::now();
        let at = |secs: u64| start + Duration::from_secs(secs);
        let aimd = Aimd::new(rules(), start);
        let mut model = Model {
            share: 1.0,
            changes: Vec::new(),
            since: 0,
            heard: Vec::new(),
            judgements: Vec::new(),
        };
        let mut now = 0;
        for event in events {
            now += event.after;
            let began = now.saturating_sub(event.lasted);
            aimd.observe(at(began), event.is_breach, at(now));
            model.hear(began, event.is_breach, now);
            let share = aimd.share(at(now));
            prop_assert!((share - model.share).abs() < 1e-9, "{share} is not {}", model.share);
            prop_assert!((0.25..=1.0).contains(&share));
            let state = aimd.state.lock().unwrap();
            prop_assert!(state.samples.len() <= 8);
            prop_assert_eq!(state.breaches, state.samples.iter().filter(|it| **it).count());
        }
        let mut last = None;
        for change in model.changes {
            prop_assert!(last.is_none_or(|last| change >= last + 30), "two changes within a dwell");
            last = Some(change);
        }
    }
}

#[test]
fn share_falls_fast_rises_slowly_and_recovers_without_traffic() {
    let start = Instant::now();
    let at = |secs: u64| start + Duration::from_secs(secs);
    let aimd = Aimd::new(rules(), start);
    let hear = |from: u64, to: u64, is_breach| {
        (from..to).for_each(|secs| aimd.observe(at(secs), is_breach, at(secs)));
        aimd.share(at(to - 1))
    };
    assert_eq!(hear(0, 3, true), 1.0, "three are too few to judge");
    assert_eq!(hear(3, 4, true), 0.5);
    assert_eq!(hear(4, 33, true), 0.5, "no change follows within the dwell");
    assert_eq!(hear(33, 34, true), 0.25);
    assert_eq!(hear(34, 100, true), 0.25, "the floor");
    // Attempts that began at another share count for nothing.
    (100..120).for_each(|secs| aimd.observe(at(1), false, at(secs)));
    assert_eq!(aimd.share(at(120)), 0.25);
    assert_eq!(hear(120, 157, false), 0.25, "the window is good since 127");
    assert_eq!(hear(157, 158, false), 0.375);
    assert_eq!(hear(158, 188, false), 0.5, "one step a dwell");
    assert_eq!(aimd.share(at(187 + 299)), 0.5);
    assert_eq!(aimd.share(at(187 + 300)), 0.625);
    assert_eq!(aimd.share(at(187 + 1_200)), 1.0);
}
