//! A window over what answers use: tokens in a time, or dollars in a period. Pure integer
//! arithmetic over one level.
//!
//! It holds no level and has no clock; times are nanoseconds since 1970.

use std::time::Duration;

use super::period::{Period, SECOND};
use crate::moment;

/// What a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    /// Input and output tokens together.
    Tokens,
    /// Input tokens.
    Input,
    /// Output tokens.
    Output,
    /// 10⁻¹² dollars.
    Picodollars,
}

/// What an answer uses, or will probably use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Input tokens.
    pub(crate) input: u64,
    /// Output tokens.
    pub(crate) output: u64,
    /// Its cost.
    pub(crate) picodollars: u64,
}

/// The span of a window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Span {
    /// The last nanoseconds before any time: GCRA (generic cell rate algorithm, ITU-T I.371) whose
    /// burst is the whole limit.
    Sliding(u64),
    /// From the start of a period to its end.
    Calendar(Period),
}

/// One window of an owner.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// What it counts.
    pub(crate) unit: Unit,
    /// Its span.
    pub(crate) span: Span,
    /// How much of it there may be.
    pub(crate) limit: u64,
    /// The level for a warning.
    pub(crate) soft: Option<u64>,
}

/// The level of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// For a sliding window, units multiplied by the window's nanoseconds, so that the decay in one
    /// nanosecond is an integer; otherwise the amount itself.
    pub(crate) used: u128,
    /// The time of `used`; for a period, its start.
    pub(crate) at: u64,
    /// For a period, its end.
    pub(crate) end: u64,
    /// Whether the warning was given in this period.
    pub(crate) warned: bool,
}

impl Amount {
    /// The part of the amount that a window counts.
    pub(crate) fn of(self, unit: Unit) -> u64 {
        match unit {
            Unit::Tokens => self.input.saturating_add(self.output),
            Unit::Input => self.input,
            Unit::Output => self.output,
            Unit::Picodollars => self.picodollars,
        }
    }

    /// The sum.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            picodollars: self.picodollars.saturating_add(other.picodollars),
        }
    }

    /// The difference.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_sub(other.input),
            output: self.output.saturating_sub(other.output),
            picodollars: self.picodollars.saturating_sub(other.picodollars),
        }
    }
}

impl Window {
    /// Whether both count the same, so that a level of one is a level of the other.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.unit == other.unit && self.span == other.span
    }

    /// Its identity outside the process.
    pub(crate) fn key(&self) -> String {
        let unit = match self.unit {
            Unit::Tokens => "tokens",
            Unit::Input => "input",
            Unit::Output => "output",
            Unit::Picodollars => "dollars",
        };
        match &self.span {
            Span::Sliding(nanos) => format!("{unit}/{}s", nanos / SECOND),
            Span::Calendar(period) => format!("{unit}/{period}"),
        }
    }

    /// Whether its level must outlive the process.
    pub(crate) fn is_kept(&self) -> bool {
        match self.span {
            Span::Sliding(nanos) => nanos > 60 * SECOND,
            Span::Calendar(_) => true,
        }
    }

    /// The level for storage, with the time at which it is fully decayed.
    pub(crate) fn to_keep(&self, level: &Level) -> Level {
        let over = match self.span {
            Span::Sliding(_) => self.free_in(level, self.limit, level.at),
            Span::Calendar(_) => return *level,
        };
        let nanos =
            over.map_or(u64::MAX, |over| u64::try_from(over.as_nanos()).unwrap_or(u64::MAX));
        Level { end: level.at.saturating_add(nanos), ..*level }
    }

    /// A stored level, loaded now. A level from the future, by another clock, counts from now.
    pub(crate) fn taken_up(&self, kept: &Level, now: u64) -> Level {
        let mut level = *kept;
        match &self.span {
            Span::Sliding(_) => (level.at, level.end) = (level.at.min(now), 0),
            Span::Calendar(period) if level.at > now => {
                (level.at, level.end) = moment::period_of(now, |now| period.around(now));
            }
            Span::Calendar(_) => {}
        }
        level
    }

    /// Decays the level to this time, or starts the period of this time.
    pub(crate) fn advance(&self, level: &mut Level, now: u64) {
        match &self.span {
            Span::Sliding(_) => {
                let off = u128::from(now.saturating_sub(level.at)) * u128::from(self.limit);
                level.used = level.used.saturating_sub(off);
                level.at = level.at.max(now);
            }
            Span::Calendar(period) if now >= level.end => {
                let (start, end) = moment::period_of(now, |now| period.around(now));
                // The same period may begin a little later, where the clock was set back.
                if start.abs_diff(level.at) > level.end.saturating_sub(level.at) / 2 {
                    *level = Level::default();
                }
                (level.at, level.end) = (start, end);
            }
            Span::Calendar(_) => {}
        }
    }

    /// The used amount of a level.
    pub(crate) fn used(&self, level: &Level) -> u64 {
        let used = match self.span {
            Span::Sliding(nanos) => level.used.div_ceil(u128::from(nanos.max(1))),
            Span::Calendar(_) => level.used,
        };
        u64::try_from(used).unwrap_or(u64::MAX)
    }

    /// Adds a used amount.
    pub(crate) fn charge(&self, level: &mut Level, amount: u64) {
        let each = match self.span {
            Span::Sliding(nanos) => nanos,
            Span::Calendar(_) => 1,
        };
        level.used = level.used.saturating_add(u128::from(amount) * u128::from(each));
    }

    /// How long until this amount is free, or all of it if this amount never is; `None` means
    /// never.
    pub(crate) fn free_in(&self, level: &Level, amount: u64, now: u64) -> Option<Duration> {
        match &self.span {
            Span::Sliding(nanos) => {
                let free = self.limit.saturating_sub(amount);
                let over = level.used.saturating_sub(u128::from(free) * u128::from(*nanos));
                let wait = over.div_ceil(u128::from(self.limit.max(1)));
                Some(Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX)))
            }
            Span::Calendar(_) if level.end == u64::MAX => None,
            Span::Calendar(_) => Some(Duration::from_nanos(level.end.saturating_sub(now))),
        }
    }
}

/// The end of a sentence: "a minute", "in 90 s", "a month".
impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sliding(nanos) => match nanos / SECOND {
                1 => f.write_str("a second"),
                60 => f.write_str("a minute"),
                3_600 => f.write_str("an hour"),
                86_400 => f.write_str("a day"),
                secs => write!(f, "in {secs} s"),
            },
            Self::Calendar(period) => f.write_str(&period.words()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(limit: u64) -> Window {
        Window { unit: Unit::Tokens, span: Span::Sliding(60 * SECOND), limit, soft: None }
    }

    #[test]
    fn sliding_window_gives_back_in_proportion_and_to_the_token() {
        let (window, mut level) = (minute(600), Level::default());
        window.advance(&mut level, 5 * SECOND);
        window.charge(&mut level, 600);
        assert_eq!(window.used(&level), 600);
        assert_eq!(window.free_in(&level, 10, 5 * SECOND), Some(Duration::from_secs(1)));
        window.advance(&mut level, 6 * SECOND);
        assert_eq!(
            (window.used(&level), window.free_in(&level, 10, 0)),
            (590, Some(Duration::ZERO))
        );
        // A clock that steps back gives nothing back twice.
        window.advance(&mut level, 2 * SECOND);
        window.advance(&mut level, 6 * SECOND);
        assert_eq!(window.used(&level), 590);
        window.advance(&mut level, 65 * SECOND);
        assert_eq!(window.used(&level), 0);
        assert_eq!(window.free_in(&level, 9_999, 0), Some(Duration::ZERO));
    }

    #[test]
    fn level_that_a_clock_ahead_has_left_counts_now() {
        let day = 86_400 * SECOND;
        let span = Span::Calendar(Period::every(86_400));
        let budget = Window { unit: Unit::Picodollars, span, limit: 50, soft: None };
        let mut level = Level::default();
        budget.advance(&mut level, 900 * day);
        budget.charge(&mut level, 40);
        // The clock is put right: the day that was charged is hundreds of days ahead.
        let mut level = budget.taken_up(&budget.to_keep(&level), 10 * day + 5);
        budget.advance(&mut level, 10 * day + 6);
        assert_eq!(budget.used(&level), 40);
        budget.advance(&mut level, 11 * day);
        assert_eq!(budget.used(&level), 0, "and is over with this one");

        let (hour, mut level) = (minute(600), Level::default());
        hour.advance(&mut level, 900 * day);
        hour.charge(&mut level, 600);
        let kept = hour.to_keep(&level);
        assert_eq!(kept.end, 900 * day + 60 * SECOND, "when all of it has flowed off");
        let mut level = hour.taken_up(&kept, 10 * day);
        hour.advance(&mut level, 10 * day + 30 * SECOND);
        assert_eq!(hour.used(&level), 300);
    }

    #[test]
    fn period_begins_anew_at_its_boundary() {
        let span = Span::Calendar(Period::every(3_600));
        let window = Window { unit: Unit::Picodollars, span, limit: 50, soft: None };
        let mut level = Level::default();
        window.advance(&mut level, 7_201 * SECOND);
        window.charge(&mut level, 60);
        let wait = window.free_in(&level, 1, 7_201 * SECOND);
        assert_eq!((window.used(&level), wait), (60, Some(Duration::from_secs(3_599))));
        window.advance(&mut level, 10_799 * SECOND);
        assert_eq!(window.used(&level), 60);
        window.advance(&mut level, 10_800 * SECOND);
        assert_eq!(window.used(&level), 0);
    }
}
