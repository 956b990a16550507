//! Rate limit headers that tell a key's holder what is left of its limits, so that clients can pace
//! themselves.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    live::{Limits, limit::window::Unit},
    moment,
    table::{Caller, Table, access},
};

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
    let left = all.into_iter().flatten().filter_map(|quota| quota.left(&TOKENS_OF, moment::now()));
    if let Some(left) = left.min_by_key(|left| left.left) {
        say(map, &TOKENS, left.limit, left.left, left.reset);
    }
}

fn say(
    map: &mut HeaderMap,
    names: &[&'static str; 3],
    limit: u64,
    left: u64,
    reset: Option<Duration>,
) {
    map.reserve(names.len());
    let [limit_name, left_name, reset_name] = names.map(HeaderName::from_static);
    map.insert(limit_name, HeaderValue::from(limit));
    map.insert(left_name, HeaderValue::from(left));
    if let Some(reset) = reset.and_then(|reset| HeaderValue::try_from(in_units(reset)).ok()) {
        map.insert(reset_name, reset);
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

const TOKENS_OF: [Unit; 3] = [Unit::Tokens, Unit::Input, Unit::Output];
const REQUESTS: [&str; 3] =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const TOKENS: [&str; 3] =
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];

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
