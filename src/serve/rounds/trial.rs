//! Waits for a trial that another request makes. It asks no provider and takes no trial.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use smallvec::SmallVec;
use tokio::time::{Instant, timeout_at};

use crate::live::Provider;

/// Waits until a trial at one of these ends, whatever its result; `false` if the time is over, or
/// there is no trial.
pub(super) async fn one_decided(on_trial: &[&Provider], end: Instant) -> bool {
    while !on_trial.is_empty() {
        // It listens before it looks, so that no decision in between is missed.
        let mut decided: SmallVec<[_; 2]> =
            on_trial.iter().map(|provider| Box::pin(provider.decided())).collect();
        let now = Instant::now();
        let until: Option<SmallVec<[Instant; 2]>> =
            on_trial.iter().map(|provider| provider.trial_until(now)).collect();
        let Some(lost_at) = until.and_then(|until| until.into_iter().min()) else { return true };
        if now >= end {
            return false;
        }
        let one = std::future::poll_fn(|cx| any(&mut decided, cx));
        let _ = timeout_at(end.min(lost_at), one).await;
    }
    false
}

fn any<F: Future<Output = ()>>(futures: &mut [Pin<Box<F>>], cx: &mut Context<'_>) -> Poll<()> {
    // Each is polled, so that each wakes the task.
    let polled = futures.iter_mut().map(|future| future.as_mut().poll(cx).is_ready());
    if polled.fold(false, |any, ready| any | ready) { Poll::Ready(()) } else { Poll::Pending }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::failure::What;
    use crate::live::{Cooldown, Entry, HealthSettings, ProviderSettings, State, Why};

    const SECOND: Duration = Duration::from_secs(1);

    /// A provider whose rest of a second is over.
    async fn rested() -> Arc<Provider> {
        let cooldown = Cooldown {
            failures: 1,
            duration: SECOND,
            slow_start: Duration::ZERO,
            ..Default::default()
        };
        let health = HealthSettings { cooldown: Some(cooldown), probing: None };
        let settings = ProviderSettings { health, ..Default::default() };
        let provider = Arc::new(Provider::new(1, settings));
        let now = Instant::now();
        assert!(provider.enter(now).unwrap().failed(now, What::Connect, None).is_some());
        tokio::time::advance(SECOND).await;
        provider
    }

    fn trial(provider: &Arc<Provider>) -> Entry {
        let entry = provider.enter(Instant::now()).unwrap();
        assert!(entry.is_trial());
        entry
    }

    /// How long the wait took, and what it said.
    async fn waits(on_trial: &[&Provider], most: Duration) -> (bool, Duration) {
        let began = Instant::now();
        let decided = one_decided(on_trial, began + most).await;
        (decided, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_hears_at_once_however_it_ends() {
        type End = fn(Entry);
        let ends: [End; 4] = [
            |mut entry| entry.accepted(SECOND, Instant::now()),
            |entry| assert!(entry.failed(Instant::now(), What::Timeout, None).is_some()),
            |entry| assert!(entry.set_aside(Instant::now(), Why::RateLimited, None).is_some()),
            drop,
        ];
        for end in ends {
            let provider = rested().await;
            let (entry, waited_for) = (trial(&provider), [&*provider]);
            let after = Duration::from_millis(123);
            let (waited, ()) = tokio::join!(waits(&waited_for, SECOND * 60), async {
                tokio::time::sleep(after).await;
                end(entry);
            });
            assert_eq!(waited, (true, after));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_given_up_for_lost_and_one_of_two_is_enough() {
        let (one, other) = (rested().await, rested().await);
        let (_hangs, well, both) = (trial(&one), trial(&other), [&*one, &*other]);
        let after = Duration::from_millis(300);
        let (waited, ()) = tokio::join!(waits(&both, SECOND * 60), async {
            tokio::time::sleep(after).await;
            well.succeeded(Instant::now());
        });
        assert_eq!(waited, (true, after));
        let (decided, waited) = waits(&[&one], SECOND * 60).await;
        assert!(decided && waited <= SECOND, "{waited:?}");
        assert_eq!(one.state(Instant::now()), State::HalfOpen { busy: false });
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_beyond_the_end() {
        let provider = rested().await;
        let _hangs = trial(&provider);
        let most = Duration::from_millis(200);
        assert_eq!(waits(&[&provider], most).await, (false, most));
        assert_eq!(waits(&[], most).await, (false, Duration::ZERO));
    }
}
