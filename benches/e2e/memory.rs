//! Resident memory of a fresh process: idle, at the highest point of three loads, and when they
//! are over. It never measures time.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::contender::{Contender, DIRECT, Stage};
use super::drive::streams::Shape;
use super::drive::{closed, streams};
use super::meter::resident_mib;
use super::options::Options;
use super::payload::{self, Alias};
use super::preflight;
use super::report::Table;
use super::sample::{Column, Sample};
use super::scenario::Scenario;
use crate::say;

/// One row per contender; loads follow each other in one process, as a day's traffic does.
pub(crate) async fn measure(
    options: &Options,
    scenario: &Scenario,
    everyone: &[Contender],
    stage: &Stage<'_>,
) -> Table {
    let mut rows = Vec::new();
    for contender in everyone.iter().filter(|one| one.name != DIRECT) {
        match of_one(options, scenario, contender, stage).await {
            Ok(figures) => rows.push((contender.name.clone(), figures)),
            Err(fault) => say(&format!("{} left out of memory: {fault}", contender.name)),
        }
    }
    Table { name: scenario.name, about: scenario.about, rows }
}

async fn of_one(
    options: &Options,
    scenario: &Scenario,
    contender: &Contender,
    stage: &Stage<'_>,
) -> io::Result<Sample> {
    let process = contender.start(scenario.setup, stage).await?;
    let (address, id) = (process.address, process.id());
    sleep(SETTLE).await;
    let mut figures = Sample::from([(Column::Idle, resident_mib(id)?)]);
    preflight::check(address, scenario.alias, 1 << 10, contender.is_router()).await?;

    let span = Duration::from_secs_f64(options.seconds());
    let small: Arc<[u8]> = payload::request(Alias::Keyed, 1 << 10, "v=1").into();
    let large: Arc<[u8]> = payload::request(Alias::Keyed, 8 << 20, "v=1").into();
    let paced: Arc<[u8]> = payload::request(Alias::Keyed, 1 << 10, "events=10&gap_ms=200").into();
    let shape = Shape { events: 10, gap: Duration::from_millis(200) };
    let loads = [
        (Column::SmallLoad, highest(id, closed::run(address, &small, 64, span, MOST)).await?),
        (Column::LargeLoad, highest(id, closed::run(address, &large, 4, span, MOST)).await?),
        (
            Column::StreamLoad,
            highest(id, streams::run(address, &paced, STREAMS, shape, Duration::ZERO)).await?,
        ),
    ];
    figures.extend(loads);
    sleep(if options.quick { SHORT_REST } else { REST }).await;
    figures.insert(Column::Afterwards, resident_mib(id)?);
    Ok(figures)
}

/// The most that was resident while `load` ran.
async fn highest<T>(id: u32, load: impl Future<Output = io::Result<T>>) -> io::Result<f64> {
    let most = Cell::new(0.0_f64);
    let watch = async {
        loop {
            // A process that ended shows as an error of the load.
            most.set(most.get().max(resident_mib(id).unwrap_or(0.0)));
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        done = tokio::time::timeout(LONGEST, load) => {
            done.map_err(|_| io::Error::other("load did not end"))??;
        }
        () = watch => {}
    }
    Ok(most.get())
}

const SETTLE: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const REST: Duration = Duration::from_secs(60);
const SHORT_REST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);
const STREAMS: usize = 1000;
const MOST: usize = 10_000_000;
