//! Rate limit headers that tell a key's holder what is left of its limits, so that clients can pace
//! themselves.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    live::{Limits, limit::window::Unit},
    moment,
    table::{Caller, Table, access},
};

/// Makes room for these headers at once, where there are more than a few: each time that a map grows costs more than
/// a header.
pub(crate) fn make_room(map: &mut HeaderMap, table: &Table, caller: Caller) {
    let Caller::Known(id) = caller else { return };
    if table.keyring.key(id).limits.quota().is_some() {
        map.reserve(ALL);
    }
}

/// Writes what is left of the limits of the caller's key, or of its team's if the key has none.
pub(crate) fn tell(map: &mut HeaderMap, table: &Table, caller: Caller) {
    let Caller::Known(id) = caller else { return };
    let own = &table.keyring.key(id).limits;
    let team = access::terms(table, caller).and_then(|terms| terms.team.as_ref());
    let team = team.map(|team| &team.limits);
    let told = own.rate_told().or_else(|| team.and_then(Limits::rate_told));
    if let Some((limit, left, reset)) = told {
        say(map, &REQUESTS, limit.into(), left.into(), Some(reset));
    }
    let all = [own.quota(), team.and_then(Limits::quota)];
    if all.iter().all(Option::is_none) {
        return;
    }
    let now = moment::now();
    let left = all.into_iter().flatten().filter_map(|quota| quota.left(&TOKENS_OF, now));
    if let Some(left) = left.min_by_key(|left| left.left) {
        say(map, &TOKENS, left.limit, left.left, left.reset);
    }
}

/// Both numbers are parts of one text, so that they cost one allocation.
fn say(
    map: &mut HeaderMap,
    names: &'static [HeaderName; 3],
    limit: u64,
    left: u64,
    reset: Option<Duration>,
) {
    let [limit_name, left_name, reset_name] = names;
    let mut text = [0; 2 * LONGEST];
    let mut digits = itoa::Buffer::new();
    let mut length = 0;
    let ends = [limit, left].map(|number| {
        let number = digits.format(number).as_bytes();
        text[length..length + number.len()].copy_from_slice(number);
        length += number.len();
        length
    });
    let text = Bytes::copy_from_slice(&text[..length]);
    let mut say = |name, value: Result<HeaderValue, _>| {
        if let Ok(value) = value {
            map.insert(name, value);
        }
    };
    say(limit_name, HeaderValue::from_maybe_shared(text.slice(..ends[0])));
    say(left_name, HeaderValue::from_maybe_shared(text.slice(ends[0]..)));
    match reset {
        // Most often, what was used a moment ago has flowed off.
        Some(Duration::ZERO) => say(reset_name, Ok(HeaderValue::from_static("0ms"))),
        Some(reset) => {
            say(reset_name, HeaderValue::from_maybe_shared(Bytes::from(in_units(reset))))
        }
        None => {}
    }
}

/// A duration as vendors write it: `17ms`, `1.5s`, `6m0s`, `1h0m30s`.
fn in_units(time: Duration) -> String {
    let millis = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    let (secs, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes) = (secs / 3_600, secs / 60 % 60);
    match (hours, minutes, secs, millis) {
        (0, 0, 0, millis) => format!("{millis}ms"),
        (0, 0, secs, 0) => format!("{secs}s"),
        (0, 0, secs, millis) => {
            let fraction = format!("{millis:03}");
            format!("{secs}.{}s", fraction.trim_end_matches('0'))
        }
        (0, minutes, secs, _) => format!("{minutes}m{}s", secs % 60),
        (hours, minutes, secs, _) => format!("{hours}h{minutes}m{}s", secs % 60),
    }
}

/// As many headers as an answer usually gets beside its provider's own.
const ALL: usize = 10;
/// The digits of the greatest number.
const LONGEST: usize = 20;
const TOKENS_OF: [Unit; 3] = [Unit::Tokens, Unit::Input, Unit::Output];
static REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
static TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_vendors_write_them() {
        for (millis, wanted) in [
            (0, "0ms"),
            (17, "17ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (360_000, "6m0s"),
            (3_630_000, "1h0m30s"),
        ] {
            assert_eq!(in_units(Duration::from_millis(millis)), wanted);
        }
    }
}
