//! The last finished requests, for the status page.
//!
//! Its memory is bounded: each request reuses the memory of the oldest. It keeps no table or pool
//! alive, and no text of a client except the request's ID.

pub(crate) mod row;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use smallvec::SmallVec;

use super::access_log::line;
use crate::{
    protocol::conversation::{Finish, Usage},
    record::{End, Finished, Guarded, Outcome, Report, RequestId},
};

/// The last requests.
pub(crate) struct Feed {
    /// What tells this process from one before it.
    pub(crate) start: u32,
    ring: Mutex<Ring>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { start: rand::random(), ring: Mutex::default() }
    }
}

#[derive(Default)]
struct Ring {
    told: Vec<Told>,
    /// Requests so far.
    count: u64,
}

/// One request.
#[derive(Clone)]
pub(crate) struct Told {
    /// So many ended before it.
    pub(crate) nth: u64,
    /// When it ended.
    pub(crate) ended: SystemTime,
    id: RequestId,
    stream: bool,
    status: u16,
    end: End,
    total: Duration,
    first_byte: Option<Duration>,
    usage: Option<Usage>,
    finish: Option<Finish>,
    /// In picodollars.
    cost: Option<u64>,
    /// Whether the last provider's answer is what the client got.
    served: bool,
    tries: SmallVec<[Try; 2]>,
    names: Names,
}

/// One provider that was asked or passed over.
#[derive(Clone, Copy)]
struct Try {
    outcome: Outcome,
    /// From the request's head to the attempt's beginning, and what the attempt took.
    asked: Option<(Duration, Duration)>,
}

/// Several names in one text.
#[derive(Clone, Default)]
struct Names {
    text: String,
    ends: SmallVec<[u32; 9]>,
}

/// A provider that was asked or passed over, as shown.
pub(crate) struct Tried<'a> {
    /// Its alias.
    pub(crate) alias: &'a str,
    /// Its name.
    pub(crate) provider: &'a str,
    /// Its result.
    pub(crate) outcome: Outcome,
    asked: Option<(Duration, Duration)>,
}

impl Tried<'_> {
    /// The time to its first byte, or to its failure.
    pub(crate) fn took(&self) -> Option<Duration> {
        self.asked.map(|(_, took)| took)
    }
}

impl Feed {
    /// The last requests, the newest first.
    pub(crate) fn last(&self) -> Vec<Told> {
        let ring = self.ring();
        let oldest = usize::try_from(ring.count).unwrap_or_default() % LAST;
        let (newer, older) = ring.told.split_at(oldest.min(ring.told.len()));
        newer.iter().rev().chain(older.iter().rev()).cloned().collect()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report for Feed {
    fn finished(&self, request: &Finished<'_>) {
        if is_own_answer(request) {
            return;
        }
        let mut ring = self.ring();
        let nth = ring.count;
        ring.count += 1;
        let at = usize::try_from(nth).unwrap_or_default() % LAST;
        match ring.told.get_mut(at) {
            Some(told) => told.become_of(nth, request),
            None => {
                let mut told = Told::new();
                told.become_of(nth, request);
                ring.told.push(told);
            }
        }
    }
}

/// Whether the router answered well by itself: a look at its health or at the list of models.
fn is_own_answer(request: &Finished<'_>) -> bool {
    request.status == OK && request.steps.is_empty()
}

impl Told {
    fn new() -> Self {
        Self {
            nth: 0,
            ended: SystemTime::UNIX_EPOCH,
            id: RequestId::Drawn(0),
            stream: false,
            status: 0,
            end: End::Complete,
            total: Duration::ZERO,
            first_byte: None,
            usage: None,
            finish: None,
            cost: None,
            served: false,
            tries: SmallVec::new(),
            names: Names { text: String::with_capacity(64), ends: SmallVec::new() },
        }
    }

    /// Writes a request over the one before. Names are copied: what they stand in may end.
    fn become_of(&mut self, nth: u64, request: &Finished<'_>) {
        (self.nth, self.ended) = (nth, request.ended);
        self.id = own(request.id);
        (self.stream, self.status, self.end) = (request.stream, request.status, request.end);
        self.total = request.times.total;
        self.first_byte = request.times.head.map(|head| head.first_byte);
        (self.usage, self.cost) = (request.usage, request.cost);
        self.finish = request.finish;
        self.served = request.served.is_some();
        let names = &mut self.names;
        names.clear();
        names.push(&line::alias(request).unwrap_or_default());
        names.push(&line::key(request).unwrap_or_default());
        names.push_all(request.guarded);
        self.tries.clear();
        for (pool, provider, step) in request.attempts() {
            names.push(pool.shown());
            names.push(provider.shown());
            let after = |started: tokio::time::Instant| {
                started.into_std().saturating_duration_since(request.started)
            };
            let asked = step.asked.map(|asked| (after(asked.started), asked.took));
            self.tries.push(Try { outcome: step.outcome, asked });
        }
    }

    /// The one whose answer the client got, be it an error.
    pub(crate) fn served(&self) -> Option<Tried<'_>> {
        self.tried().last().filter(|_| self.served)
    }

    /// Each provider that was asked or passed over, in order.
    pub(crate) fn tried(&self) -> impl Iterator<Item = Tried<'_>> {
        self.tries.iter().enumerate().map(|(nth, &Try { outcome, asked })| {
            let at = Names::OF_REQUEST + 2 * nth;
            let (alias, provider) = (self.names.get(at), self.names.get(at + 1));
            Tried { alias, provider, outcome, asked }
        })
    }
}

impl Names {
    /// Alias asked for, key and guardrails; then alias and provider of each attempt.
    const OF_REQUEST: usize = 3;

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// The matches of guardrails, each as `NAME=action`, as one name.
    fn push_all(&mut self, guarded: &[Guarded]) {
        for (nth, it) in guarded.iter().enumerate() {
            let parts = [if nth > 0 { " " } else { "" }, &*it.rule.name, "=", it.did];
            parts.into_iter().for_each(|part| self.text.push_str(part));
        }
        self.push("");
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    fn get(&self, at: usize) -> &str {
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        let start = at.checked_sub(1).and_then(end).unwrap_or_default();
        end(at).and_then(|end| self.text.get(start..end)).unwrap_or_default()
    }
}

/// The id without the bytes of the request's head that it is a part of.
fn own(id: &RequestId) -> RequestId {
    match id {
        RequestId::Drawn(bits) => RequestId::Drawn(*bits),
        RequestId::Sent(value) => match HeaderValue::from_bytes(value.as_bytes()) {
            Ok(own) => RequestId::Sent(own),
            Err(_) => RequestId::Drawn(0),
        },
    }
}

/// So many requests are kept.
pub(crate) const LAST: usize = 200;
const OK: u16 = 200;

#[cfg(test)]
mod tests {
    use super::{Feed, LAST, Names, Told};

    #[test]
    fn names_are_found_where_they_were_put() {
        let mut names = Names::default();
        for _ in 0..2 {
            names.clear();
            ["m", "", "é", "last"].iter().for_each(|name| names.push(name));
            let read: Vec<_> = (0..5).map(|at| names.get(at)).collect();
            assert_eq!(read, ["m", "", "é", "last", ""]);
        }
    }

    #[test]
    fn the_newest_comes_first_and_the_oldest_goes() {
        let feed = Feed::default();
        for count in [3, LAST as u64, LAST as u64 + 3, 2 * LAST as u64] {
            let mut ring = feed.ring();
            while ring.count < count {
                let at = ring.count as usize % LAST;
                let told = Told { nth: ring.count, ..Told::new() };
                if at < ring.told.len() {
                    ring.told[at] = told
                } else {
                    ring.told.push(told)
                }
                ring.count += 1;
            }
            drop(ring);
            let last: Vec<_> = feed.last().iter().map(|told| told.nth).collect();
            let wanted: Vec<_> = (0..count).rev().take(LAST).collect();
            assert_eq!(last, wanted);
        }
    }
}
