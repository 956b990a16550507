//! The metrics of queues: waiting requests, waits, and their results.

use super::lines::Lines;
use crate::{
    live::{Queue, queue::Told},
    table::Pool,
};

/// Writes a series of one queue, by alias and provider.
type OfQueue = fn(&mut Lines<'_>, [(&str, &str); 2], Told);

/// Every queue of a pool.
fn queues(lines: &mut Lines<'_>, pool: &Pool, of_queue: OfQueue) {
    let mut line = |provider: &str, queue: &Queue| {
        of_queue(lines, [("alias", &pool.alias), ("provider", provider)], queue.told());
    };
    let own = pool.queue.as_ref().filter(|_| !pool.shares_limits);
    own.into_iter().for_each(|queue| line("", queue));
    for provider in &pool.providers {
        provider.live.queue().into_iter().for_each(|queue| line(&provider.name, queue));
    }
}

pub(super) fn waiting(lines: &mut Lines<'_>, pool: &Pool, _shown: bool) {
    queues(lines, pool, |lines, labels, told| lines.line(&labels, told.waiting.into()));
}

pub(super) fn waited(lines: &mut Lines<'_>, pool: &Pool, _shown: bool) {
    queues(lines, pool, |lines, labels, told| lines.line(&labels, told.waited.as_secs_f64()));
}

/// How long served requests have waited.
pub(super) fn waits(lines: &mut Lines<'_>, pool: &Pool, _shown: bool) {
    queues(lines, pool, |lines, [alias, provider], told| {
        let mut all = 0;
        for (at, count) in told.waits.into_iter().enumerate() {
            all += count;
            let most = Queue::WAITS.get(at).map_or("+Inf".to_owned(), f64::to_string);
            lines.part("_bucket", &[alias, provider, ("le", &most)], all as f64);
        }
        lines.part("_sum", &[alias, provider], told.waited.as_secs_f64());
        lines.part("_count", &[alias, provider], all as f64);
    });
}

pub(super) fn waits_ended(lines: &mut Lines<'_>, pool: &Pool, _shown: bool) {
    queues(lines, pool, |lines, [alias, provider], told| {
        for (end, count) in Queue::ENDS.iter().zip(told.ended) {
            lines.line(&[alias, provider, ("end", end)], count as f64);
        }
    });
}
