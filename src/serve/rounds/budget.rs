//! The budget of all attempts of one request: time and number.
//!
//! It reads the clock only when it is created.

use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use crate::{
    failure::Class,
    rare::Name,
    refusal::Refusal,
    table::{Fallback, pool::Timeouts},
    upstream::{attempt::Deadlines, inbound::Inbound},
};

/// One request's budget.
#[derive(Debug)]
pub(super) struct Budget {
    /// Attempts so far.
    pub(crate) attempts: u32,
    most: Option<u32>,
    /// The time after which no attempt starts.
    deadline: Option<Instant>,
    /// The client's own deadline.
    client: Option<Instant>,
}

impl Budget {
    /// From the first pool's rules and the client's header.
    pub(super) fn new(rules: &Fallback, inbound: &Inbound) -> Result<Self, Refusal> {
        let client = client_timeout(inbound.rare.get(&inbound.headers, Name::TimeoutMs))?;
        let after = |time: Option<Duration>| time.map(|time| Instant::now() + time);
        Ok(Self {
            attempts: 0,
            most: rules.most_in_all,
            deadline: after(rules.deadline.filter(|_| rules.enabled)),
            client: after(client),
        })
    }

    /// Counts the time in a queue.
    pub(super) fn began_before(&mut self, waited: Duration) {
        for end in [&mut self.deadline, &mut self.client].into_iter().flatten() {
            *end = end.checked_sub(waited).unwrap_or(*end);
        }
    }

    /// A pool that takes over may shorten the time but not extend it.
    pub(super) fn shorten(&mut self, rules: &Fallback) {
        if let Some(deadline) = rules.deadline.filter(|_| rules.enabled) {
            let end = Instant::now() + deadline;
            self.deadline = Some(self.deadline.map_or(end, |old| old.min(end)));
        }
    }

    /// Whether no further attempt may start.
    pub(super) fn is_exhausted(&self, now: Instant) -> bool {
        self.most.is_some_and(|most| self.attempts >= most)
            || self.end().is_some_and(|end| now >= end)
    }

    /// The longest wait from now; `None` without a limit.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.end().map(|end| end.saturating_duration_since(now))
    }

    /// The timeouts of an attempt that starts now.
    pub(super) fn deadlines(&self, own: &Timeouts, stream: bool, now: Instant) -> Deadlines {
        let total = own.total.map(|total| now + total);
        let first_event = own.first_event.filter(|_| stream).map(|time| now + time);
        let provider = earlier(total, first_event).map(|end| (end, Class::Timeout));
        let request = self.end().map(|end| (end, Class::Deadline));
        let accepted_by = match (provider, request) {
            (Some(own), Some(whole)) => Some(if own.0 <= whole.0 { own } else { whole }),
            (own, whole) => own.or(whole),
        };
        Deadlines { accepted_by, ended_by: earlier(total, self.client), request_by: self.end() }
    }

    fn end(&self) -> Option<Instant> {
        earlier(self.deadline, self.client)
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn client_timeout(value: Option<&HeaderValue>) -> Result<Option<Duration>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let millis = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    match millis {
        Some(millis @ 1..=LONGEST_MS) => Ok(Some(Duration::from_millis(millis))),
        _ => Err(Refusal::Unsupported {
            field: TIMEOUT.into(),
            message: format!("`{TIMEOUT}` must be a whole number of milliseconds, at least 1."),
        }),
    }
}

const TIMEOUT: &str = Name::TimeoutMs.text();
/// A week, so that sums of times cannot overflow.
const LONGEST_MS: u64 = 604_800_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(deadline: Option<u64>, client: Option<u64>) -> (Budget, Instant) {
        let now = Instant::now();
        let after = |millis: Option<u64>| millis.map(|millis| now + Duration::from_millis(millis));
        (Budget { attempts: 0, most: None, deadline: after(deadline), client: after(client) }, now)
    }

    fn timeouts(first_event: Option<u64>, total: Option<u64>) -> Timeouts {
        Timeouts {
            response: None,
            first_event: first_event.map(Duration::from_millis),
            idle: Duration::from_secs(1),
            total: total.map(Duration::from_millis),
        }
    }

    #[test]
    fn the_earliest_end_wins_and_says_whose_it_is() {
        let cases = [
            // deadline, client, first event, total → accepted by, whose, ended by
            (None, None, None, None, None, None),
            (None, None, Some(5), Some(9), Some((5, Class::Timeout)), Some(9)),
            (None, None, None, Some(9), Some((9, Class::Timeout)), Some(9)),
            (Some(3), None, Some(5), None, Some((3, Class::Deadline)), None),
            (Some(7), None, Some(5), None, Some((5, Class::Timeout)), None),
            (Some(7), Some(4), None, Some(9), Some((4, Class::Deadline)), Some(4)),
            (None, Some(20), None, Some(9), Some((9, Class::Timeout)), Some(9)),
        ];
        for (deadline, client, first_event, total, accepted, ended) in cases {
            let (budget, now) = budget(deadline, client);
            let deadlines = budget.deadlines(&timeouts(first_event, total), true, now);
            let millis = |end: Instant| end.duration_since(now).as_millis() as u64;
            let by = deadlines.accepted_by.map(|(end, class)| (millis(end), class));
            assert_eq!((by, deadlines.ended_by.map(millis)), (accepted, ended));
        }
    }

    #[test]
    fn the_first_event_is_waited_for_in_streams_alone() {
        let (budget, now) = budget(None, None);
        let deadlines = budget.deadlines(&timeouts(Some(5), None), false, now);
        assert_eq!(deadlines, Deadlines::default());
    }

    #[test]
    fn a_timeout_that_is_none_is_refused() {
        let read = |value: &str| {
            let value = value.parse().unwrap();
            client_timeout(Some(&value))
        };
        assert_eq!(read("250"), Ok(Some(Duration::from_millis(250))));
        for wrong in ["0", "-1", "soon", "1.5", "", "99999999999999999999"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
