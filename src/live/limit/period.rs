//! Calendar periods in a time zone. Times are nanoseconds since 1970.

use jiff::{Span, Timestamp, Unit, Zoned, ZonedRound, civil::Weekday, tz::TimeZone};

/// A repeating period, or all time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Period {
    kind: Kind,
    zone: TimeZone,
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the next.
    Month,
    /// This many seconds, counted from 1970.
    Seconds(u64),
    /// It never ends.
    Total,
}

impl Period {
    /// A calendar period in a time zone.
    pub(crate) fn new(kind: Kind, zone: TimeZone) -> Self {
        // For other kinds the zone is irrelevant, so it is dropped to make them equal everywhere.
        let zone = match kind {
            Kind::Seconds(_) | Kind::Total => TimeZone::UTC,
            Kind::Day | Kind::Week | Kind::Month => zone,
        };
        Self { kind, zone }
    }

    /// Whether it is a day in UTC.
    pub(crate) fn is_utc_day(&self) -> bool {
        self.kind == Kind::Day && self.zone == TimeZone::UTC
    }

    /// This many seconds.
    #[cfg(test)]
    pub(crate) fn every(secs: u64) -> Self {
        Self::new(Kind::Seconds(secs), TimeZone::UTC)
    }

    /// The start and end of the period that contains a time.
    pub(crate) fn around(&self, now: u64) -> (u64, u64) {
        match self.kind {
            Kind::Total => (1, u64::MAX),
            Kind::Seconds(secs) => {
                let length = secs.max(1).saturating_mul(SECOND);
                let start = now - now % length;
                (start, start.saturating_add(length))
            }
            // Beyond the calendar's range, a period lasts a day.
            _ => self.in_calendar(now).unwrap_or((now, now.saturating_add(86_400 * SECOND))),
        }
    }

    fn in_calendar(&self, now: u64) -> Option<(u64, u64)> {
        let now = Timestamp::from_nanosecond(now.into()).ok()?.to_zoned(self.zone.clone());
        let day = now.round(ZonedRound::new().smallest(Unit::Day).mode(jiff::RoundMode::Trunc));
        let day = day.ok()?;
        let (start, length) = match self.kind {
            Kind::Week => {
                let since = day.weekday().since(Weekday::Monday);
                (day.checked_sub(Span::new().days(since)).ok()?, Span::new().weeks(1))
            }
            Kind::Month => (day.first_of_month().ok()?, Span::new().months(1)),
            _ => (day, Span::new().days(1)),
        };
        // On a day whose first hour is skipped, it starts later.
        let start = start.start_of_day().ok()?;
        let end = start.checked_add(length).ok()?.start_of_day().ok()?;
        let nanos = |moment: &Zoned| u64::try_from(moment.timestamp().as_nanosecond()).ok();
        Some((nanos(&start)?, nanos(&end)?))
    }

    /// The end of a sentence.
    pub(crate) fn words(&self) -> String {
        match self.kind {
            Kind::Day => "a day".to_owned(),
            Kind::Week => "a week".to_owned(),
            Kind::Month => "a month".to_owned(),
            Kind::Seconds(secs) => format!("in {secs} s"),
            Kind::Total => "in all".to_owned(),
        }
    }
}

/// Its identity outside the process.
impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        match self.kind {
            Kind::Day => write!(f, "day@{zone}"),
            Kind::Week => write!(f, "week@{zone}"),
            Kind::Month => write!(f, "month@{zone}"),
            Kind::Seconds(secs) => write!(f, "period{secs}s"),
            Kind::Total => f.write_str("total"),
        }
    }
}

/// In nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn around(kind: Kind, zone: &str, now: &str) -> (String, String) {
        let nanos = |text: &str| text.parse::<Timestamp>().unwrap().as_nanosecond() as u64;
        let shown = |at: u64| Timestamp::from_nanosecond(at.into()).unwrap().to_string();
        let (start, end) = Period::new(kind, TimeZone::get(zone).unwrap()).around(nanos(now));
        assert!(start <= nanos(now) && nanos(now) < end);
        (shown(start), shown(end))
    }

    #[test]
    fn periods_begin_at_midnight_of_their_zone() {
        for (kind, zone, now, start, end) in [
            (
                Kind::Day,
                "UTC",
                "2026-11-30T23:59:59Z",
                "2026-11-30T00:00:00Z",
                "2026-12-01T00:00:00Z",
            ),
            (
                Kind::Day,
                "Asia/Tokyo",
                "2026-11-30T15:00:00Z",
                "2026-11-30T15:00:00Z",
                "2026-12-01T15:00:00Z",
            ),
            // A Sunday, and the day on which a clock is put back: 25 hours.
            (
                Kind::Day,
                "Europe/Berlin",
                "2026-10-25T10:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z",
            ),
            (
                Kind::Week,
                "UTC",
                "2026-11-29T12:00:00Z",
                "2026-11-23T00:00:00Z",
                "2026-11-30T00:00:00Z",
            ),
            (
                Kind::Week,
                "UTC",
                "2026-11-30T00:00:00Z",
                "2026-11-30T00:00:00Z",
                "2026-12-07T00:00:00Z",
            ),
            (
                Kind::Month,
                "America/New_York",
                "2027-03-01T04:59:59Z",
                "2027-02-01T05:00:00Z",
                "2027-03-01T05:00:00Z",
            ),
            (
                Kind::Month,
                "UTC",
                "2028-02-29T12:00:00Z",
                "2028-02-01T00:00:00Z",
                "2028-03-01T00:00:00Z",
            ),
            // Midnight does not exist on this day.
            (
                Kind::Day,
                "America/Sao_Paulo",
                "2018-11-04T12:00:00Z",
                "2018-11-04T03:00:00Z",
                "2018-11-05T02:00:00Z",
            ),
        ] {
            let found = around(kind, zone, now);
            assert_eq!(found, (start.to_owned(), end.to_owned()), "{kind:?} {zone} {now}");
        }
        assert_eq!(Period::new(Kind::Total, TimeZone::UTC).around(5).1, u64::MAX);
    }
}
