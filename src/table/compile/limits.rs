//! Compiles limits to numbers and windows.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use super::Compiler;
use crate::{
    config::{Path, path::shown, raw},
    live::{
        LimitSettings, QueueSettings, Rate,
        limit::{
            period::{Kind, Period, SECOND},
            window::{Span, Unit, Window},
        },
    },
    table::prices::Pricing,
};

/// The raw limits of any owner.
#[derive(Clone, Copy, Default)]
pub(super) struct Written<'a> {
    pub(crate) rate: Option<raw::RateLimit>,
    pub(crate) concurrency: Option<raw::ConcurrencyLimit>,
    pub(crate) tokens: Option<&'a raw::TokenLimit>,
    pub(crate) budget: Option<&'a raw::Budgets>,
    pub(crate) queue: Option<raw::Queue>,
}

impl Compiler<'_> {
    /// The limits of an owner whose keys stand at `path`.
    pub(super) fn limits(&mut self, written: Written<'_>, path: &Path) -> LimitSettings {
        let Written { rate, concurrency, tokens, budget, queue } = written;
        let mut windows = tokens.map(token_windows).unwrap_or_default();
        if tokens.is_some() && windows.is_empty() {
            let hint = "name a window, as in `{\"per_minute\": 100000}`";
            self.problem(&path.key("token_limit"), "this limits nothing", Some(hint.into()));
        }
        if let Some(raw::TokenLimit::Listed(list)) = tokens {
            for (at, window) in list.iter().enumerate() {
                if of_window(window).next().is_none() {
                    let hint = "set `tokens`, `input` or `output`";
                    let path = path.key("token_limit").index(at);
                    self.problem(&path, "this limits nothing", Some(hint.into()));
                }
            }
        }
        let holder = path;
        let path = path.key("budget");
        match budget {
            None => {}
            Some(raw::Budgets::One(budget)) => windows.extend(self.budget(budget, &path)),
            Some(raw::Budgets::Many(all)) => {
                for (at, budget) in all.iter().enumerate() {
                    windows.extend(self.budget(budget, &path.index(at)));
                }
            }
        }
        // Both would share one level, and each answer would be charged twice.
        let is_twice = |(at, one): (usize, &Window)| {
            windows[..at].iter().any(|other| (other.unit, &other.span) == (one.unit, &one.span))
        };
        if windows.iter().enumerate().any(is_twice) {
            let message = "two of these limits count the same tokens over the same time";
            self.problem(holder, message, Some("keep the lower one".into()));
        }
        let windows = (!windows.is_empty()).then(|| Arc::from(windows));
        LimitSettings { windows, queue: queue.map(waiting), ..requests(rate, concurrency) }
    }

    fn budget(&mut self, budget: &raw::Budget, path: &Path) -> Option<Window> {
        let zone = match &budget.timezone {
            None => TimeZone::UTC,
            Some(name) => match TimeZone::get(name) {
                Ok(zone) => zone,
                Err(_) => {
                    let message = format!("there is no time zone `{}`", shown(name));
                    let hint = "use a name of the IANA database, such as `Europe/Berlin`";
                    self.problem(&path.key("timezone"), message, Some(hint.into()));
                    return None;
                }
            },
        };
        let limit = picodollars(&budget.dollars);
        if limit.is_none() {
            let message = "this is not an amount of dollars above zero";
            let hint =
                "write it like `\"50.00\"`, with at most twelve decimals and at most nine million";
            self.problem(&path.key("dollars"), message, Some(hint.into()));
        }
        let limit = limit?;
        let kind = match budget.period {
            raw::Period::Seconds(secs) => Kind::Seconds(secs),
            raw::Period::Named(raw::NamedPeriod::Day) => Kind::Day,
            raw::Period::Named(raw::NamedPeriod::Week) => Kind::Week,
            raw::Period::Named(raw::NamedPeriod::Month) => Kind::Month,
            raw::Period::Named(raw::NamedPeriod::Total) => Kind::Total,
        };
        // The product is far below 2^53.
        let soft = budget.soft.map(|soft| (limit as f64 * soft) as u64);
        let span = Span::Calendar(Period::new(kind, zone));
        Some(Window { unit: Unit::Picodollars, span, limit, soft })
    }
}

/// The limits on requests.
fn requests(
    rate: Option<raw::RateLimit>,
    concurrency: Option<raw::ConcurrencyLimit>,
) -> LimitSettings {
    LimitSettings {
        rate: rate.map(|rate| Rate {
            per_second: rate.requests_per_second,
            burst: rate.burst_size.unwrap_or_else(|| default_burst(rate.requests_per_second)),
        }),
        max: concurrency.map(|limit| limit.max_concurrent_requests),
        ..LimitSettings::default()
    }
}

/// The settings of a queue.
fn waiting(raw: raw::Queue) -> QueueSettings {
    let max_wait = Duration::from_millis(raw.max_wait_ms.unwrap_or(WAIT_MS));
    QueueSettings { max_waiting: raw.max_waiting, max_wait }
}

/// The rate, rounded up.
fn default_burst(per_second: f64) -> u32 {
    (per_second.ceil() as u32).max(1)
}

/// Whether a provider is asked to report the tokens of streams if the client does not ask; `counts`
/// tells that a limit depends on them.
pub(super) fn asks_usage(usage: Option<raw::Usage>, pricing: &Pricing, counts: bool) -> bool {
    match usage {
        Some(raw::Usage::Always) => true,
        Some(raw::Usage::Never) => false,
        None => counts || matches!(pricing, Pricing::Price(_)),
    }
}

fn token_windows(raw: &raw::TokenLimit) -> Vec<Window> {
    match raw {
        raw::TokenLimit::Listed(list) => list.iter().flat_map(of_window).collect(),
        raw::TokenLimit::Named(named) => {
            let raw::NamedWindows { per_minute, per_hour, per_day, input, output } = named;
            let both =
                raw::Windows { per_minute: *per_minute, per_hour: *per_hour, per_day: *per_day };
            let units = [
                (Unit::Tokens, Some(both)),
                (Unit::Input, input.clone()),
                (Unit::Output, output.clone()),
            ];
            let of_unit = |(unit, windows): (Unit, Option<raw::Windows>)| {
                windows.into_iter().flat_map(move |it| {
                    let lengths = [(it.per_minute, 60), (it.per_hour, 3_600), (it.per_day, 86_400)];
                    lengths
                        .into_iter()
                        .filter_map(move |(limit, secs)| Some(sliding(unit, limit?, secs)))
                })
            };
            units.into_iter().flat_map(of_unit).collect()
        }
    }
}

fn of_window(raw: &raw::TokenWindow) -> impl Iterator<Item = Window> + use<> {
    let secs = raw.window_secs;
    let limits = [(Unit::Tokens, raw.tokens), (Unit::Input, raw.input), (Unit::Output, raw.output)];
    limits.into_iter().filter_map(move |(unit, limit)| Some(sliding(unit, limit?, secs)))
}

fn sliding(unit: Unit, limit: u64, secs: u64) -> Window {
    Window { unit, span: Span::Sliding(secs.saturating_mul(SECOND)), limit, soft: None }
}

/// Dollars as exact picodollars; `None` if the amount is not above zero.
fn picodollars(dollars: &raw::Dollars) -> Option<u64> {
    let text = match dollars {
        raw::Dollars::Text(text) => text.clone(),
        // The shortest decimal text of the number, as in the file.
        raw::Dollars::Number(number) => number.to_string(),
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) || decimals.len() > 12 {
        return None;
    }
    let pico = format!("{whole}{decimals:0<12}").parse::<u64>().ok()?;
    (pico > 0 && pico <= MOST).then_some(pico)
}

/// The default for the longest wait.
const WAIT_MS: u64 = 30_000;
/// Nine million dollars, which a shared store counts exactly with room above a limit.
const MOST: u64 = 9_000_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_to_the_last_decimal() {
        let of = |text: &str| picodollars(&raw::Dollars::Text(text.into()));
        assert_eq!(of("50.00"), Some(50_000_000_000_000));
        assert_eq!(of("0.000000000001"), Some(1));
        assert_eq!(of("9000000"), Some(MOST));
        for wrong in
            ["", "0", "0.00", "-1", ".5", "1.0000000000000", "9000000.01", "1e3", "$5", "5 "]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(picodollars(&raw::Dollars::Number(0.1)), Some(100_000_000_000));
    }
}
