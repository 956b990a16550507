//! Verdicts, shorthand and waits, each as a table.

use super::*;

fn rules(on_status: &[u16]) -> Fallback {
    Fallback {
        enabled: true,
        on_status: StatusSet::from_shorthand(on_status).unwrap(),
        realtime_on_status: None,
        first_token: None,
        on_rate_limit: false,
        with_replacement: false,
        max_attempts: 2,
        backoff: None,
        max_total_backoff: None,
        most_in_all: None,
        stay: None,
        on: Vec::new(),
        deadline: None,
        within: None,
        commits_at_end: false,
        commit_max_bytes: 0,
        to: Vec::new(),
    }
}

#[test]
fn shorthand_is_read_as_the_seed_says() {
    let set = StatusSet::from_shorthand(&[429, 5]).unwrap();
    assert!([429, 500, 529, 599].iter().all(|&status| set.contains(status)));
    assert!(![428, 430, 499, 600].iter().any(|&status| set.contains(status)));
    let decade = StatusSet::from_shorthand(&[50]).unwrap();
    assert!(decade.contains(509) && !decade.contains(510));
    for number in [0, 6, 9, 60, 99, 600, 1000] {
        assert_eq!(StatusSet::from_shorthand(&[number]), Err(number));
    }
}

#[test]
fn failure_by_class_and_status_gives_its_verdict() {
    use What::*;
    let table = [
        (Connect, Class::Unreachable, &[429][..], Verdict::Next),
        (Timeout, Class::Timeout, &[429], Verdict::Next),
        (Reset, Class::Unreachable, &[429], Verdict::Next),
        (Malformed(Some(302)), Class::Malformed, &[429], Verdict::Stop),
        (Malformed(None), Class::Malformed, &[5], Verdict::Next),
        (Status(429), Class::RateLimit, &[429, 5], Verdict::Next),
        (Status(400), Class::Client, &[429, 5], Verdict::Stop),
        (Status(529), Class::Overloaded, &[5], Verdict::Next),
        // What counts is the status that was sent.
        (Status(510), Class::Server, &[50], Verdict::Stop),
        (Status(501), Class::Server, &[429, 500, 502, 503, 504], Verdict::Stop),
        (Status(529), Class::Overloaded, &[503], Verdict::Stop),
        (Status(503), Class::Overloaded, &[500], Verdict::Stop),
        (Status(402), Class::Quota, &[429], Verdict::Stop),
        (Status(408), Class::Server, &[500], Verdict::Stop),
        (Status(408), Class::Server, &[408], Verdict::Next),
        // A code that says that the status is wrong.
        (Status(400), Class::Overloaded, &[503], Verdict::Next),
        (Status(400), Class::Server, &[500], Verdict::Next),
        (Status(429), Class::Overloaded, &[503], Verdict::Next),
        (Status(502), Class::Overloaded, &[503], Verdict::Next),
        (Status(404), Class::ModelMissing, &[5], Verdict::Next),
        (Status(400), Class::Quota, &[429], Verdict::Next),
        (Status(400), Class::Quota, &[5], Verdict::Stop),
        (Status(502), Class::RateLimit, &[429], Verdict::Next),
        (Status(401), Class::Credential, &[5], Verdict::Next),
        (Status(400), Class::ContentFilter, &[5], Verdict::Stop),
        (Status(400), Class::ContextWindow, &[5], Verdict::Stop),
    ];
    for (what, class, on_status, verdict) in table {
        let rules = rules(on_status);
        let said = rules.verdict(Brief { what, class }, Duration::ZERO);
        assert_eq!(said, verdict, "{what:?} {class:?} {on_status:?}");
        let off = Fallback { enabled: false, ..rules };
        assert_eq!(off.verdict(Brief { what, class }, Duration::ZERO), Verdict::Stop);
    }
}

#[test]
fn conditions_go_on_where_they_are_named() {
    let table = [
        (What::Status(400), Class::ContentFilter),
        (What::Status(400), Class::ContextWindow),
        (What::Status(429), Class::RateLimit),
        (What::Status(429), Class::Quota),
        (What::Status(529), Class::Overloaded),
        (What::Status(500), Class::Server),
        (What::Status(504), Class::Timeout),
        (What::Malformed(Some(204)), Class::Malformed),
    ];
    for (what, class) in table {
        let next = |on: &[Class], class| {
            let rules = Fallback { on: on.to_vec(), ..rules(&[]) };
            rules.verdict(Brief { what, class }, Duration::ZERO) == Verdict::Next
        };
        assert!(!next(&[], class), "{class:?} is not named");
        assert!(next(&[class], class), "{class:?} is named");
        for (_, other) in table.iter().filter(|(_, other)| *other != class) {
            assert!(!next(&[*other], class), "{other:?} is not {class:?}");
        }
    }
    let all: Vec<Class> = table.iter().map(|(_, class)| *class).collect();
    let rules = Fallback { on: all, ..rules(&[429]) };
    for status in [400, 500] {
        let said = rules
            .verdict(Brief { what: What::Status(status), class: Class::Client }, Duration::ZERO);
        assert_eq!(said, Verdict::Stop, "a client's fault is nobody else's");
    }
}

#[test]
fn the_same_provider_is_asked_again_within_its_time_and_never_before_its_word() {
    let millis = Duration::from_millis;
    let mut rules = rules(&[5]);
    assert_eq!(rules.stays(0, Some(millis(1)), 0.5), None);
    rules.stay = Some(Stay { times: 2, up_to: millis(3_000) });
    assert_eq!(rules.stays(0, Some(millis(2_500)), 0.5), Some(millis(2_500)));
    assert_eq!(rules.stays(0, Some(millis(3_001)), 0.5), None);
    assert_eq!(rules.stays(2, Some(millis(1)), 0.5), None);
    assert_eq!(rules.stays(0, None, 0.0), Some(millis(100)));
    assert_eq!(rules.stays(1, None, 1.0), Some(millis(400)));
    rules.stay = Some(Stay { times: 9, up_to: millis(300) });
    assert_eq!(rules.stays(8, None, 1.0), Some(millis(300)));
}

#[test]
fn a_failure_that_came_too_late_is_the_answer() {
    let rules = Fallback { within: Some(Duration::from_secs(2)), ..rules(&[5]) };
    let after = |secs| rules.verdict(Brief::SILENT, Duration::from_secs(secs));
    assert_eq!((after(2), after(3)), (Verdict::Next, Verdict::Stop));
}

#[test]
fn waits_grow_to_their_maximum_and_respect_the_budget() {
    let backoff = Backoff {
        initial: Duration::from_millis(100),
        max: Duration::from_millis(500),
        factor: 2.0,
        full_jitter: false,
    };
    let mut rules = rules(&[5]);
    assert_eq!(rules.wait(0, 0.5, Duration::ZERO), Some(Duration::ZERO));
    rules.backoff = Some(backoff);
    let waits: Vec<_> = (0..5).filter_map(|n| rules.wait(n, 0.5, Duration::ZERO)).collect();
    assert_eq!(
        waits.iter().map(Duration::as_millis).collect::<Vec<_>>(),
        [100, 200, 400, 500, 500]
    );
    rules.backoff = Some(Backoff { full_jitter: true, ..backoff });
    assert_eq!(rules.wait(1, 0.5, Duration::ZERO), Some(Duration::from_millis(100)));
    rules.max_total_backoff = Some(Duration::from_millis(150));
    assert_eq!(rules.wait(1, 1.0, Duration::ZERO), None);
}

#[test]
fn further_statuses_are_for_realtime_requests_alone() {
    let more = StatusSet::from_shorthand(&[529, 40]).unwrap();
    let rules = Fallback { realtime_on_status: Some(Box::new(more)), ..rules(&[503]) };
    for (status, batch, realtime) in [
        (503, Verdict::Next, Verdict::Next),
        (529, Verdict::Stop, Verdict::Next),
        (409, Verdict::Stop, Verdict::Next),
        (500, Verdict::Stop, Verdict::Stop),
    ] {
        let failure = What::Status(status).into();
        assert_eq!(rules.verdict(failure, Duration::ZERO), batch, "{status}");
        assert_eq!(rules.realtime_verdict(failure, Duration::ZERO), realtime, "{status}");
    }
    let off = Fallback { enabled: false, ..rules };
    assert_eq!(off.realtime_verdict(What::Status(529).into(), Duration::ZERO), Verdict::Stop);
}
