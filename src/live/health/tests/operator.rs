//! What an operator decides: it holds whatever the settings, and ends when it is said to.

use super::*;

#[test]
fn what_an_operator_decides_holds_under_any_settings() {
    let subject = Subject::new();
    let none = HealthSettings::default();
    for settings in [none, subject.settings] {
        let state = |now| subject.health.state(&settings, now);
        subject.health.hold(Held::Drained);
        assert_eq!(state(subject.now), State::Drained);
        assert_eq!(state(subject.now + SECOND * 86_400), State::Drained);
        subject.health.wake();
        assert_eq!(state(subject.now), READY);
        subject.health.hold(Held::resting(subject.now, Some(SECOND * 9)));
        assert_eq!(state(subject.now).to_string(), "resting 9 s since an operator wants it");
        assert_eq!(state(subject.now + SECOND * 9), READY);
        subject.health.hold(Held::resting(subject.now, None));
        let later = state(subject.now + SECOND * 86_400);
        assert_eq!(later.to_string(), "resting until an operator wakes it");
        subject.health.wake();
        assert_eq!(state(subject.now), READY);
    }
}

#[test]
fn waking_ends_a_rest_and_does_not_overrule_probes() {
    let subject = Subject::new();
    for _ in 0..3 {
        subject.fail(What::Reset);
    }
    assert!(matches!(subject.state(), State::Resting { .. }));
    subject.health.wake();
    assert_eq!(subject.state(), READY);
    for _ in 0..3 {
        subject.health.probed(&subject.settings, false, subject.now);
    }
    subject.health.wake();
    assert_eq!(subject.state(), State::Unhealthy { probes: 3 });
}
