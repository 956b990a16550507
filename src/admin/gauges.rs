//! The gauges of the table as Prometheus text: requests in flight, free shares of limits, states.
//!
//! They are read at a scrape and stored nowhere, so a request writes none and a series costs
//! nothing in between. They are written in chunks, so the text of a large table is never in memory
//! as a whole.

mod lines;
mod queues;

use std::{
    fmt::Write as _,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use tokio::time::Instant;

use self::{
    lines::Lines,
    queues::{waited, waiting, waits, waits_ended},
};
use crate::{
    live::{Account, HealthSettings, Limits, health},
    moment,
    protocol::conversation::Usage,
    secret::names::label,
    table::{Pool, Provider, Table, prices::Pricing, terms::Team},
};

/// The text of all gauges, in chunks.
pub struct Gauges {
    table: Arc<Table>,
    prefix: Box<str>,
    /// Whether unused objects have series too.
    all: bool,
    metric: usize,
    /// The next pool.
    at: usize,
}

/// A metric, and the function that writes the series of one pool.
struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    of_pool: fn(&mut Lines<'_>, &Pool, shown: bool),
    /// Series without a pool.
    of_table: fn(&mut Lines<'_>, &Table, all: bool),
}

impl Gauges {
    /// The gauges of this table; `prefix` begins each name. Unused objects have series only if
    /// there are at most `most` aliases, providers and keys.
    pub fn of(table: Arc<Table>, prefix: &str, most: usize) -> Self {
        let providers: usize = table.pools().iter().map(|pool| pool.providers.len()).sum();
        let all = table.pools().len() + providers + table.keyring.keys().len() <= most;
        Self { table, prefix: prefix.into(), all, metric: 0, at: 0 }
    }
}

/// Each alias and its providers, if there are at most `most`: they have counters from the start.
pub(crate) fn with_zeros(table: &Table, most: usize) -> Vec<(&str, Option<&str>)> {
    let providers: usize = table.pools().iter().map(|pool| pool.providers.len()).sum();
    if table.pools().len() + providers > most {
        return Vec::new();
    }
    let mut known = Vec::with_capacity(table.pools().len() + providers);
    for pool in table.pools() {
        known.push((&*pool.alias, None));
        known.extend(pool.providers.iter().map(|it| (&*pool.alias, Some(&*it.name))));
    }
    known
}

impl Iterator for Gauges {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let metric = METRICS.get(self.metric)?;
        let mut text = String::new();
        if self.at == 0 {
            let (prefix, name) = (&self.prefix, metric.name);
            let _ = writeln!(text, "# HELP {prefix}_{name} {}", metric.help);
            let _ = writeln!(text, "# TYPE {prefix}_{name} {}", metric.kind);
        }
        let mut lines = Lines { text: &mut text, prefix: &self.prefix, name: metric.name };
        let pools = self.table.pools();
        let end = pools.len().min(self.at + POOLS_A_PIECE);
        for pool in &pools[self.at..end] {
            let is_used = pool.live.meters.is_used() || pool.limits.in_flight() > 0;
            (metric.of_pool)(&mut lines, pool, self.all || is_used);
        }
        self.at = end;
        if end == pools.len() {
            (metric.of_table)(&mut lines, &self.table, self.all);
            (self.metric, self.at) = (self.metric + 1, 0);
        }
        Some(text)
    }
}

fn in_flight(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    if !shown {
        return;
    }
    let mut line = |provider: &str, count: u32| {
        lines.line(&[("alias", &pool.alias), ("provider", provider)], count.into());
    };
    if !pool.shares_limits {
        line("", pool.limits.in_flight());
    }
    for provider in &pool.providers {
        line(&provider.name, provider.limits.in_flight());
    }
}

fn levels(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    if !shown {
        return;
    }
    if let Some(level) = pool.limits.rate_level().filter(|_| !pool.shares_limits) {
        lines.line(&[("limit", "pool"), ("name", &pool.alias)], level);
    }
    for provider in &pool.providers {
        if let Some(level) = provider.limits.rate_level() {
            let name = format!("{}/{}", label(&pool.alias), label(&provider.name));
            lines.line(&[("limit", "provider"), ("name", &name)], level);
        }
    }
}

fn key_levels(lines: &mut Lines<'_>, table: &Table, all: bool) {
    for key in table.keyring.keys() {
        let Some((name, level)) = key.name().zip(key.limits.rate_level()) else { continue };
        if all || level < 1.0 {
            lines.line(&[("limit", "key"), ("name", name)], level);
        }
    }
}

/// The used and reserved share of windows over tokens and money.
fn windows(lines: &mut Lines<'_>, limits: &Limits, kind: &str, name: &str) {
    let Some(quota) = limits.quota() else { return };
    for (window, used, held) in quota.levels(moment::now()) {
        let share = used.saturating_add(held) as f64 / window.limit as f64;
        lines.line(&[("limit", kind), ("name", name), ("window", &window.key())], share);
    }
}

fn pool_windows(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    if !shown || !pool.counts {
        return;
    }
    if !pool.shares_limits {
        windows(lines, &pool.limits, "pool", &pool.alias);
    }
    for provider in &pool.providers {
        let name = || format!("{}/{}", label(&pool.alias), label(&provider.name));
        if provider.limits.quota().is_some() {
            windows(lines, &provider.limits, "provider", &name());
        }
    }
}

fn key_windows(lines: &mut Lines<'_>, table: &Table, _all: bool) {
    let mut teams: Vec<&Team> = Vec::new();
    for key in table.keyring.keys() {
        if let Some(name) = key.name() {
            windows(lines, &key.limits, "key", name);
        }
        if let Some(team) = key.terms.as_ref().and_then(|terms| terms.team.as_deref())
            && team.limits.quota().is_some()
            && !teams.iter().any(|known| known.name == team.name)
        {
            teams.push(team);
        }
    }
    teams.into_iter().for_each(|team| windows(lines, &team.limits, "team", &team.name));
}

/// Only a provider with cooldown or probes has a state series.
fn states(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    let may_rest = |provider: &&Provider| {
        provider.live.settings().health != HealthSettings::default()
            || !matches!(provider.live.state(Instant::now()), health::State::Ready { .. })
    };
    let shown = |provider: &&Provider| shown || provider.probe.is_some();
    for provider in pool.providers.iter().filter(may_rest).filter(shown) {
        let now = provider.live.state(Instant::now()).word();
        for state in health::State::WORDS {
            let labels = [("alias", &*pool.alias), ("provider", &*provider.name), ("state", state)];
            lines.line(&labels, f64::from(u8::from(state == now)));
        }
    }
}

/// The share of requests that ask each provider first, if controlled.
fn shares(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    let now = Instant::now();
    for (at, provider) in pool.providers.iter().enumerate() {
        let Some(aimd) = pool.aimd(at) else { continue };
        let share = aimd.share(now);
        if shown || share < 1.0 {
            let labels = [("alias", &*pool.alias), ("provider", &*provider.name)];
            lines.line(&labels, share);
        }
    }
}

/// Conversations that stay with a provider, and others.
fn conversations(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    let Some(affinity) = pool.affinity.as_ref().filter(|_| shown) else { return };
    let Some(provider) = pool.providers.get(affinity.preferred) else { return };
    let counts = affinity.counts(Instant::now());
    for (placed, count) in [("staying", counts.staying), ("others", counts.others)] {
        let labels = [("alias", &*pool.alias), ("provider", &*provider.name), ("placed", placed)];
        lines.line(&labels, count as f64);
    }
}

fn costs(lines: &mut Lines<'_>, pool: &Pool, shown: bool) {
    for provider in &pool.providers {
        let cost = provider.meters.cost.load(Relaxed);
        if cost > 0 || (shown && matches!(provider.pricing, Pricing::Price(_))) {
            let labels = [("alias", &*pool.alias), ("provider", &*provider.name)];
            lines.line(&labels, dollars(cost));
        }
    }
}

fn key_costs(lines: &mut Lines<'_>, table: &Table, all: bool) {
    for account in accounts(table).filter(|account| all || account.cost() > 0) {
        lines.line(&[("key", &account.name)], dollars(account.cost()));
    }
}

fn key_tokens(lines: &mut Lines<'_>, table: &Table, all: bool) {
    for account in accounts(table) {
        let kinds = Usage::default().by_kind().map(|(kind, _)| kind);
        let counts = kinds.iter().zip(account.tokens());
        for (kind, count) in counts.filter(|(_, count)| all || *count > 0) {
            lines.line(&[("key", &account.name), ("kind", kind)], count as f64);
        }
    }
}

fn accounts(table: &Table) -> impl Iterator<Item = &Account> {
    table.keyring.keys().iter().filter_map(|key| key.account.as_deref())
}

fn dollars(pico: u64) -> f64 {
    pico as f64 / 1e12
}

fn config_hash(lines: &mut Lines<'_>, table: &Table, _all: bool) {
    lines.line(&[("sha256", &table.hash)], 1.0);
}

const METRICS: [Metric; 14] = [
    Metric {
        name: "config_hash",
        kind: "gauge",
        help: "Always 1: which file serves.",
        of_pool: |_, _, _| {},
        of_table: config_hash,
    },
    Metric {
        name: "in_flight",
        kind: "gauge",
        help: "Requests in flight.",
        of_pool: in_flight,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "limiter_level",
        kind: "gauge",
        help: "Free share of a rate limit, 0 to 1.",
        of_pool: levels,
        of_table: key_levels,
    },
    Metric {
        name: "window_used_ratio",
        kind: "gauge",
        help: "Used and held share of a limit on tokens or of a budget.",
        of_pool: pool_windows,
        of_table: key_windows,
    },
    Metric {
        name: "queue_waiting",
        kind: "gauge",
        help: "Requests that wait for a limit.",
        of_pool: waiting,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "queue_wait_seconds_total",
        kind: "counter",
        help: "What requests that have passed a queue have waited in it, together.",
        of_pool: waited,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "queue_wait_seconds",
        kind: "histogram",
        help: "How long requests that have passed a queue have waited in it.",
        of_pool: waits,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "queue_waits_total",
        kind: "counter",
        help: "Requests that came to wait, by how that ended.",
        of_pool: waits_ended,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "provider_state",
        kind: "gauge",
        help: "1 for the state that a provider is in.",
        of_pool: states,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "first_choice_share",
        kind: "gauge",
        help: "Share of requests that a provider is asked first for, where a controller steers it.",
        of_pool: shares,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "conversations",
        kind: "gauge",
        help: "Conversations under way, where some stay with a provider.",
        of_pool: conversations,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "cost_dollars_total",
        kind: "counter",
        help: "What the answers of a provider have cost, by the prices of the file.",
        of_pool: costs,
        of_table: |_, _, _| {},
    },
    Metric {
        name: "key_cost_dollars_total",
        kind: "counter",
        help: "What the answers to a key have cost, by the prices of the file.",
        of_pool: |_, _, _| {},
        of_table: key_costs,
    },
    Metric {
        name: "key_tokens_total",
        kind: "counter",
        help: "Tokens by key and kind, as providers tell them.",
        of_pool: |_, _, _| {},
        of_table: key_tokens,
    },
];
/// The most aliases, providers and keys for which unused ones have series. More would be read for
/// seconds, mostly zeros.
pub const MOST_UNUSED: usize = 100_000;
/// The most aliases and providers that have counters from the start. They are in memory during a
/// scrape, about 500 bytes each.
pub(crate) const MOST_ZEROS: usize = 10_000;
/// A chunk has about 50 kB with one provider each.
const POOLS_A_PIECE: usize = 256;
