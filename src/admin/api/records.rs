//! `GET /admin/records`: the last finished requests, as on the status page.
//!
//! It contains no text of a client except the request's ID.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{answered::Answered, asked::Asked, context::Context, denied::Denied};
use crate::report::feed::{
    LAST, Told,
    row::{Row, Statuses},
};

/// Where the list starts.
#[derive(Debug, Clone, Copy)]
enum Since {
    /// At this number, of the process with this start; of any process if absent.
    Number(Option<u32>, u64),
    /// At this time.
    Moment(SystemTime),
}

/// `GET /admin/records`, the oldest first.
pub(super) fn read(context: &Context, asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&["since", "key", "alias", "status", "limit"])?;
    let since = asked.parameter("since").map(since).transpose()?;
    let statuses = asked.parameter("status").map(statuses).transpose()?;
    let limit = asked.parameter("limit").map(limit).transpose()?.unwrap_or(LAST);
    let (key, alias) = (asked.parameter("key"), asked.parameter("alias"));
    let last = context.sources.feed.last();
    let count = last.first().map_or(0, |told| told.nth + 1);
    let oldest = last.last().map_or(0, |told| told.nth);
    let (since, missed) = match since {
        // Another process has counted so far, and this one starts again.
        Some(Since::Number(start, number))
            if number > count || start.is_some_and(|it| it != context.sources.feed.start) =>
        {
            (None, true)
        }
        Some(Since::Number(_, number)) => (since, number < oldest),
        Some(Since::Moment(moment)) => {
            let is_before = |told: &Told| told.ended > moment;
            (since, oldest > 0 && last.last().is_some_and(is_before))
        }
        None => (None, oldest > 0),
    };
    let rows = last.iter().rev().filter(|told| is_since(told, since)).map(Row::of);
    let mut rows = rows.filter(|row| row.is_of(key, alias, statuses));
    let records: Vec<Row<'_>> = rows.by_ref().take(limit).collect();
    let has_more = rows.next().is_some();
    let next = match records.last() {
        Some(row) if has_more => row.nth() + 1,
        _ => count,
    };
    let next = format!("{:08x}-{next}", context.sources.feed.start);
    Ok(Answered::of(&json!({"records": records, "next": next, "missed": missed})))
}

fn is_since(told: &Told, since: Option<Since>) -> bool {
    match since {
        None => true,
        Some(Since::Number(_, number)) => told.nth >= number,
        Some(Since::Moment(moment)) => told.ended >= moment,
    }
}

/// `next` of an earlier response, a number, or a time.
fn since(text: &str) -> Result<Since, Denied> {
    if let Ok(number) = text.parse() {
        return Ok(Since::Number(None, number));
    }
    let is_start =
        |start: &str| start.len() == START && start.bytes().all(|digit| digit.is_ascii_hexdigit());
    let next = text.split_once('-').filter(|(start, _)| is_start(start));
    let next = next.and_then(|(start, number)| {
        Some((u32::from_str_radix(start, 16).ok()?, number.parse().ok()?))
    });
    if let Some((start, number)) = next {
        return Ok(Since::Number(Some(start), number));
    }
    let moment = text.parse::<jiff::Timestamp>().ok().and_then(|moment| {
        let seconds = u64::try_from(moment.as_second()).ok()?;
        let nanos = u32::try_from(moment.subsec_nanosecond()).ok()?;
        let moment = SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))?;
        Some(Since::Moment(moment))
    });
    moment.ok_or_else(|| {
        let message =
            "write `next` of an earlier response, or a time such as `2026-01-31T09:00:00Z`";
        Denied::invalid(message, Some("since".into()))
    })
}

/// A status, or a class such as `5xx`.
fn statuses(text: &str) -> Result<Statuses, Denied> {
    let of_class = text.strip_suffix("xx").and_then(|digit| digit.parse::<u16>().ok());
    let range = match (of_class, text.parse::<u16>()) {
        (Some(class @ 1..=9), _) => Some((class * 100, class * 100 + 99)),
        (None, Ok(status @ 100..=999)) => Some((status, status)),
        _ => None,
    };
    range.ok_or_else(|| {
        Denied::invalid(
            "write a status such as `503`, or a class such as `5xx`",
            Some("status".into()),
        )
    })
}

fn limit(text: &str) -> Result<usize, Denied> {
    let limit = text.parse().ok().filter(|limit| (1..=LAST).contains(limit));
    limit.ok_or_else(|| {
        Denied::invalid(format!("write a number from 1 to {LAST}"), Some("limit".into()))
    })
}

/// Digits of a start in `next`.
const START: usize = 8;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_asked_for_is_read_or_refused() {
        assert!(matches!(since("17"), Ok(Since::Number(None, 17))));
        assert!(matches!(since("00c0ffee-17"), Ok(Since::Number(Some(0xc0_ffee), 17))));
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        assert!(matches!(since("1970-01-02T00:00:00Z"), Ok(Since::Moment(at)) if at == moment));
        assert!(
            matches!(since("1970-01-02T01:00:00+01:00"), Ok(Since::Moment(at)) if at == moment)
        );
        assert!(since("2999-01-01T00:00:00.5Z").is_ok());
        for wrong in [
            "",
            "-1",
            "yesterday",
            "1969-01-01T00:00:00Z",
            "1970-01-02",
            "c0ffee-1",
            "00c0ffee-",
            "00c0ffee-x",
            "+0c0ffee-1",
        ] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
        assert_eq!(statuses("503").unwrap(), (503, 503));
        assert_eq!(statuses("4xx").unwrap(), (400, 499));
        for wrong in ["", "xx", "0xx", "99", "5x", "50xx", "1000"] {
            assert!(statuses(wrong).is_err(), "{wrong}");
        }
        assert!(limit("0").is_err() && limit("201").is_err() && limit("1").is_ok());
    }

    #[test]
    fn the_document_has_each_key_of_a_record() {
        let document = include_str!("../../../docs/openapi.json");
        let document: Value = serde_json::from_str(document).unwrap();
        let schema = &document["components"]["schemas"]["Record"]["properties"];
        let record = serde_json::to_value(Row::with_all_keys()).unwrap();
        let keys = |value: &Value| -> Vec<String> {
            let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(schema), keys(&record));
        assert_eq!(keys(&schema["usage"]["properties"]), keys(&record["usage"]));
        let attempt = &schema["attempts"]["items"]["properties"];
        assert_eq!(keys(attempt), keys(&record["attempts"][0]));
    }
}
