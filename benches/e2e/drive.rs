//! The load: kept-alive connections that send the same request again and again and time the
//! answers. It never measures a gateway's processor or memory: see `meter`.

pub(crate) mod closed;
pub(crate) mod rate;
pub(crate) mod streams;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::wire::Wire;

/// One client connection.
#[derive(Debug)]
pub(crate) struct Connection {
    wire: Wire,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { wire: Wire::new(TcpStream::connect(address).await?, READ_BUFFER)? })
    }

    /// Sends a request, reads the whole answer, returns its status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.exchange_into(request, |_| {}).await
    }

    /// The same; the body goes to `sink` as it comes.
    pub(crate) async fn exchange_into(
        &mut self,
        request: &[u8],
        sink: impl FnMut(&[u8]),
    ) -> io::Result<u16> {
        self.wire.write(request).await?;
        let Some(head) = self.wire.head().await? else {
            return Err(io::Error::other("closed without an answer"));
        };
        self.wire.body(head.framing, sink).await?;
        Ok(head.status())
    }
}

/// What one stretch of load saw. Times are in nanoseconds, at most four seconds each.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Whole exchanges.
    pub(crate) latencies: Vec<u32>,
    /// From sending the request to the first event.
    pub(crate) first_events: Vec<u32>,
    /// From the upstream's write of an event to its arrival.
    pub(crate) delays: Vec<u32>,
    /// Between two events of one stream.
    pub(crate) gaps: Vec<u32>,
    pub(crate) failures: u64,
    pub(crate) elapsed: Duration,
}

impl Seen {
    fn absorb(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.first_events.extend(other.first_events);
        self.delays.extend(other.delays);
        self.gaps.extend(other.gaps);
        self.failures += other.failures;
    }
}

fn nanos_since(start: Instant) -> u32 {
    u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX)
}

const READ_BUFFER: usize = 64 << 10;
