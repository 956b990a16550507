//! The figures as Markdown: a table per scenario, then one that sums up.
//! It never computes a figure, only ratios of two.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::contender::{DIRECT, FLOOR, FLOOR_HYPER};
use super::sample::{Column, Sample};

/// One scenario's medians, a row per contender.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) rows: Vec<(String, Sample)>,
}

impl Table {
    fn figure(&self, contender: &str, column: Column) -> Option<f64> {
        let (_, figures) = self.rows.iter().find(|(name, _)| name == contender)?;
        figures.get(&column).copied()
    }
}

/// One scenario: each cell is `figure (× floor / × floor-hyper)`.
pub(crate) fn table(table: &Table) -> String {
    let columns: BTreeSet<Column> =
        table.rows.iter().flat_map(|(_, figures)| figures.keys().copied()).collect();
    let mut text = format!("### {}: {}\n\n|", table.name, table.about);
    for column in &columns {
        let _ = write!(text, " | {}", title(*column));
    }
    let _ = writeln!(text, " |\n|{}", "---|".repeat(columns.len() + 1));
    for (name, figures) in &table.rows {
        let _ = write!(text, "| {name}");
        for column in &columns {
            let cell = figures.get(column).map(|value| cell(table, name, *column, *value));
            let _ = write!(text, " | {}", cell.unwrap_or_default());
        }
        text.push_str(" |\n");
    }
    text
}

/// All scenarios: the processor time (or memory) alone, as in a price list.
pub(crate) fn summary(tables: &[Table]) -> String {
    let names: Vec<&str> = contenders(tables);
    let mut text =
        "### CPU µs per request (streams: per event), × floor / × floor-hyper\n\n|".to_owned();
    for name in &names {
        let _ = write!(text, " | {name}");
    }
    let _ = writeln!(text, " |\n|{}", "---|".repeat(names.len() + 1));
    for table in tables {
        let column = [Column::CpuPerRequest, Column::CpuPerEvent]
            .into_iter()
            .find(|column| names.iter().any(|name| table.figure(name, *column).is_some()));
        let Some(column) = column else { continue };
        let _ = write!(text, "| {}", table.name);
        for name in &names {
            let cell = table.figure(name, column).map(|value| cell(table, name, column, value));
            let _ = write!(text, " | {}", cell.unwrap_or_default());
        }
        text.push_str(" |\n");
    }
    text
}

fn contenders(tables: &[Table]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in tables.iter().flat_map(|table| &table.rows) {
        if name != DIRECT && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

fn cell(table: &Table, contender: &str, column: Column, value: f64) -> String {
    let figure = number(value);
    if column == Column::Failures || contender == DIRECT {
        return figure;
    }
    let ratio = |floor| match table.figure(floor, column) {
        // Against direct, noise can be below zero: a ratio to that says nothing.
        Some(base) if base > f64::EPSILON => format!("{:.2}", value / base),
        _ => "–".to_owned(),
    };
    format!("{figure} ({} / {})", ratio(FLOOR), ratio(FLOOR_HYPER))
}

/// Three digits that matter, more for what is large.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn title(column: Column) -> &'static str {
    match column {
        Column::CpuPerRequest => "CPU µs/request",
        Column::CpuPerEvent => "CPU µs/event",
        Column::PerSecond => "per second",
        Column::P50 => "p50 µs",
        Column::P99 => "p99 µs",
        Column::AddedP50 => "added p50 µs",
        Column::AddedP99 => "added p99 µs",
        Column::FirstEventP50 => "first event p50 µs",
        Column::FirstEventP99 => "first event p99 µs",
        Column::AddedFirstEvent => "added to first event µs",
        Column::EventDelayP50 => "event delay p50 µs",
        Column::EventDelayP99 => "event delay p99 µs",
        Column::AddedEventDelay => "added event delay µs",
        Column::GapP99 => "gap p99 µs",
        Column::Idle => "idle MiB",
        Column::SmallLoad => "1 KB × 64 MiB",
        Column::LargeLoad => "8 MB × 4 MiB",
        Column::StreamLoad => "1 000 streams MiB",
        Column::Afterwards => "afterwards MiB",
        Column::Resident => "RSS MiB",
        Column::Failures => "failures",
    }
}
