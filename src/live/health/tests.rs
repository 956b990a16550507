//! The breaker and the tally, driven by a clock that is only a number.

mod invariants;
mod operator;

use super::*;
use crate::live::health::reason::Why;

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> HealthSettings {
    let cooldown = Cooldown { trial_after: None, ..Cooldown::default() };
    HealthSettings { cooldown: Some(cooldown), probing: Some(Probing::default()) }
}

struct Subject {
    health: Arc<Health>,
    settings: HealthSettings,
    cooldown: Cooldown,
    now: Instant,
}

impl Subject {
    fn new() -> Self {
        let settings = settings();
        let cooldown = settings.cooldown.unwrap();
        Self { health: Arc::default(), settings, cooldown, now: Instant::now() }
    }

    fn state(&self) -> State {
        self.health.state(&self.settings, self.now)
    }

    fn fail(&self, cause: What) -> Option<Reason> {
        self.health.failed(&self.settings, self.now, self.now, cause, None)
    }

    fn succeed(&self) {
        self.health.succeeded(&self.settings, self.now, self.now);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += SECOND * seconds as u32;
    }

    fn trial(&self) -> Option<Trial> {
        self.health.try_trial(&self.settings, self.now)
    }

    /// Trips it, and waits until the rest is over.
    fn rested() -> Self {
        let mut subject = Self::new();
        for _ in 0..3 {
            subject.fail(What::Timeout);
        }
        subject.pass(60);
        subject
    }

    fn rest(&self) -> Option<u64> {
        match self.state() {
            State::Resting { until, .. } => Some((until - self.now).as_secs()),
            _ => None,
        }
    }
}

const READY: State = State::Ready { factor: 1.0 };

#[test]
fn an_isolated_failure_benches_nobody() {
    let mut subject = Subject::new();
    for _ in 0..10 {
        assert_eq!(subject.fail(What::Status(500)), None);
        assert_eq!(subject.fail(What::Status(500)), None);
        subject.succeed();
        assert_eq!(subject.state(), READY);
    }
    assert_eq!(subject.fail(What::Status(500)), None);
    subject.pass(31);
    assert_eq!(subject.fail(What::Status(500)), None);
    subject.pass(30);
    assert_eq!(subject.fail(What::Status(500)), None, "the first has left the window");
    assert_eq!(subject.state(), READY);
}

#[test]
fn failures_inside_the_window_rest_it_and_say_why() {
    let mut subject = Subject::new();
    subject.fail(What::Timeout);
    subject.pass(20);
    subject.fail(What::Timeout);
    subject.pass(20);
    let reason = subject.fail(What::Timeout).unwrap();
    assert_eq!(reason.to_string(), "resting 60 s after 3 timeouts");
    assert_eq!(subject.state(), State::Resting { until: subject.now + SECOND * 60, reason });
    assert_eq!(subject.fail(What::Timeout), None, "its rest has begun already");
    subject.pass(59);
    assert_eq!(subject.rest(), Some(1), "a failure while resting lengthens nothing");
    assert!(subject.trial().is_none());
    subject.pass(1);
    assert_eq!(subject.state(), State::HalfOpen { busy: false });
}

#[test]
fn a_good_trial_brings_it_back_slowly() {
    let mut subject = Subject::rested();
    let trial = subject.trial().unwrap();
    assert_eq!(subject.state(), State::HalfOpen { busy: true });
    assert!(subject.trial().is_none());
    trial.succeeded(&subject.cooldown, subject.now);
    let factors: Vec<_> = (0..=11)
        .map(|_| {
            let State::Ready { factor } = subject.state() else { panic!() };
            subject.pass(1);
            (factor * 100.0).round() as u32
        })
        .collect();
    assert_eq!(factors, [10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100, 100]);
    assert_eq!(subject.health.flags.load(Ordering::Relaxed), 0, "all well again");
}

#[test]
fn a_bad_trial_rests_it_longer_up_to_the_cap() {
    let mut subject = Subject::rested();
    let mut rests = Vec::new();
    for _ in 0..6 {
        let trial = subject.trial().unwrap();
        let reason = trial.failed(&subject.cooldown, subject.now, What::Connect, None).unwrap();
        rests.push(reason.rest.as_secs());
        subject.pass(reason.rest.as_secs());
    }
    assert_eq!(rests, [120, 240, 480, 600, 600, 600]);
    let trial = subject.trial().unwrap();
    let reason = trial.failed(&subject.cooldown, subject.now, What::Connect, None).unwrap();
    assert_eq!(reason.to_string(), "resting 600 s after a trial that ended in a failed connection");
}

#[test]
fn by_default_one_request_tries_it_before_the_rest_is_over_however_long_that_has_become() {
    let mut subject = Subject::new();
    subject.settings.cooldown = Some(Cooldown::default());
    subject.cooldown = Cooldown::default();
    let reasons: Vec<_> = (0..3).filter_map(|_| subject.fail(What::Connect)).collect();
    assert_eq!(reasons[0].rest.as_secs(), 60);
    for _ in 0..6 {
        assert_eq!(subject.rest(), Some(25));
        subject.pass(25);
        let trial = subject.trial().unwrap();
        let reason = trial.failed(&subject.cooldown, subject.now, What::Connect, None).unwrap();
        assert!(reason.rest.as_secs() >= 120);
    }
    subject.pass(25);
    subject.trial().unwrap().succeeded(&subject.cooldown, subject.now);
    assert!(matches!(subject.state(), State::Ready { .. }));
}

#[test]
fn good_probes_end_a_rest_that_failures_began_and_no_other() {
    let probe = |subject: &Subject| subject.health.probed(&subject.settings, true, subject.now);
    let subject = Subject::new();
    for _ in 0..3 {
        subject.fail(What::Connect);
    }
    assert_eq!((probe(&subject), subject.rest()), (None, Some(60)), "one is not enough");
    probe(&subject);
    assert!(matches!(subject.state(), State::Ready { factor } if factor < 1.0));

    for (why, asked) in [
        (Why::RateLimited, Some(SECOND * 40)),
        (Why::CredentialRefused, None),
        (Why::QuotaSpent, None),
    ] {
        let subject = Subject::new();
        subject.health.set_aside(&subject.settings, subject.now, why, asked);
        for _ in 0..3 {
            probe(&subject);
        }
        assert!(matches!(subject.state(), State::Resting { .. }), "{why:?}");
    }
    let subject = Subject::new();
    for _ in 0..3 {
        subject.fail(What::Connect);
    }
    let (health, now) = (&subject.health, subject.now);
    health.failed(&subject.settings, now, now, What::Status(503), Some(SECOND * 90));
    for _ in 0..3 {
        probe(&subject);
    }
    assert_eq!(subject.rest(), Some(90), "it has asked for it");
}

#[test]
fn growth_and_what_a_provider_may_ask_for_have_numbers_of_their_own() {
    let mut subject = Subject::rested();
    subject.cooldown = Cooldown { factor: 1.0, max_retry_after: SECOND * 30, ..subject.cooldown };
    subject.settings.cooldown = Some(subject.cooldown);
    for _ in 0..3 {
        let trial = subject.trial().unwrap();
        let reason = trial.failed(&subject.cooldown, subject.now, What::Connect, None).unwrap();
        assert_eq!(reason.rest.as_secs(), 60);
        subject.pass(60);
    }
    subject.trial().unwrap().succeeded(&subject.cooldown, subject.now);
    let asked = subject.health.set_aside(
        &subject.settings,
        subject.now,
        Why::RateLimited,
        Some(SECOND * 500),
    );
    assert_eq!(asked.unwrap().rest.as_secs(), 60, "no shorter than a rest of the router's own");
}

#[test]
fn doubling_is_forgotten_after_it_was_well_for_long_enough() {
    for (well, expected) in [(30, 120), (61, 60)] {
        let mut subject = Subject::rested();
        subject.trial().unwrap().succeeded(&subject.cooldown, subject.now);
        subject.pass(well);
        let reasons: Vec<_> = (0..3).filter_map(|_| subject.fail(What::Reset)).collect();
        assert_eq!(reasons[0].rest.as_secs(), expected, "after {well} s");
    }
}

#[test]
fn a_trial_without_a_verdict_goes_to_the_next() {
    let subject = Subject::rested();
    drop(subject.trial().unwrap());
    assert_eq!(subject.state(), State::HalfOpen { busy: false });
    assert!(subject.trial().is_some());
}

#[test]
fn a_trial_that_hangs_is_not_waited_for_and_decides_nothing_later() {
    let mut subject = Subject::rested();
    let hanging = subject.trial().unwrap();
    subject.pass(60);
    let second = subject.trial().unwrap();
    assert_eq!(hanging.failed(&subject.cooldown, subject.now, What::Timeout, None), None);
    assert_eq!(subject.state(), State::HalfOpen { busy: true }, "the second is still under way");
    second.succeeded(&subject.cooldown, subject.now);
    assert!(matches!(subject.state(), State::Ready { .. }));
}

#[test]
fn of_a_hundred_threads_one_gets_the_trial() {
    let subject = Subject::rested();
    let barrier = std::sync::Barrier::new(100);
    let won: Vec<_> = std::thread::scope(|scope| {
        let race = || {
            barrier.wait();
            subject.trial()
        };
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(race)).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(won.len(), 1);
}

#[test]
fn what_the_provider_asks_for_is_heeded_at_once_and_capped() {
    for (asked, expected) in [(12, 12), (86_400, 600)] {
        let subject = Subject::new();
        let (health, now) = (&subject.health, subject.now);
        let asked = Some(SECOND * asked);
        let reason = health.failed(&subject.settings, now, now, What::Status(503), asked);
        let words = format!("resting {expected} s as the provider asked after a 503");
        assert_eq!(reason.unwrap().to_string(), words);
        assert_eq!(subject.rest(), Some(expected));
    }
}

#[test]
fn a_later_wish_lengthens_a_rest_and_an_earlier_one_does_not_shorten_it() {
    let subject = Subject::new();
    let limited = |seconds| {
        subject.health.set_aside(
            &subject.settings,
            subject.now,
            Why::RateLimited,
            Some(SECOND * seconds),
        )
    };
    assert_eq!(limited(20).unwrap().to_string(), "resting 20 s after a 429 of the provider");
    assert_eq!(limited(30), None);
    assert_eq!(subject.rest(), Some(30));
    assert_eq!(limited(5), None);
    assert_eq!(subject.rest(), Some(30));
}

#[test]
fn a_429_rests_the_credential_but_is_no_failure() {
    let mut subject = Subject::new();
    for _ in 0..5 {
        let reason = subject
            .health
            .set_aside(&subject.settings, subject.now, Why::RateLimited, None)
            .unwrap();
        assert_eq!(reason, Reason { rest: SECOND, why: Why::RateLimited, is_heard: false });
        subject.pass(1);
        subject.trial().unwrap().succeeded(&subject.cooldown, subject.now);
        subject.pass(10);
    }
    assert_eq!(subject.fail(What::Timeout), None);
    assert_eq!(subject.state(), READY);
    assert_eq!(
        subject.health.set_aside(
            &subject.settings,
            subject.now,
            Why::RateLimited,
            Some(Duration::ZERO)
        ),
        None
    );
}

#[test]
fn a_429_during_a_trial_outweighs_it() {
    let mut subject = Subject::rested();
    let trial = subject.trial().unwrap();
    let asked = Some(SECOND * 30);
    assert!(
        subject.health.set_aside(&subject.settings, subject.now, Why::RateLimited, asked).is_some()
    );
    trial.succeeded(&subject.cooldown, subject.now);
    assert_eq!(subject.rest(), Some(30));
    subject.pass(30);
    assert!(subject.trial().is_some());
}

#[test]
fn a_failure_too_many_rests_it_as_long_as_it_asks() {
    let subject = Subject::new();
    let (health, now) = (&subject.health, subject.now);
    subject.fail(What::Status(503));
    subject.fail(What::Status(503));
    let asked = Some(SECOND * 300);
    let reason = health.failed(&subject.settings, now, now, What::Status(503), asked).unwrap();
    assert_eq!(reason.to_string(), "resting 300 s after 3 answers with 503");
}

#[test]
fn only_an_attempt_that_began_after_the_rest_did_ends_it() {
    let mut subject = Subject::new();
    let before = subject.now;
    subject.pass(5);
    for _ in 0..3 {
        subject.fail(What::Reset);
    }
    subject.pass(5);
    subject.health.succeeded(&subject.settings, before, subject.now);
    assert_eq!(subject.rest(), Some(55), "an old request's success is old news");
    subject.health.succeeded(&subject.settings, subject.now, subject.now);
    assert!(matches!(subject.state(), State::Ready { .. }));

    subject.health.failed(&subject.settings, before, subject.now, What::Reset, None);
    subject.fail(What::Reset);
    assert_eq!(subject.fail(What::Reset), None, "an old request's failure was not counted");
    assert!(subject.fail(What::Reset).is_some());
}

#[test]
fn probes_take_it_out_and_bring_it_back_slowly() {
    let mut subject = Subject::new();
    let probe = |subject: &Subject, ok| subject.health.probed(&subject.settings, ok, subject.now);
    assert_eq!(probe(&subject, false), None);
    assert_eq!(probe(&subject, false), None);
    assert_eq!(probe(&subject, true), None, "a good one in between begins the count anew");
    assert_eq!([probe(&subject, false), probe(&subject, false)], [None, None]);
    assert_eq!(probe(&subject, false), Some(false));
    assert_eq!(subject.state(), State::Unhealthy { probes: 3 });
    assert_eq!(subject.state().to_string(), "unhealthy after 3 failed probes");
    assert_eq!(probe(&subject, true), None);
    assert_eq!(subject.state(), State::Unhealthy { probes: 3 });
    assert_eq!(probe(&subject, true), Some(true));
    assert_eq!(subject.state(), State::Ready { factor: 0.1 });
    subject.pass(10);
    assert_eq!(subject.state(), READY);
}

#[test]
fn a_table_without_the_key_does_not_heed_what_another_has_found() {
    let subject = Subject::rested();
    let none = HealthSettings::default();
    assert_eq!(subject.health.state(&none, subject.now), READY);
    assert!(subject.health.try_trial(&none, subject.now).is_none());
    let now = subject.now;
    for _ in 0..5 {
        assert_eq!(Health::default().failed(&none, now, now, What::Reset, Some(SECOND)), None);
    }
    for _ in 0..3 {
        subject.health.probed(&subject.settings, false, now);
    }
    let passive = HealthSettings { probing: None, ..subject.settings };
    assert_eq!(subject.health.state(&passive, now), State::HalfOpen { busy: false });
    assert_eq!(subject.state(), State::Unhealthy { probes: 3 });
    assert!(subject.trial().is_none(), "probes come first");
}

#[test]
fn every_state_and_reason_reads_as_a_sentence() {
    let reason = |why| Reason { rest: SECOND * 12, why, is_heard: false }.to_string();
    let failures = |count, last, alike| reason(Why::Failures { count, last, alike });
    assert_eq!(failures(3, What::Status(500), true), "resting 12 s after 3 answers with 500");
    assert_eq!(
        failures(3, What::Reset, false),
        "resting 12 s after 3 failures, the last a broken connection"
    );
    assert_eq!(failures(1, What::Malformed(None), true), "resting 12 s after a malformed answer");
    let short = Reason { rest: Duration::from_millis(250), why: Why::RateLimited, is_heard: false };
    assert_eq!(short.to_string(), "resting 250 ms after a 429 of the provider");
    assert_eq!(READY.to_string(), "ready");
    assert_eq!(State::Ready { factor: 0.1 }.to_string(), "starting slowly at 10 %");
    assert_eq!(State::HalfOpen { busy: true }.to_string(), "rested, on trial");
}
