//! The queue under tokio's paused clock.

use std::{sync::atomic::AtomicU32, time::Duration};

use tokio::task::JoinSet;

use super::{state::SHORTEST, *};
use crate::live::{
    LimitSettings, Permit, QueueSettings, Rate,
    limit::{
        period::SECOND,
        window::{Amount, Span, Unit, Window},
    },
};

const LONG: Duration = Duration::from_secs(100_000);

fn settings(rate: Option<f64>, max: Option<u32>, queue: (u32, Duration)) -> LimitSettings {
    let rate = rate.map(|per_second| Rate { per_second, burst: 1 });
    let (max_waiting, max_wait) = queue;
    let queue = Some(QueueSettings { max_waiting, max_wait });
    LimitSettings { queue, ..LimitSettings::of_requests(rate, max) }
}

fn queue(rate: Option<f64>, max: Option<u32>, queue: (u32, Duration)) -> Arc<Queue> {
    Queue::of(None, &Limits::new(settings(rate, max, queue))).unwrap()
}

fn lane(key: u64, weight: u8) -> Lane {
    Lane { key, weight }
}

async fn wait(queue: &Queue, lane: Lane, until: Option<Instant>) -> Result<Permit, Turned> {
    let served = AtomicBool::new(false);
    queue.wait(Waiter { lane, until, served: &served }, Limits::admit).await
}

/// Lets every task that can go on do so.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

fn ended(queue: &Queue) -> [u64; 4] {
    queue.told().ended
}

#[tokio::test(start_paused = true)]
async fn a_thousand_of_one_key_delay_the_one_of_another_by_one_slot_at_most() {
    for weight in [1, 5, 9] {
        let queue = queue(Some(10.0), None, (2_000, LONG));
        let (mut all, passed) = (JoinSet::new(), Arc::new(AtomicU32::new(0)));
        for _ in 0..1_000 {
            let (queue, passed) = (Arc::clone(&queue), Arc::clone(&passed));
            all.spawn(async move {
                drop(wait(&queue, lane(1, weight), None).await.unwrap());
                passed.fetch_add(1, Relaxed);
            });
        }
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        assert!(passed.load(Relaxed) >= 10, "those of the key pass meanwhile");
        let before = passed.load(Relaxed);
        drop(wait(&queue, lane(2, 1), None).await.unwrap());
        let between = passed.load(Relaxed) - before;
        assert!(between <= 1, "{between} came before it");
        assert_eq!(queue.told().waiting, 1_000 - passed.load(Relaxed));
        drop(all);
        settle().await;
        assert_eq!((queue.told().waiting, queue.is_idle()), (0, true));
        let [passed_late, full, late, left] = ended(&queue);
        assert_eq!((full, late), (0, 0));
        assert_eq!(passed_late + left, 1_000, "the first did not wait, and the other key's did");
    }
}

#[tokio::test(start_paused = true)]
async fn place_that_is_given_back_goes_to_the_next_one_at_once() {
    let queue = queue(None, Some(2), (9, LONG));
    let held = [wait(&queue, lane(1, 1), None).await, wait(&queue, lane(1, 1), None).await];
    let [first, second] = held.map(Result::unwrap);
    let began = Instant::now();
    let mut all = JoinSet::new();
    for key in 0..4 {
        let queue = Arc::clone(&queue);
        all.spawn(async move { (key, wait(&queue, lane(key, 1), None).await.unwrap()) });
    }
    settle().await;
    assert_eq!(queue.told().waiting, 4);
    drop(first);
    drop(second);
    let (one, other) = (all.join_next().await.unwrap(), all.join_next().await.unwrap());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.0, other.0, began.elapsed()), (0, 1, Duration::ZERO));
    settle().await;
    assert_eq!(queue.told().waiting, 2);
    drop((one, other));
    settle().await;
    assert_eq!((queue.told().waiting, ended(&queue)), (0, [4, 0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn full_queue_says_when_those_that_wait_have_passed() {
    let queue = queue(Some(0.5), None, (3, LONG));
    drop(wait(&queue, lane(1, 1), None).await.unwrap());
    let mut all = JoinSet::new();
    for _ in 0..3 {
        let queue = Arc::clone(&queue);
        all.spawn(async move { wait(&queue, lane(1, 1), None).await });
    }
    settle().await;
    // Three pass at 2, 4 and 6 s; at 8 s one passes without waiting.
    let full = wait(&queue, lane(2, 1), None).await.unwrap_err();
    assert_eq!(full, Turned::Full(Duration::from_secs(8)));
    tokio::time::sleep(Duration::from_secs(8)).await;
    let began = Instant::now();
    drop(wait(&queue, lane(2, 1), None).await.unwrap());
    assert_eq!((began.elapsed(), ended(&queue)), (Duration::ZERO, [3, 1, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn pace_of_the_past_is_not_told_after_idleness() {
    let queue = queue(None, Some(1), (2, Duration::from_secs(60)));
    for pause in [1, 1_000] {
        let mut held = wait(&queue, lane(1, 1), None).await.unwrap();
        for _ in 0..3 {
            let next = tokio::spawn({
                let queue = Arc::clone(&queue);
                async move { wait(&queue, lane(1, 1), None).await.unwrap() }
            });
            tokio::time::sleep(Duration::from_secs(10)).await;
            drop(held);
            held = next.await.unwrap();
        }
        let waits: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                tokio::spawn(async move { wait(&queue, lane(1, 1), None).await.map(drop) })
            })
            .collect();
        settle().await;
        // Since these came none has passed: nothing is known of the pace.
        let full = wait(&queue, lane(2, 1), None).await.unwrap_err();
        assert_eq!(full, Turned::Full(SHORTEST));
        tokio::time::sleep(Duration::from_secs(7)).await;
        let full = wait(&queue, lane(2, 1), None).await.unwrap_err();
        assert_eq!(full, Turned::Full(Duration::from_secs(14)));
        drop(held);
        for wait in waits {
            wait.await.unwrap().unwrap();
        }
        tokio::time::sleep(Duration::from_secs(pause)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_met_is_not_waited_for_and_the_limit_is_named() {
    let queue = queue(Some(0.5), Some(1), (9, Duration::from_secs(3)));
    let began = Instant::now();
    let permit = wait(&queue, lane(1, 1), None).await.unwrap();
    // The next cell is there in 2 s; a deadline of 1 s cannot be met, wherever the place is free.
    drop(permit);
    let soon = Some(began + Duration::from_secs(1));
    let late = wait(&queue, lane(1, 1), soon).await.unwrap_err();
    assert_eq!(late, Turned::Late(Limited::Rate(Duration::from_secs(2))));
    assert!(began.elapsed().is_zero());
    let first = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { wait(&queue, lane(1, 1), None).await }
    });
    settle().await;
    // The second of the key has its cell after 4 s, which is beyond 3.
    let late = wait(&queue, lane(1, 1), None).await.unwrap_err();
    assert_eq!(late, Turned::Late(Limited::Rate(Duration::from_secs(4))));
    assert!(began.elapsed().is_zero());
    // One of another key may be first.
    let behind = wait(&queue, lane(2, 1), None).await;
    let held = first.await.unwrap().unwrap();
    assert!(
        matches!(behind, Err(Turned::Late(Limited::Concurrency | Limited::Rate(_)))),
        "{behind:?}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    drop(held);
    assert!(queue.is_idle());
}

#[tokio::test(start_paused = true)]
async fn one_behind_another_is_told_the_limit_that_is_in_the_way() {
    let queue = queue(Some(0.1), None, (9, Duration::from_secs(15)));
    drop(wait(&queue, lane(1, 1), None).await.unwrap());
    let first = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { wait(&queue, lane(1, 1), None).await.map(drop) }
    });
    settle().await;
    let began = Instant::now();
    let until = Some(began + Duration::from_secs(12));
    let late = wait(&queue, lane(2, 1), until).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(10), "as soon as it cannot be met");
    assert_eq!(late, Turned::Late(Limited::Rate(Duration::from_secs(10))));
    first.await.unwrap().unwrap();
    let budget =
        Window { unit: Unit::Tokens, span: Span::Sliding(3_600 * SECOND), limit: 10, soft: None };
    let own = settings(None, None, (9, Duration::from_secs(5)));
    let limits = Limits::new(LimitSettings { windows: Some(Arc::from([budget])), ..own });
    let all = Amount { input: 10, ..Amount::default() };
    let now = crate::moment::now();
    let _ = limits.quota().unwrap().hold(all, now).unwrap().settle(all, now);
    let queue = Queue::of(None, &limits).unwrap();
    let served = AtomicBool::new(false);
    let waiter = Waiter { lane: lane(1, 1), until: None, served: &served };
    let began = Instant::now();
    let late = queue.wait(waiter, |it| it.limited().map_or(Ok(()), Err)).await.unwrap_err();
    assert!(matches!(late, Turned::Late(Limited::Tokens(wait)) if wait.as_secs() > 60), "{late:?}");
    assert!(began.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn those_that_leave_are_counted_and_cost_no_turn() {
    let queue = queue(None, Some(1), (9, LONG));
    let held = wait(&queue, lane(1, 1), None).await.unwrap();
    let mut waits: Vec<_> = [1, 1, 2, 1]
        .map(|key| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { wait(&queue, lane(key, 1), None).await.unwrap() })
        })
        .into();
    settle().await;
    // The one whose turn it is leaves, and one in the middle.
    for at in [3, 0] {
        waits.remove(at).abort();
    }
    settle().await;
    assert_eq!((queue.told().waiting, ended(&queue)), (2, [0, 0, 0, 2]));
    drop(held);
    settle().await;
    // Of key 1, which came first and was not charged for what left.
    assert!(waits[0].is_finished() && !waits[1].is_finished());
    drop(waits.remove(0).await.unwrap());
    drop(waits.remove(0).await.unwrap());
    assert_eq!((queue.told().waiting, ended(&queue)), (0, [2, 0, 0, 2]));
    assert!(queue.is_idle());
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_go_on_under_the_newest_limits() {
    let limits = Limits::new(settings(None, Some(1), (9, LONG)));
    let queue = Queue::of(None, &limits).unwrap();
    let _held = wait(&queue, lane(1, 1), None).await.unwrap();
    let waits = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { wait(&queue, lane(1, 1), None).await }
    });
    settle().await;
    let began = Instant::now();
    let larger = limits.successor(settings(None, Some(2), (9, LONG)));
    assert!(Arc::ptr_eq(&queue, &Queue::of(Some(&queue), &larger).unwrap()));
    queue.renew(larger.clone());
    let _second = waits.await.unwrap().unwrap();
    assert!(began.elapsed().is_zero());
    // Without a queue none waits any more, and nothing is lost.
    let own = LimitSettings { queue: None, ..settings(None, Some(2), (9, LONG)) };
    queue.renew(larger.successor(own));
    let late = wait(&queue, lane(1, 1), None).await.unwrap_err();
    assert_eq!(late, Turned::Late(Limited::Concurrency));
}

#[tokio::test(start_paused = true)]
async fn never_more_than_may_wait_or_be_in_flight_whoever_comes_and_goes() {
    let queue = queue(None, Some(3), (20, Duration::from_secs(4)));
    let (mut all, most) = (JoinSet::new(), Arc::new(AtomicU32::new(0)));
    for nth in 0..400_u64 {
        let (queue, most) = (Arc::clone(&queue), Arc::clone(&most));
        all.spawn(async move {
            tokio::time::sleep(Duration::from_millis(nth * 37 % 9_000)).await;
            let patience = Duration::from_millis(100 + nth * 113 % 5_000);
            let key = lane(nth % 7, 1 + (nth % 7) as u8);
            let passed = tokio::time::timeout(patience, wait(&queue, key, None)).await;
            assert!(queue.told().waiting <= 20);
            let Ok(Ok(permit)) = passed else { return };
            most.fetch_max(queue.cap.in_flight(), Relaxed);
            tokio::time::sleep(Duration::from_millis(50 + nth * 71 % 300)).await;
            drop(permit);
        });
    }
    while let Some(ended) = all.join_next().await {
        ended.unwrap();
    }
    assert_eq!(most.load(Relaxed), 3);
    let told = queue.told();
    assert_eq!((told.waiting, queue.cap.in_flight()), (0, 0));
    assert!(queue.is_idle() && told.ended[0] > 0 && told.waited > Duration::ZERO, "{told:?}");
    drop(wait(&queue, lane(1, 1), None).await.unwrap());
}
