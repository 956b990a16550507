//! The state as JSON for the status page and `/status`: configuration, aliases with their
//! providers, keys, teams, last requests.
//!
//! It counts nothing itself; it reads counters, the live state and the feed.

mod clock;
mod pools;
mod recent;
mod spenders;

use std::sync::Arc;

use serde::Serialize;

pub(super) use self::{clock::Clock, spenders::KeyTold};
use self::{
    pools::{Observed, PoolTold},
    spenders::{Spenders, TeamTold},
};
use crate::{
    gateway::Gateway,
    live::Meters,
    reload::Latest,
    report::{
        Feed,
        feed::row::{Row, stamp},
    },
    secret::names::label,
    serve::Stage,
    table::Table,
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
    /// The beginning of what `cost_today` counts.
    today_since: String,
    keys: Vec<KeyTold>,
    keys_left_out: usize,
    teams: Vec<TeamTold>,
    teams_left_out: usize,
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

/// The status as one line of JSON, equal as long as nothing has changed.
pub(super) fn render(sources: &Sources, clock: Clock) -> String {
    let table = sources.gateway.snapshot();
    let last = sources.feed.last();
    let observed = Observed::new(sources.meters.totals(), &last, clock);
    let (aliases, aliases_left_out) = observed.pools(&table);
    let spenders = Spenders::new(&table, clock);
    let (keys, keys_left_out) = spenders.keys();
    let (teams, teams_left_out) = spenders.teams();
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        started: stamp(clock.started()),
        config: config(&sources.latest, &table),
        aliases,
        aliases_left_out,
        today_since: stamp(spenders.since()),
        keys,
        keys_left_out,
        teams,
        teams_left_out,
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
