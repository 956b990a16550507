//! Interleaved rounds: A B C, A B C, … so that whatever else the machine does falls on everyone.
//! It never compares figures from different runs.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::contender::{self, Contender, DIRECT, Running, Stage};
use super::drive::streams::Shape;
use super::drive::{Seen, closed, rate, streams};
use super::memory;
use super::meter::{Meter, resident_mib};
use super::options::Options;
use super::payload;
use super::pinning::Pinning;
use super::preflight;
use super::report::{self, Table};
use super::sample::{self, Sample};
use super::scenario::{self, Load, Scenario};
use super::targets::{self, Setup};
use crate::say;

/// The whole run: every chosen scenario, then the summary.
pub(crate) async fn compare(options: &Options, pinning: &Pinning) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let upstream = contender::start_upstream(pinning).await?;
    let stage = Stage::plain(pinning, upstream.address, folder.path());
    let mut everyone = contender::line_up(options);
    say(&format!(
        "{}; {} rounds of {} s each, interleaved; medians.\n",
        pinning.describe(),
        options.rounds(),
        options.seconds()
    ));
    let mut tables = Vec::new();
    for scenario in scenario::chosen(options) {
        let table = if matches!(scenario.load, Load::Memory) {
            memory::measure(options, scenario, &everyone, &stage).await
        } else {
            measure(options, scenario, &mut everyone, &stage).await?
        };
        say(&report::table(&table));
        tables.push(table);
        for contender in &mut everyone {
            contender.stop();
        }
    }
    say(&report::summary(&tables));
    Ok(())
}

/// One scenario, all rounds.
async fn measure(
    options: &Options,
    scenario: &'static Scenario,
    everyone: &mut [Contender],
    stage: &Stage<'_>,
) -> io::Result<Table> {
    let request = request_of(scenario);
    let mut present = Vec::new();
    for contender in everyone.iter_mut() {
        let Some(running) = contender.ensure(scenario.setup, stage).await? else { continue };
        let router = contender.is_router();
        let size = scenario.load.body();
        match preflight::check(running.address, scenario.alias, size, router).await {
            Ok(()) => {
                let reloads = router && scenario.setup == Setup::Reloading;
                let watched =
                    reloads.then(|| Contender::watched_file(scenario.setup, stage, running));
                present.push((contender.name.clone(), running, watched, Vec::new()));
            }
            Err(fault) => {
                say(&format!("{} left out of {}: {fault}", contender.name, scenario.name));
            }
        }
    }
    let span = Duration::from_secs_f64(options.seconds());
    for (_, running, _, _) in &present {
        stretch(scenario, *running, &request, span.min(WARM_UP)).await?;
    }
    for _ in 0..options.rounds() {
        let mut direct = Sample::new();
        for (name, running, watched, rounds) in &mut present {
            let reloading =
                watched.clone().map(|file| Reloading::start(file, stage.upstream, BETWEEN_RELOADS));
            let mut figures = stretch(scenario, *running, &request, span).await?;
            drop(reloading);
            if name == DIRECT {
                direct.clone_from(&figures);
            } else {
                sample::add_to_direct(&mut figures, &direct);
            }
            rounds.push(figures);
        }
    }
    let rows =
        present.into_iter().map(|(name, _, _, rounds)| (name, sample::medians(&rounds))).collect();
    Ok(Table { name: scenario.name, about: scenario.about, rows })
}

/// The bytes that a scenario sends.
pub(crate) fn request_of(scenario: &Scenario) -> Arc<[u8]> {
    let query = match scenario.load {
        Load::Streams { events, gap_ms, .. } => format!("events={events}&gap_ms={gap_ms}"),
        _ => "v=1".to_owned(),
    };
    payload::request(scenario.alias, scenario.load.body(), &query).into()
}

/// One contender's turn.
async fn stretch(
    scenario: &Scenario,
    running: Running,
    request: &Arc<[u8]>,
    span: Duration,
) -> io::Result<Sample> {
    let meter = running.process.map(Meter::read).transpose()?;
    let load = drive(scenario.load, running, request, span);
    let seen = tokio::time::timeout(span + LAST_ANSWERS, load)
        .await
        .map_err(|_| io::Error::other(format!("{}: load did not end", scenario.name)))??;
    let spent = meter.map(|meter| meter.spent()).transpose()?;
    let resident = running.process.map(resident_mib).transpose()?;
    Ok(sample::sample(seen, spent, resident))
}

async fn drive(
    load: Load,
    running: Running,
    request: &Arc<[u8]>,
    span: Duration,
) -> io::Result<Seen> {
    let address = running.address;
    match load {
        Load::Closed { connections, .. } => {
            closed::run(address, request, connections, span, MOST_REQUESTS).await
        }
        Load::Rate { per_second, .. } => rate::run(address, request, per_second, span).await,
        Load::Streams { connections, events, gap_ms } => {
            let shape = Shape { events, gap: Duration::from_millis(u64::from(gap_ms)) };
            streams::run(address, request, connections, shape, span).await
        }
        Load::Memory => Err(io::Error::other("memory is not measured in rounds")),
    }
}

/// Replaces a targets file again and again until it is dropped.
#[derive(Debug)]
pub(crate) struct Reloading(tokio::task::JoinHandle<()>);

impl Reloading {
    pub(crate) fn start(file: PathBuf, upstream: std::net::SocketAddr, every: Duration) -> Self {
        Self(tokio::spawn(async move {
            for generation in 1.. {
                tokio::time::sleep(every).await;
                if let Err(fault) = targets::replace(&file, Setup::Reloading, upstream, generation)
                {
                    say(&format!("the targets file could not be replaced: {fault}"));
                }
            }
        }))
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

const WARM_UP: Duration = Duration::from_millis(500);
/// Streams are read to their end, which can be this long after the span.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
const MOST_REQUESTS: usize = 10_000_000;
const BETWEEN_RELOADS: Duration = Duration::from_millis(500);
