//! One client connection: HTTP/1.1 or HTTP/2 by its first bytes, with the timeouts and bounds that
//! keep a slow or hostile client from costing anybody else.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

use super::Front;

/// How slow a client may be.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until a request's head is complete; an idle connection is closed after it, too.
    pub header: Duration,
    /// How long a client may leave what was sent to it unread.
    pub write: Duration,
}

/// Accepts until the router closes, and then what is queued already.
pub async fn accept(front: Arc<Front>, listener: TcpListener, timeouts: Timeouts) {
    let mut complaints = Complaints::default();
    let stage = front.stage.clone();
    let closing = std::pin::pin!(stage.closing());
    let mut closing = closing;
    loop {
        tokio::select! {
            biased;
            () = &mut closing => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => spawn(&front, stream, timeouts),
                Err(error) => complaints.back_off(&error).await,
            },
        }
    }
    // Whoever is in the queue was promised a connection by the kernel. It is asked directly:
    // tokio would only know of connections that it was told of before.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, _)) = listener.accept() {
        if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream))
        {
            spawn(&front, stream, timeouts);
        }
    }
}

fn spawn(front: &Arc<Front>, stream: TcpStream, timeouts: Timeouts) {
    let (front, token) = (Arc::clone(front), front.stage.connection());
    tokio::spawn(async move {
        let _token = token;
        if let Err(error) = serve(front, stream, timeouts).await {
            tracing::debug!(%error, "a client connection ended badly");
        }
    });
}

async fn serve(front: Arc<Front>, stream: TcpStream, timeouts: Timeouts) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    SockRef::from(&stream).set_tcp_user_timeout(Some(timeouts.write))?;
    let http2 = tokio::select! {
        http2 = speaks_http2(&stream, timeouts.header) => http2?,
        () = front.stage.closed_for(LAST_WORD) => return Ok(()),
    };
    let stage = front.stage.clone();
    let service = service_fn(move |request| {
        let served = Arc::clone(&front).serve(request);
        async { Ok::<_, Infallible>(served.await) }
    });
    let io = TokioIo::new(stream);
    if http2 {
        // Boxed: every HTTP/1.1 connection would keep room for what HTTP/2 needs.
        let mut connection = Box::pin(http2_builder().serve_connection(io, service));
        // Biased: what has come already is read before the end is heard of; hyper would close a
        // connection of which it has read nothing.
        tokio::select! {
            biased;
            ended = &mut connection => return ended.map_err(io::Error::other),
            () = stage.closing() => connection.as_mut().graceful_shutdown(),
        }
        connection.await.map_err(io::Error::other)
    } else {
        let connection = http1_builder(timeouts).serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        // Biased: what has come already is read before the end is heard of; hyper would close a
        // connection of which it has read nothing.
        tokio::select! {
            biased;
            ended = &mut connection => return ended.map_err(io::Error::other),
            () = stage.closing() => connection.as_mut().graceful_shutdown(),
        }
        connection.await.map_err(io::Error::other)
    }
}

fn http1_builder(timeouts: Timeouts) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header)
        .max_buf_size(LARGEST_READ);
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADER_BYTES)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PING);
    builder
}

/// Looks at the first bytes without taking them.
async fn speaks_http2(stream: &TcpStream, patience: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    let mut first = [0; PREFACE.len()];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let seen =
            timeout(left, stream.peek(&mut first)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first[..seen] != PREFACE[..seen] {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        sleep(HALF_A_PREFACE).await;
    }
}

/// Errors of `accept`, told at most once a second.
#[derive(Default)]
struct Complaints(Option<Instant>);

impl Complaints {
    /// Out of descriptors, mostly: waiting lets connections end, asking again at once only burns.
    async fn back_off(&mut self, error: &io::Error) {
        if self.0.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            tracing::error!(%error, "connections cannot be accepted; trying again");
            self.0 = Some(Instant::now());
        }
        sleep(BACK_OFF).await;
    }
}

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HALF_A_PREFACE: Duration = Duration::from_millis(10);
/// How long a connection that came just before the end may take to say what it wants.
const LAST_WORD: Duration = Duration::from_secs(1);
/// A large body is read in pieces of this size. Each connection may hold one more that is empty;
/// smaller ones cost time, larger ones room (`docs/architecture.md` has the figures).
const LARGEST_READ: usize = 128 * 1024;
const BACK_OFF: Duration = Duration::from_millis(50);
const MOST_STREAMS: u32 = 200;
const MOST_HEADER_BYTES: u32 = 64 * 1024;
const H2_PING: Duration = Duration::from_secs(30);
