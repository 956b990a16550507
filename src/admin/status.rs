//! The state as JSON for the status page and `/status`: configuration, aliases with their
//! providers, keys, last requests.
//!
//! It counts nothing itself; it reads counters, the live state and the feed.

mod clock;
mod pools;
mod recent;

use std::sync::Arc;

use serde::Serialize;

pub(super) use self::clock::Clock;
use self::pools::{Observed, PoolTold};
use crate::{
    gateway::Gateway,
    live::{
        Account, Limits, Meters,
        limit::window::{Unit, Window},
    },
    moment,
    reload::Latest,
    report::{
        Feed,
        feed::row::{Row, dollars, stamp},
    },
    secret::names::label,
    serve::Stage,
    table::{Table, keyring::Key},
};

/// The sources of the status.
#[derive(Clone)]
pub(crate) struct Sources {
    /// The live table.
    pub(crate) gateway: Arc<Gateway>,
    /// The counters.
    pub(crate) meters: Arc<Meters>,
    /// The last requests.
    pub(crate) feed: Arc<Feed>,
    /// The last load of the file.
    pub(crate) latest: Arc<Latest>,
    /// The stage of the process.
    pub(crate) stage: Stage,
}

/// What is told.
#[derive(Debug, Serialize)]
struct Status<'a> {
    version: &'static str,
    started: String,
    config: Config,
    aliases: Vec<PoolTold>,
    /// Aliases that are not listed, because there are too many.
    aliases_left_out: usize,
    keys: Vec<KeyTold>,
    keys_left_out: usize,
    requests: Vec<Row<'a>>,
}

/// The configuration.
#[derive(Debug, Serialize)]
struct Config {
    file: String,
    /// The number of versions since the start.
    version: u64,
    /// The digest of the live file.
    sha256: String,
    /// When it became live.
    since: String,
    /// When the file was read last.
    read: String,
    /// Whether the file as last read is live.
    live: bool,
    /// Its problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<String>,
    warnings: usize,
}

/// A named key.
#[derive(Debug, Serialize)]
pub(super) struct KeyTold {
    key: String,
    in_flight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<f64>,
    /// The windows over tokens and money: used, reserved and the limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<WindowTold>,
    input_tokens: u64,
    output_tokens: u64,
    cost: f64,
}

/// A window over tokens, or over money in dollars.
#[derive(Debug, Serialize)]
pub(super) struct WindowTold {
    window: String,
    used: f64,
    held: f64,
    limit: f64,
}

impl WindowTold {
    fn all(limits: &Limits) -> Vec<Self> {
        let levels = limits.quota().map(|quota| quota.levels(moment::now())).unwrap_or_default();
        let told = |(window, used, held): (Window, u64, u64)| {
            let shown = |amount: u64| match window.unit {
                Unit::Picodollars => dollars(amount),
                _ => amount as f64,
            };
            let (used, held, limit) = (shown(used), shown(held), shown(window.limit));
            Self { window: window.key(), used, held, limit }
        };
        levels.into_iter().map(told).collect()
    }
}

/// The status as one line of JSON, equal as long as nothing has changed.
pub(super) fn render(sources: &Sources, clock: Clock) -> String {
    let table = sources.gateway.snapshot();
    let last = sources.feed.last();
    let observed = Observed::new(sources.meters.totals(), &last, clock);
    let (aliases, aliases_left_out) = observed.pools(&table);
    let (keys, keys_left_out) = keys(&table);
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        started: stamp(clock.started()),
        config: config(&sources.latest, &table),
        aliases,
        aliases_left_out,
        keys,
        keys_left_out,
        requests: last.iter().map(Row::of).collect(),
    };
    serde_json::to_string(&status).unwrap_or_else(|_| "{}".to_owned())
}

/// The last requests with `sought` in their ID, key, alias, provider or status, as JSON.
pub(super) fn search(feed: &Feed, sought: &str) -> String {
    let (last, sought) = (feed.last(), sought.trim().to_lowercase());
    let rows: Vec<Row<'_>> = last.iter().map(Row::of).filter(|row| row.has(&sought)).collect();
    serde_json::to_string(&rows).unwrap_or_else(|_| "[]".to_owned())
}

fn config(latest: &Latest, table: &Table) -> Config {
    let loads = latest.loads();
    Config {
        file: label(&latest.file().to_string_lossy()).into_owned(),
        version: loads.version,
        sha256: table.hash.to_string(),
        since: stamp(loads.since),
        read: stamp(loads.read),
        live: loads.problems.is_none(),
        problems: loads.problems,
        warnings: loads.warnings,
    }
}

/// The named keys, the most expensive first, and how many are left out.
fn keys(table: &Table) -> (Vec<KeyTold>, usize) {
    let keys = table.keyring.keys().iter();
    let mut keys: Vec<_> = keys.filter_map(|key| Some((key, key.account.as_deref()?))).collect();
    let used = |tokens: [u64; 5]| tokens[0] + tokens[1];
    keys.sort_by_cached_key(|(_, account)| {
        std::cmp::Reverse((account.cost(), used(account.tokens())))
    });
    let left_out = keys.len().saturating_sub(MOST_KEYS);
    let told = keys.into_iter().take(MOST_KEYS).map(|(key, account)| KeyTold::of(key, account));
    (told.collect(), left_out)
}

impl KeyTold {
    /// The current state of a key.
    pub(super) fn of(key: &Key, account: &Account) -> Self {
        let [input_tokens, output_tokens, ..] = account.tokens();
        Self {
            key: account.shown().to_owned(),
            in_flight: key.limits.in_flight(),
            cap: key.limits.settings().max,
            level: key.limits.rate_level().map(pools::rounded),
            windows: WindowTold::all(&key.limits),
            input_tokens,
            output_tokens,
            cost: dollars(account.cost()),
        }
    }
}

/// The most keys that are listed.
const MOST_KEYS: usize = 200;
