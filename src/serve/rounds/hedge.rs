//! A hedged request ("The Tail at Scale", Dean and Barroso 2013): races a second future against a
//! slow first one, without knowing what they do.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::sleep;

/// Which future ended first, with its result.
pub(super) enum Raced<T, S> {
    /// The first; the second is still running if it was started.
    First(T, Option<S>),
    /// The second; the first is still running.
    Second(T, S),
}

/// Waits for `first`. If it takes longer than `after`, `second` may create another future, and the
/// first result counts.
pub(super) async fn race<T, F, S>(
    first: &mut F,
    after: Duration,
    second: impl Future<Output = Option<S>>,
) -> Raced<T, S>
where
    F: Future<Output = T> + Unpin,
    S: Future<Output = T> + Unpin,
{
    tokio::select! {
        biased;
        ended = &mut *first => return Raced::First(ended, None),
        () = sleep(after) => {}
    }
    // Creating the second may take a while, during which the first may end.
    let made = {
        let second = pin!(second);
        tokio::select! {
            biased;
            made = second => made,
            ended = &mut *first => return Raced::First(ended, None),
        }
    };
    let Some(mut second) = made else { return Raced::First(first.await, None) };
    tokio::select! {
        ended = &mut *first => Raced::First(ended, Some(second)),
        ended = &mut second => Raced::Second(ended, second),
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, pin::Pin};

    use tokio::time::Instant;

    use super::*;

    type Named = Pin<Box<dyn Future<Output = &'static str>>>;

    fn takes(millis: u64, name: &'static str) -> Named {
        Box::pin(async move {
            sleep(Duration::from_millis(millis)).await;
            name
        })
    }

    /// Who ended first, whether the other is under way, and after how many milliseconds.
    async fn raced(
        first: u64,
        second: impl Future<Output = Option<Named>>,
    ) -> (&'static str, bool, u128) {
        let began = Instant::now();
        let mut one = takes(first, "first");
        let (name, left) = match race(&mut one, Duration::from_millis(100), second).await {
            Raced::First(name, left) => (name, left.is_some()),
            Raced::Second(name, _) => (name, true),
        };
        (name, left, began.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_within_its_time_has_no_second() {
        let second = async { panic!("it is not made") };
        assert_eq!(raced(99, second).await, ("first", false, 99));
    }

    #[tokio::test(start_paused = true)]
    async fn the_quicker_of_two_ends_the_race_and_leaves_the_other() {
        let second = async { Some(takes(50, "second")) };
        assert_eq!(raced(500, second).await, ("second", true, 150));
        let second = async { Some(takes(500, "second")) };
        assert_eq!(raced(120, second).await, ("first", true, 120));
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_that_ends_while_the_second_is_made_or_refused_ends_the_race() {
        assert_eq!(raced(300, pending()).await, ("first", false, 300));
        assert_eq!(raced(300, async { None }).await, ("first", false, 300));
    }
}
