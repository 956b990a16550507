//! Closed loop: each connection sends its next request as soon as the last one is answered.
//! It never opens a second connection for a slow answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Connection, Seen, nanos_since};

/// Runs until `span` is over or `most` requests are done, whichever is first.
pub(crate) async fn run(
    address: SocketAddr,
    request: &Arc<[u8]>,
    connections: usize,
    span: Duration,
    most: usize,
) -> io::Result<Seen> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for client in clients {
        let share = most.div_ceil(connections);
        tasks.spawn(repeat(client, address, Arc::clone(request), started + span, share));
    }
    let mut seen = Seen::default();
    while let Some(done) = tasks.join_next().await {
        seen.absorb(done.map_err(io::Error::other)?);
    }
    seen.elapsed = started.elapsed();
    Ok(seen)
}

async fn repeat(
    mut client: Connection,
    address: SocketAddr,
    request: Arc<[u8]>,
    end: Instant,
    most: usize,
) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..most {
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        match client.exchange(&request).await {
            Ok(200) => seen.latencies.push(nanos_since(sent)),
            Ok(_) => seen.failures += 1,
            Err(_) => {
                seen.failures += 1;
                match Connection::open(address).await {
                    Ok(fresh) => client = fresh,
                    Err(_) => break,
                }
            }
        }
    }
    seen
}
