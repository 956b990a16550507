//! Figures: what one contender's stretch of load came to, and the median over rounds.
//! It never formats: see `report`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::drive::Seen;

/// What a figure says; the order is the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    CpuPerRequest,
    CpuPerEvent,
    PerSecond,
    P50,
    P99,
    AddedP50,
    AddedP99,
    FirstEventP50,
    FirstEventP99,
    AddedFirstEvent,
    EventDelayP50,
    EventDelayP99,
    AddedEventDelay,
    GapP99,
    Idle,
    SmallLoad,
    LargeLoad,
    StreamLoad,
    Afterwards,
    Resident,
    Failures,
}

/// The figures of one contender in one round, or their medians.
pub(crate) type Sample = BTreeMap<Column, f64>;

/// Turns what was seen and spent into figures. Times become microseconds.
pub(crate) fn sample(mut seen: Seen, spent: Option<Duration>, resident: Option<f64>) -> Sample {
    let mut figures = Sample::new();
    let exchanges = seen.latencies.len();
    let events = seen.delays.len();
    if let Some(spent) = spent.map(|spent| spent.as_secs_f64() * 1e6) {
        if events > 0 {
            figures.insert(Column::CpuPerEvent, spent / count(events));
        } else if exchanges > 0 {
            figures.insert(Column::CpuPerRequest, spent / count(exchanges));
        }
    }
    let seconds = seen.elapsed.as_secs_f64().max(f64::EPSILON);
    let done = if events > 0 { events } else { exchanges };
    figures.insert(Column::PerSecond, count(done) / seconds);
    let percentiles = [
        (&mut seen.latencies, Column::P50, Column::P99, events == 0),
        (&mut seen.first_events, Column::FirstEventP50, Column::FirstEventP99, true),
        (&mut seen.delays, Column::EventDelayP50, Column::EventDelayP99, true),
    ];
    for (values, middle, high, wanted) in percentiles {
        if wanted && !values.is_empty() {
            values.sort_unstable();
            figures.insert(middle, percentile(values, 50));
            figures.insert(high, percentile(values, 99));
        }
    }
    seen.gaps.sort_unstable();
    if !seen.gaps.is_empty() {
        figures.insert(Column::GapP99, percentile(&seen.gaps, 99));
    }
    if let Some(resident) = resident {
        figures.insert(Column::Resident, resident);
    }
    figures.insert(Column::Failures, seen.failures as f64);
    figures
}

/// What a contender adds to the same round's direct figures.
pub(crate) fn add_to_direct(figures: &mut Sample, direct: &Sample) {
    for (of, added) in [
        (Column::P50, Column::AddedP50),
        (Column::P99, Column::AddedP99),
        (Column::FirstEventP50, Column::AddedFirstEvent),
        (Column::EventDelayP50, Column::AddedEventDelay),
    ] {
        if let (Some(own), Some(base)) = (figures.get(&of), direct.get(&of)) {
            figures.insert(added, own - base);
        }
    }
}

/// Column by column. Failures are added up: one bad round must not vanish.
pub(crate) fn medians(rounds: &[Sample]) -> Sample {
    let mut by_column: BTreeMap<Column, Vec<f64>> = BTreeMap::new();
    for (&column, &value) in rounds.iter().flatten() {
        by_column.entry(column).or_default().push(value);
    }
    let middle = |(column, mut values): (Column, Vec<f64>)| {
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        let value = if column == Column::Failures {
            values.iter().sum()
        } else if values.len().is_multiple_of(2) {
            f64::midpoint(values[half - 1], values[half])
        } else {
            values[half]
        };
        (column, value)
    };
    by_column.into_iter().map(middle).collect()
}

/// Of sorted nanoseconds, in microseconds.
fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |&nanos| f64::from(nanos) / 1e3)
}

fn count(number: usize) -> f64 {
    number as f64
}
