//! Logs the failures of providers: one line at once for each provider and cause, then at most one
//! in ten seconds with their number.
//!
//! It runs only after a failed attempt or the first success after one. It never logs what a
//! provider said, only the kind of failure.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    failure::{Class, What},
    secret::names::label,
    table::Provider,
    upstream::{
        barrier::{Barrier, Kind},
        failed::Failed,
    },
};

/// Failures of the whole process. A provider fails on all cores alike and is logged once.
static OUTAGES: Mutex<Outages> = Mutex::new(Outages { causes: BTreeMap::new() });

/// Counts a failed attempt, and logs the first of its kind.
pub(in crate::serve) fn failed(
    alias: &str,
    provider: &Provider,
    failed: &Failed,
    request_id: &str,
) {
    let cause = cause(failed);
    let key = (label(alias).into_owned(), label(&provider.name).into_owned(), cause);
    let line = lock(|outages| outages.failed(key, request_id, Instant::now()));
    line.into_iter().for_each(|line| line.write());
}

/// Counts a failed call of a webhook, and logs the first of its kind.
pub(in crate::serve) fn unasked(alias: &str, who: &str, cause: String, request_id: &str) {
    let key = (label(alias).into_owned(), who.to_owned(), cause);
    let line = lock(|outages| outages.failed(key, request_id, Instant::now()));
    line.into_iter().for_each(|line| line.write());
}

/// Logs that a provider has recovered.
pub(in crate::serve) fn recovered(alias: &str, provider: &Provider) {
    let (alias, provider) = (label(alias), label(&provider.name));
    let lines = lock(|outages| outages.recovered(&alias, &provider));
    if lines.is_empty() {
        return;
    }
    lines.iter().for_each(Line::write);
    tracing::info!(%alias, %provider, "recovered: the provider answers again");
}

/// Writes the lines that are due; called periodically.
pub(crate) fn tell() {
    lock(|outages| outages.due(Instant::now())).iter().for_each(Line::write);
}

/// Alias, provider, cause.
type Key = (String, String, String);

struct Outages {
    causes: BTreeMap<Key, Count>,
}

/// Failures of one cause.
struct Count {
    /// Failures since the last line.
    untold: u64,
    told_at: Instant,
    last_request: String,
}

/// A line for the log.
struct Line {
    key: Key,
    times: u64,
    request: String,
}

impl Outages {
    fn failed(&mut self, key: Key, request: &str, now: Instant) -> Option<Line> {
        if let Some(count) = self.causes.get_mut(&key) {
            count.untold += 1;
            request.clone_into(&mut count.last_request);
            return (now.saturating_duration_since(count.told_at) >= BETWEEN)
                .then(|| count.line(&key, now));
        }
        // Clients can cause any number of failures; the number of lines is bounded.
        if self.causes.len() < MOST {
            let count = Count { untold: 0, told_at: now, last_request: String::new() };
            self.causes.insert(key.clone(), count);
        }
        Some(Line { key, times: 1, request: request.to_owned() })
    }

    /// The pending lines of a recovered provider; empty if none was logged.
    fn recovered(&mut self, alias: &str, provider: &str) -> Vec<Line> {
        let now = Instant::now();
        let is_its = |key: &Key| key.0 == alias && key.1 == provider;
        let lines = self.causes.iter_mut().filter(|(key, _)| is_its(key));
        let lines = lines.map(|(key, count)| count.line(key, now)).collect();
        self.causes.retain(|key, _| !is_its(key));
        lines
    }

    fn due(&mut self, now: Instant) -> Vec<Line> {
        let is_due = |count: &Count| now.saturating_duration_since(count.told_at) >= BETWEEN;
        let due = self.causes.iter_mut().filter(|(_, count)| is_due(count) && count.untold > 0);
        let lines = due.map(|(key, count)| count.line(key, now)).collect();
        self.causes.retain(|_, count| now.saturating_duration_since(count.told_at) < FORGOTTEN);
        lines
    }
}

impl Count {
    fn line(&mut self, key: &Key, now: Instant) -> Line {
        self.told_at = now;
        let request = std::mem::take(&mut self.last_request);
        Line { key: key.clone(), times: std::mem::take(&mut self.untold), request }
    }
}

impl Line {
    fn write(&self) {
        let (alias, provider, cause) = &self.key;
        let (times, request_id) = (self.times, &self.request);
        match times {
            0 => {}
            1 => tracing::warn!(%alias, %provider, times, %request_id, "{cause}"),
            _ => tracing::warn!(%alias, %provider, times, %request_id, "{cause}, {times} times"),
        }
    }
}

/// The kind of a failure in an operator's words.
fn cause(failed: &Failed) -> String {
    match (failed.failure.class, failed.failure.what) {
        (Class::Credential, What::Status(status)) => {
            format!("refused the credential with {status}")
        }
        (Class::Credential, _) => "has no credential".to_owned(),
        (Class::ModelMissing, _) => "does not know its model".to_owned(),
        (_, What::Status(status)) => ["answered ", itoa::Buffer::new().format(status)].concat(),
        (_, What::Connect) => connecting(failed.barrier),
        (_, What::Timeout) => "did not answer in time".to_owned(),
        (_, What::Reset) => "closed the connection before an answer".to_owned(),
        (_, What::Malformed(_)) => "sent an answer that is invalid in its protocol".to_owned(),
    }
}

/// Why there is no connection, in an operator's words.
fn connecting(barrier: Option<Barrier>) -> String {
    let Some(Barrier { kind, is_before_proxy }) = barrier else {
        return "cannot be reached".to_owned();
    };
    let which = if is_before_proxy { "its proxy cannot be reached" } else { "cannot be reached" };
    let why = match kind {
        Kind::Credential => return "has no credential to be asked with".to_owned(),
        Kind::Other => return which.to_owned(),
        Kind::ProxyStatus(status) => return format!("{which}: its proxy answered {status}"),
        Kind::ProxyCredentials => "its proxy refused the credentials",
        Kind::Proxy => "its proxy refused the connection",
        Kind::Certificate => "its certificate is not accepted",
        Kind::Tls => "TLS failed",
        Kind::Refused => "connection refused",
        Kind::Name => "its name is not found",
        Kind::Route => "no route",
    };
    format!("{which}: {why}")
}

fn lock<T>(of: impl FnOnce(&mut Outages) -> T) -> T {
    of(&mut OUTAGES.lock().unwrap_or_else(PoisonError::into_inner))
}

const BETWEEN: Duration = Duration::from_secs(10);
/// The time after which a cause is logged anew.
const FORGOTTEN: Duration = Duration::from_secs(60);
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(cause: &str) -> Key {
        ("m".into(), "one".into(), cause.into())
    }

    #[test]
    fn one_line_at_once_and_then_one_in_ten_seconds_with_the_count() {
        let mut outages = Outages { causes: BTreeMap::new() };
        let start = Instant::now();
        assert_eq!(outages.failed(key("a"), "r1", start).map(|line| line.times), Some(1));
        for _ in 0..65 {
            assert!(outages.failed(key("a"), "r2", start + Duration::from_secs(5)).is_none());
        }
        assert_eq!(outages.failed(key("b"), "r3", start).map(|line| line.times), Some(1));
        assert!(outages.due(start + Duration::from_secs(9)).is_empty());
        let line = outages.failed(key("a"), "r4", start + BETWEEN).unwrap();
        assert_eq!((line.times, line.request.as_str()), (66, "r4"));
        assert!(outages.due(start + BETWEEN).is_empty());
        outages.failed(key("a"), "r5", start + BETWEEN);
        let due = outages.due(start + 2 * BETWEEN);
        assert_eq!((due.len(), due[0].times), (1, 1));
        assert_eq!(outages.recovered("m", "one").len(), 2);
        assert!(outages.recovered("m", "one").is_empty());
    }

    #[test]
    fn connect_errors_are_told_by_their_kind() {
        for (kind, is_before_proxy, expected) in [
            (Kind::Refused, false, "cannot be reached: connection refused"),
            (Kind::Refused, true, "its proxy cannot be reached: connection refused"),
            (Kind::Name, false, "cannot be reached: its name is not found"),
            (Kind::Certificate, false, "cannot be reached: its certificate is not accepted"),
            (Kind::ProxyStatus(502), false, "cannot be reached: its proxy answered 502"),
            (Kind::Credential, false, "has no credential to be asked with"),
            (Kind::Other, true, "its proxy cannot be reached"),
        ] {
            assert_eq!(connecting(Some(Barrier { kind, is_before_proxy })), expected);
        }
        assert_eq!(connecting(None), "cannot be reached");
    }
}
