//! One client connection: HTTP/1.1 or HTTP/2 by its first bytes, with timeouts and limits against
//! slow or hostile clients.

mod listener;
mod seats;
mod signs;
mod socket;
mod streams;
pub(crate) mod tls;

use std::{
    convert::Infallible, future::poll_fn, io, net::IpAddr, sync::Arc, task::Poll, time::Duration,
};

use http::{HeaderValue, Request, Response, header};
use hyper::{
    body::{Body, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use socket2::SockRef;
use tokio::{
    net::{TcpStream, UnixStream},
    time::{Instant, sleep, timeout_at},
};

pub(crate) use self::listener::Listener;
use self::{
    listener::Accepted,
    seats::{Seat, Seats},
    signs::{HeadTimer, Signs},
    socket::{First, Socket, Wire},
    streams::{Noted, Streams},
};
use super::{reply::Reply, stage::Stage};
use crate::{
    quiet::{ForHyper, Tcp},
    within::after,
};

/// The timeouts of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// The time for a request head from its first byte, and for the first byte of a connection.
    pub(crate) header: Duration,
    /// The time that a client may leave sent bytes unread.
    pub(crate) write: Duration,
    /// The time that a connection may be idle.
    pub(crate) idle: Duration,
}

/// The handler of a port's requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// Handles one request from this address.
    fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: Option<IpAddr>,
    ) -> impl Future<Output = Response<Reply>> + Send;

    /// The stage of the process.
    fn stage(&self) -> &Stage;

    /// The TLS configuration, if the port uses TLS.
    fn tls(&self) -> Option<Arc<ServerConfig>> {
        None
    }
}

/// The handler of one connection's requests.
struct From<S> {
    service: Arc<S>,
    /// Absent for a Unix socket.
    client: Option<IpAddr>,
    /// The stage that it follows.
    stage: Stage,
}

impl<S: Service> From<S> {
    fn serve(&self, request: Request<Incoming>) -> impl Future<Output = Response<Reply>> + use<S> {
        Arc::clone(&self.service).serve(request, self.client)
    }
}

/// Accepts connections until the port closes, and then those already queued. At most `most` are served
/// at once; while others wait in the kernel's queue, the oldest are asked to end.
pub(crate) async fn accept<S: Service>(
    service: Arc<S>,
    listener: Listener,
    timeouts: Timeouts,
    most: usize,
) {
    let mut complaints = Complaints::default();
    let stage = service.stage().clone();
    let closing = std::pin::pin!(stage.closing());
    let mut closing = closing;
    let mut seats = Seats::new(most);
    let mut next = async || {
        let accepted = listener.accept().await?;
        Ok((accepted, seats.take(&stage).await))
    };
    loop {
        tokio::select! {
            biased;
            () = &mut closing => break,
            accepted = next() => match accepted {
                Ok((accepted, seat)) => spawn(&service, accepted, timeouts, seat),
                Err(error) => complaints.back_off(&error).await,
            },
        }
    }
    // The kernel has already completed the handshake of queued connections.
    for accepted in listener.queued() {
        spawn(&service, accepted, timeouts, Seats::Any.take(&stage).await);
    }
}

fn spawn<S: Service>(
    service: &Arc<S>,
    accepted: Accepted,
    timeouts: Timeouts,
    Seat { stage, _permit: permit }: Seat,
) {
    let (service, token) = (Arc::clone(service), stage.connection());
    tokio::spawn(async move {
        let _held = (token, permit);
        let from = From { service, client: None, stage };
        let ended = match accepted {
            Accepted::Tcp(stream, client) => serve(from, (stream, client), timeouts).await,
            // Boxed, since nearly every connection is TCP. A Unix socket does not use TLS.
            Accepted::Unix(stream) => Box::pin(serve_local(from, stream, timeouts)).await,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a client connection ended badly");
        }
    });
}

async fn serve<S: Service>(
    from: From<S>,
    (stream, client): (TcpStream, IpAddr),
    timeouts: Timeouts,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(&stream);
        socket.set_tcp_user_timeout(Some(timeouts.write))?;
        // Makes slow reading visible in small steps. Otherwise the kernel accepts nothing more
        // until the client has read a third of the buffer, which may be a megabyte.
        socket.set_tcp_notsent_lowat(MOST_UNSENT)?;
    }
    let from = From { client: Some(client), ..from };
    let limit = after(Instant::now(), timeouts.header);
    match from.service.tls() {
        None => speak(from, Tcp::new(stream), timeouts, limit).await,
        // Boxed, since other connections would keep space for TLS.
        Some(config) => Box::pin(secure(from, stream, timeouts, (config, limit))).await,
    }
}

async fn serve_local<S: Service>(
    from: From<S>,
    stream: UnixStream,
    timeouts: Timeouts,
) -> io::Result<()> {
    let limit = after(Instant::now(), timeouts.header);
    speak(from, stream, timeouts, limit).await
}

/// Makes the TLS handshake and continues as without TLS.
async fn secure<S: Service>(
    from: From<S>,
    stream: TcpStream,
    timeouts: Timeouts,
    (config, limit): (Arc<ServerConfig>, Instant),
) -> io::Result<()> {
    let accepted = tokio::select! {
        accepted = timeout_at(limit, tls::accept(stream, config)) => {
            accepted.map_err(|_| io::ErrorKind::TimedOut)??
        }
        () = from.stage.closed_for(LAST_WORD) => return Ok(()),
    };
    match accepted {
        Some(stream) => speak(from, stream, timeouts, limit).await,
        None => Ok(()),
    }
}

/// Serves the connection when its first bytes tell the protocol, at the latest by `limit`.
async fn speak<S: Service, W: Wire>(
    from: From<S>,
    mut stream: W,
    timeouts: Timeouts,
    limit: Instant,
) -> io::Result<()> {
    let first = tokio::select! {
        first = timeout_at(limit, First::read(&mut stream)) => {
            first.map_err(|_| io::ErrorKind::TimedOut)??
        }
        () = from.stage.closed_for(LAST_WORD) => return Ok(()),
    };
    let signs = Arc::<Signs>::default();
    let is_http2 = first.is_http2();
    let socket = Socket::new(stream, first, Arc::clone(&signs), timeouts.write);
    if is_http2 {
        // Boxed, since every HTTP/1.1 connection would keep space for HTTP/2.
        Box::pin(serve_http2(from, socket, timeouts)).await
    } else {
        serve_http1(from, socket, &signs, timeouts).await
    }
}

async fn serve_http1<S: Service, W: Wire>(
    from: From<S>,
    socket: Socket<W>,
    signs: &Arc<Signs>,
    timeouts: Timeouts,
) -> io::Result<()> {
    let service = service_fn(|request: Request<Incoming>| {
        let has_body = !request.body().is_end_stream();
        let is_long = request.body().size_hint().exact().is_none_or(|length| length > SHORT_BODY);
        let served = from.serve(request);
        async move {
            let mut response = served.await;
            let status = response.status().as_u16();
            if has_body && status >= 400 {
                signs.refused_early();
                if leaves_body_unread(status, is_long) {
                    // The client may also send another request on a connection that is about to
                    // close.
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
            }
            Ok::<_, Infallible>(response)
        }
    });
    let timer = HeadTimer::new(Arc::clone(signs));
    let connection = http1_builder(timer).serve_connection(ForHyper::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let mut overdue = std::pin::pin!(signs.overdue(timeouts.header, timeouts.idle));
    let mut closing = std::pin::pin!(from.stage.closing());
    // A chunk of a stream polls all three. The connection comes first: received bytes are read before
    // the end is noticed; hyper would close a connection that it has not read from.
    let ended = poll_fn(|cx| {
        if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
            return Poll::Ready(Some(ended.map_err(io::Error::other)));
        }
        if overdue.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        closing.as_mut().poll(cx).map(|()| None)
    });
    if let Some(ended) = ended.await {
        return ended;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = connection => ended.map_err(io::Error::other),
        () = overdue => Err(io::ErrorKind::TimedOut.into()),
        // It also wakes the connection, so that a stream is told of the end.
        () = from.stage.cut_off() => Ok(()),
    }
}

/// Whether a response with this status was probably sent before the request's body was read.
fn leaves_body_unread(status: u16, is_long: bool) -> bool {
    matches!(status, 408 | 413 | 415) || (is_long && matches!(status, 401 | 404 | 503))
}

async fn serve_http2<S: Service, W: Wire>(
    from: From<S>,
    socket: Socket<W>,
    timeouts: Timeouts,
) -> io::Result<()> {
    let service = service_fn(|request| {
        let served = from.serve(request);
        async { Ok::<_, Infallible>(streams::making(served).await.map(Noted::new)) }
    });
    let streams = Streams::new(timeouts.write);
    let builder = http2_builder(streams.clone());
    let mut connection = std::pin::pin!(builder.serve_connection(ForHyper::new(socket), service));
    // Biased: as for HTTP/1.1.
    tokio::select! {
        biased;
        ended = &mut connection => return ended.map_err(io::Error::other),
        () = from.stage.closing() => {}
        () = streams.idle(timeouts.idle) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = connection => ended.map_err(io::Error::other),
        () = streams.idle(GOODBYE) => Ok(()),
    }
}

fn http1_builder(timer: HeadTimer) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(timer)
        // Only the fact that hyper sets the timer matters, not its duration.
        .header_read_timeout(Duration::from_secs(1))
        .max_buf_size(LARGEST_READ);
    builder
}

fn http2_builder(streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADER_BYTES)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PING);
    builder
}

/// Errors of `accept`, logged at most once a second.
#[derive(Default)]
struct Complaints(Option<Instant>);

impl Complaints {
    /// Usually out of file descriptors: a pause lets connections end, while an immediate retry only
    /// burns CPU.
    async fn back_off(&mut self, error: &io::Error) {
        if self.0.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            tracing::error!(%error, "connections cannot be accepted; trying again");
            self.0 = Some(Instant::now());
        }
        sleep(BACK_OFF).await;
    }
}

/// How much of a body is read without a known key.
const SHORT_BODY: u64 = 64 * 1024;
/// The time for a connection accepted just before the end to send its request.
const LAST_WORD: Duration = Duration::from_secs(1);
/// A large body is read in chunks of this size. Each connection may also hold one empty chunk.
/// Smaller ones cost time, larger ones memory (see the figures in `docs/architecture.md`).
const LARGEST_READ: usize = 128 * 1024;
/// Bytes that may wait in the kernel for the client, besides those in flight.
#[cfg(target_os = "linux")]
const MOST_UNSENT: u32 = 256 * 1024;
const BACK_OFF: Duration = Duration::from_millis(50);
const MOST_STREAMS: u32 = 200;
const MOST_HEADER_BYTES: u32 = 64 * 1024;
const H2_PING: Duration = Duration::from_secs(30);
/// The time for an idle HTTP/2 connection to receive the close.
const GOODBYE: Duration = Duration::from_secs(5);
