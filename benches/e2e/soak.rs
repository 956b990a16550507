//! A long run: paced streams, a fixed rate of small requests and a file that is replaced every five
//! seconds, all at once. It asks two questions: did anything fail, and does memory grow.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::contender::{self, Contender, Running, Stage};
use super::drive::streams::Shape;
use super::drive::{rate, streams};
use super::meter::resident_mib;
use super::options::Options;
use super::payload::{self, Alias};
use super::pinning::Pinning;
use super::rounds::Reloading;
use super::targets::Setup;
use crate::say;

/// Every router in turn, each for `span`.
pub(crate) async fn run(options: &Options, pinning: &Pinning, span: Duration) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let upstream = contender::start_upstream(pinning).await?;
    let stage = Stage::plain(pinning, upstream.address, folder.path());
    say(&format!(
        "{STREAMS} streams of an event each {} ms, {PER_SECOND} requests/s, a reload each {} s\n",
        GAP.as_millis(),
        BETWEEN_RELOADS.as_secs()
    ));
    let mut routers = contender::line_up(options);
    routers.retain(Contender::is_router);
    if routers.is_empty() {
        return Err(io::Error::other("`--against` leaves no router; name `onwards`"));
    }
    for router in &routers {
        of_one(router, &stage, span).await?;
    }
    Ok(())
}

async fn of_one(contender: &Contender, stage: &Stage<'_>, span: Duration) -> io::Result<()> {
    let process = contender.start(Setup::Reloading, stage).await?;
    let (address, id) = (process.address, process.id());
    let running = Running { address, process: Some(id) };
    let file = Contender::watched_file(Setup::Reloading, stage, running);
    let _reloading = Reloading::start(file, stage.upstream, BETWEEN_RELOADS);

    let small: Arc<[u8]> = payload::request(Alias::Keyed, 1 << 10, "v=1").into();
    let query = format!("events={EVENTS}&gap_ms={}", GAP.as_millis());
    let paced: Arc<[u8]> = payload::request(Alias::Keyed, 1 << 10, &query).into();
    let shape = Shape { events: EVENTS, gap: GAP };
    let resident = RefCell::new(Vec::new());
    let loads = async {
        tokio::try_join!(
            streams::run(address, &paced, STREAMS, shape, span),
            rate::run(address, &small, PER_SECOND, span)
        )
    };
    let (events, requests) = tokio::select! {
        seen = loads => seen?,
        fault = watch(&contender.name, id, &resident, span) => return fault,
    };
    let growth = slope(&resident.borrow());
    say(&format!(
        "{}: {} requests, {} streams, {} events; {} failures; RSS {growth:+.3} MiB a minute \
         after the first\n",
        contender.name,
        requests.latencies.len(),
        events.latencies.len(),
        events.delays.len(),
        requests.failures + events.failures,
    ));
    Ok(())
}

/// Notes what is resident until the load has ended; ends itself only when the process does.
async fn watch(
    name: &str,
    id: u32,
    resident: &RefCell<Vec<(f64, f64)>>,
    span: Duration,
) -> io::Result<()> {
    let began = Instant::now();
    let mut told = Duration::ZERO;
    loop {
        sleep(LOOK_EVERY).await;
        let (elapsed, mib) = (began.elapsed(), resident_mib(id)?);
        // Streams that end after the span leave memory behind; they are no part of the slope.
        if (WARM_UP..span).contains(&elapsed) {
            resident.borrow_mut().push((elapsed.as_secs_f64() / 60.0, mib));
        }
        if elapsed >= told + Duration::from_secs(60) {
            told = elapsed;
            say(&format!("{name}: {:.0} s, {mib:.1} MiB", elapsed.as_secs_f64()));
        }
    }
}

/// How fast the second coordinate grows with the first: least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut above, mut below) = (0.0, 0.0);
    for point in points {
        above += (point.0 - x) * (point.1 - y);
        below += (point.0 - x) * (point.0 - x);
    }
    if below > 0.0 { above / below } else { 0.0 }
}

const STREAMS: usize = 500;
const EVENTS: u32 = 100;
const GAP: Duration = Duration::from_millis(100);
const PER_SECOND: u32 = 2000;
const BETWEEN_RELOADS: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_secs(60);
