//! What holds of a provider's health whatever happens to it, in whatever order.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Pass(u32),
    Succeed(u32),
    Fail(u32, Option<u32>),
    Limited(Option<u32>),
    Begin,
    End(u8, prop::sample::Index),
    Probe(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u32..200).prop_map(Step::Pass),
        2 => (0u32..100).prop_map(Step::Succeed),
        5 => (0u32..100, prop::option::of(0u32..2000)).prop_map(|(a, b)| Step::Fail(a, b)),
        1 => prop::option::of(0u32..2000).prop_map(Step::Limited),
        4 => Just(Step::Begin),
        4 => (0u8..3, any::<prop::sample::Index>()).prop_map(|(how, which)| Step::End(how, which)),
        1 => any::<bool>().prop_map(Step::Probe),
    ]
}

impl Subject {
    fn step(&mut self, step: Step, trials: &mut Vec<Trial>) {
        let ago = |seconds: u32| self.now.checked_sub(SECOND * seconds).unwrap_or(self.now);
        let (health, settings, now) = (&self.health, &self.settings, self.now);
        match step {
            Step::Pass(seconds) => self.now += SECOND * seconds,
            Step::Succeed(age) => health.succeeded(settings, ago(age), now),
            Step::Fail(age, asked) => {
                let asked = asked.map(|seconds| SECOND * seconds);
                health.failed(settings, ago(age), now, What::Timeout, asked);
            }
            Step::Limited(asked) => {
                health.set_aside(
                    settings,
                    now,
                    Why::RateLimited,
                    asked.map(|seconds| SECOND * seconds),
                );
            }
            Step::Begin => {
                let open = self.state() == State::HalfOpen { busy: false };
                let trial = self.trial();
                assert_eq!(trial.is_some(), open, "a trial is given exactly when one is open");
                trials.extend(trial);
            }
            Step::End(how, which) if !trials.is_empty() => {
                let trial = trials.swap_remove(which.index(trials.len()));
                match how {
                    0 => trial.succeeded(&self.cooldown, now),
                    1 => drop(trial.failed(&self.cooldown, now, What::Reset, None)),
                    _ => drop(trial),
                }
            }
            Step::End(..) => {}
            Step::Probe(ok) => drop(health.probed(settings, ok, now)),
        }
    }
}

proptest! {
    /// Whatever happens: no rest outlasts the cap, a factor stays in its range, the flag tells the
    /// truth, no trial is lost, and a provider that is let alone can be tried again.
    #[test]
    fn health_after_any_steps_keeps_its_invariants(steps in prop::collection::vec(step(), 1..120)) {
        let mut subject = Subject::new();
        let mut trials = Vec::new();
        for step in steps {
            subject.step(step, &mut trials);
            match subject.state() {
                State::Ready { factor } => prop_assert!((0.1..=1.0).contains(&factor)),
                State::Resting { until, .. } => {
                    prop_assert!(until > subject.now);
                    prop_assert!(until - subject.now <= subject.cooldown.max_duration);
                }
                State::HalfOpen { busy } => prop_assert!(!busy || !trials.is_empty()),
                State::Unhealthy { probes } => prop_assert!(probes >= 3),
                State::Drained => prop_assert!(false, "no operator has decided so"),
            }
            let flagged = subject.health.flags.load(Ordering::Relaxed) & (BREAKER | UNHEALTHY) != 0;
            prop_assert_eq!(flagged, subject.state() != READY);
        }
        trials.clear();
        subject.pass(600);
        for _ in 0..2 {
            subject.health.probed(&subject.settings, true, subject.now);
        }
        match subject.state() {
            State::HalfOpen { busy } => prop_assert!(!busy),
            State::Ready { .. } => {}
            state => prop_assert!(false, "still {}", state),
        }
    }
}
