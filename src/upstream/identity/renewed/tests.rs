//! When something is used, waited for and fetched anew.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn fetched(value: u32, expires: SystemTime) -> Result<Fetched<u32>, Unfetched> {
    Ok(Fetched { value, expires })
}

fn state() -> State<u32> {
    State { current: None, flight: None, failed: None }
}

fn word(step: Step<u32>) -> String {
    match step {
        Step::Use(value) => format!("use {value}"),
        Step::UseAndFetch(value) => format!("use {value} and fetch"),
        Step::Wait(_) => "wait".into(),
        Step::Fetch => "fetch".into(),
        Step::Fail(why) => format!("fail: {}", why.cause),
    }
}

#[test]
fn it_is_renewed_before_its_end_and_used_until_then() {
    let now = SystemTime::now();
    let mut state = state();
    assert_eq!(word(state.step(now)), "fetch");
    state.ended(fetched(1, now + secs(3600)), now).unwrap();
    for (after, said) in
        [(0, "use 1"), (3299, "use 1"), (3300, "use 1 and fetch"), (3599, "use 1 and fetch")]
    {
        assert_eq!(word(state.step(now + secs(after))), said, "{after}");
    }
    assert_eq!(word(state.step(now + secs(3600))), "fetch");

    let later = now + secs(3400);
    let (tell, flight) = watch::channel(None);
    state.flight = Some(flight);
    assert_eq!(word(state.step(later)), "use 1");
    assert_eq!(word(state.step(now + secs(3600))), "wait");
    drop(tell);
    assert_eq!(word(state.step(now + secs(3600))), "fetch", "a flight that was cut off is none");

    state.ended(Err(Unfetched::unusable("down")), later).unwrap_err();
    assert_eq!(word(state.step(later)), "use 1");
    assert_eq!(word(state.step(later + secs(2))), "use 1 and fetch");
}

#[test]
fn one_that_came_short_is_not_asked_for_all_the_time() {
    let mut now = SystemTime::now();
    let expires = now + secs(240);
    let mut state = state();
    let mut fetches = 0;
    for _ in 0..240 {
        if !matches!(state.step(now), Step::Use(_)) {
            fetches += 1;
            state.ended(fetched(1, expires), now).unwrap();
        }
        now += secs(1);
    }
    assert!(fetches < 10, "{fetches}");
}

#[test]
fn a_failure_is_told_for_a_moment_without_asking_again() {
    let now = SystemTime::now();
    let mut state = state();
    state.ended(Err(Unfetched::unusable("down")), now).unwrap_err();
    assert_eq!(word(state.step(now + secs(0))), "fail: down");
    assert_eq!(word(state.step(now + secs(1))), "fetch");
}

#[test]
fn invalidate_fetches_anew_what_is_not_fresh() {
    let now = SystemTime::now();
    let mut state = state();
    state.ended(fetched(1, now + secs(3600)), now).unwrap();
    for (after, said) in [(30, "use 1"), (90, "use 1 and fetch")] {
        let now = now + secs(after);
        state.current.as_mut().unwrap().invalidate(now);
        assert_eq!(word(state.step(now)), said);
    }
}

#[tokio::test]
async fn all_who_ask_at_once_share_one_fetch_whoever_goes_away() {
    let renewed = Arc::new(Renewed::<u32>::default());
    let fetches = Arc::new(AtomicU32::new(0));
    let ask = || {
        let (renewed, fetches) = (Arc::clone(&renewed), Arc::clone(&fetches));
        async move {
            let fetch = || async move {
                fetches.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
                fetched(7, SystemTime::now() + secs(3600))
            };
            renewed.get(fetch).await
        }
    };
    let first = tokio::spawn(ask());
    tokio::time::sleep(Duration::from_millis(10)).await;
    first.abort();
    let others: Vec<_> = (0..20).map(|_| tokio::spawn(ask())).collect();
    for other in others {
        assert_eq!(*other.await.unwrap().unwrap(), 7);
    }
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
    let cut = Arc::new(Renewed::<u32>::default());
    let panics = cut.get(|| async { panic!("a fetch that dies") }).await;
    assert_eq!(&*panics.unwrap_err().cause, "the fetch was cut off");
}
