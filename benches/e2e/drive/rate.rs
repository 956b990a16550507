//! Open loop: requests leave at a fixed rate, whether or not earlier ones are answered, so a slow
//! gateway cannot slow its own clients down. It never reuses a connection that is still busy, nor one
//! that has been idle for so long that a gateway may be about to close it.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Connection, Seen, nanos_since};
use crate::say;

type Shared<T> = Rc<RefCell<T>>;

/// Sends `per_second` requests a second for `span`, then waits for the last answers.
pub(crate) async fn run(
    address: SocketAddr,
    request: &Arc<[u8]>,
    per_second: u32,
    span: Duration,
) -> io::Result<Seen> {
    let idle: Shared<Vec<(Connection, Instant)>> = Rc::default();
    let seen: Shared<Seen> = Rc::default();
    for _ in 0..WARM_CONNECTIONS {
        let fresh = Connection::open(address).await?;
        idle.borrow_mut().push((fresh, Instant::now()));
    }
    let started = Instant::now();
    let tasks = LocalSet::new();
    tasks
        .run_until(async {
            let mut ticks = interval(Duration::from_secs(1) / per_second);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while started.elapsed() < span {
                ticks.tick().await;
                let request = Arc::clone(request);
                let (idle, seen) = (Rc::clone(&idle), Rc::clone(&seen));
                tokio::task::spawn_local(one(address, request, idle, seen));
            }
        })
        .await;
    tasks.await;
    let mut seen = seen.take();
    seen.elapsed = started.elapsed();
    Ok(seen)
}

/// Timed from the moment it is really sent: the timer's millisecond is the driver's, not the
/// gateway's.
async fn one(
    address: SocketAddr,
    request: Arc<[u8]>,
    idle: Shared<Vec<(Connection, Instant)>>,
    seen: Shared<Seen>,
) {
    let reused = idle.borrow_mut().pop();
    let reused = reused.filter(|(_, since)| since.elapsed() < LONGEST_IDLE);
    let exchange = async {
        let mut connection = match reused {
            Some((connection, _)) => connection,
            None => Connection::open(address).await?,
        };
        let sent = Instant::now();
        let status = connection.exchange(&request).await?;
        io::Result::Ok((connection, status, nanos_since(sent)))
    };
    match exchange.await {
        Ok((connection, 200, took)) => {
            seen.borrow_mut().latencies.push(took);
            idle.borrow_mut().push((connection, Instant::now()));
        }
        failed => {
            let mut seen = seen.borrow_mut();
            seen.failures += 1;
            if seen.failures <= MOST_TOLD {
                say(&format!("failed: {:?}", failed.map(|(_, status, _)| status)));
            }
        }
    }
}

const WARM_CONNECTIONS: usize = 8;
/// Every gateway here keeps idle connections for longer.
const LONGEST_IDLE: Duration = Duration::from_secs(5);
/// Failures that are told one by one.
const MOST_TOLD: u64 = 5;
