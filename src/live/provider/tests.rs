//! An attempt's way in and out, as the attempt loop sees it.

use super::*;
use std::sync::atomic::Ordering::Relaxed;

use crate::live::limit::Rate;

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> ProviderSettings {
    let health = HealthSettings { cooldown: Some(Default::default()), probing: None };
    ProviderSettings { health, ..Default::default() }
}

fn tripped(provider: &Arc<Provider>, now: Instant) -> Option<Reason> {
    let entries: Vec<_> = (0..3).map(|_| provider.enter(now).unwrap()).collect();
    entries.into_iter().filter_map(|entry| entry.failed(now, What::Connect, None)).last()
}

#[tokio::test(start_paused = true)]
async fn outcomes_reach_the_health_through_entries() {
    let provider = Arc::new(Provider::new(7, settings()));
    let now = Instant::now();
    assert!(!provider.enter(now).unwrap().is_trial());
    let reason = tripped(&provider, now).unwrap();
    assert_eq!(reason.to_string(), "resting 60 s after 3 failed connections");
    assert!(matches!(provider.enter(now), Err(State::Resting { .. })));

    let rested = now + SECOND * 60;
    let trial = provider.enter(rested).unwrap();
    assert!(trial.is_trial());
    assert_eq!(provider.enter(rested).unwrap_err(), State::HalfOpen { busy: true });
    drop(trial);
    let trial = provider.enter(rested).unwrap();
    assert!(trial.set_aside(rested, Why::RateLimited, Some(SECOND * 5)).is_some());
    assert!(matches!(provider.enter(rested + SECOND * 4), Err(State::Resting { .. })));
    let trial = provider.enter(rested + SECOND * 5).unwrap();
    trial.succeeded(rested + SECOND * 5);
    assert_eq!(provider.state(rested + SECOND * 5), State::Ready { factor: 0.1 });
}

#[tokio::test(start_paused = true)]
async fn a_last_resort_that_succeeds_ends_the_rest() {
    let provider = Arc::new(Provider::new(7, settings()));
    let now = Instant::now();
    tripped(&provider, now).unwrap();
    let later = now + SECOND * 10;
    let entry = provider.enter_resting(later);
    assert!(!entry.is_trial());
    assert_eq!(provider.enter_resting(later).failed(later, What::Reset, None), None);
    assert!(matches!(provider.state(later), State::Resting { .. }));
    entry.succeeded(later + SECOND);
    assert!(matches!(provider.state(later + SECOND), State::Ready { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_counts_as_a_peak_of_latency_and_a_refused_connection_does_not() {
    let provider = Arc::new(Provider::new(7, ProviderSettings::default()));
    let now = Instant::now();
    provider.enter(now).unwrap().failed(now + SECOND, What::Connect, None);
    assert_eq!(provider.latency().seconds(now), None);
    let entry = provider.enter(now).unwrap();
    entry.first_byte(now + SECOND);
    entry.succeeded(now + SECOND * 2);
    assert_eq!(provider.latency().seconds(now + SECOND), Some(1.0));
    provider.enter(now).unwrap().failed(now + SECOND * 30, What::Timeout, None);
    assert_eq!(provider.latency().seconds(now + SECOND * 30), Some(30.0));
}

#[tokio::test(start_paused = true)]
async fn a_successor_shares_everything_but_the_numbers() {
    let old = Arc::new(Provider::new(7, settings()));
    let now = Instant::now();
    let permit = old.limits().admit().unwrap();
    old.turn().store(-3, Relaxed);
    old.enter(now).unwrap().first_byte(now + SECOND);
    let rate = Some(Rate { per_second: 1.0, burst: 1 });
    let limits = LimitSettings::of_requests(rate, Some(1));
    let new = Arc::new(old.successor(ProviderSettings { limits, ..settings() }));
    tripped(&old, now).unwrap();
    assert!(matches!(new.state(now), State::Resting { .. }), "what the old one learns, both know");
    assert_eq!((new.turn().load(Relaxed), new.identity()), (-3, 7));
    assert_eq!(new.latency().seconds(now + SECOND), Some(1.0));
    assert!(new.limits().admit().is_err());
    drop(permit);
    assert!(new.limits().admit().is_ok());
}
