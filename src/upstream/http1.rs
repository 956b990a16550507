//! One HTTP/1.1 connection to a provider: it is asked for one answer at a time, and between two it
//! may be parked.
//!
//! hyper keeps some thirty kilobytes for a connection: two buffers, a queue of requests, a task.
//! One that has nothing to do for a while is taken out of it, and what stays is the socket.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    runtime::Handle,
    sync::oneshot,
    task::AbortHandle,
    time::sleep,
};

use super::listen::{ListenState, Listening};
use crate::body::PiecesBody;

/// A TCP or TLS connection. Boxed, so that hyper is compiled once for both.
pub(crate) type Stream = Box<dyn Socket>;

/// What a connection must be able to do.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// A connection that hyper carries.
pub(crate) struct Http1 {
    requests: http1::SendRequest<PiecesBody>,
    listen_state: ListenState,
    opened: Instant,
    park: oneshot::Sender<oneshot::Sender<Stream>>,
    _carrier: Carrier,
}

/// The task that carries a connection. It ends soon after the connection is given up, even where the
/// provider answered early, reads no more and never closes: a body that is still being sent would
/// stay in memory for as long.
struct Carrier(AbortHandle);

impl Http1 {
    /// Lets hyper carry `stream`, which was `opened` then. Nothing is sent.
    ///
    /// # Errors
    /// hyper's own; it has none today.
    pub(crate) async fn open(stream: Stream, opened: Instant) -> hyper::Result<Self> {
        let listen_state = ListenState::default();
        let io = TokioIo::new(listen_state.listen(stream, MOST_UNANSWERED));
        let (requests, connection) = http1::Builder::new().handshake(io).await?;
        let (park, asked) = oneshot::channel();
        let carrier = Carrier(tokio::spawn(carry(connection, asked)).abort_handle());
        Ok(Self { requests, listen_state, opened, park, _carrier: carrier })
    }

    /// When the connection was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// Sends the request; the answer's head is what is waited for.
    pub(crate) fn send(
        &mut self,
        request: Request<PiecesBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<PiecesBody>>>> + use<>
    {
        self.listen_state.ask();
        self.requests.try_send_request(request)
    }

    /// Whether the provider has said anything since the last request was sent.
    pub(crate) fn has_received(&self) -> bool {
        self.listen_state.received_anything()
    }

    /// An answer went on.
    pub(crate) fn went_on(&self) {
        self.listen_state.clear();
    }

    /// Whether the last answer has ended, and the next request may be sent.
    pub(crate) fn is_ready(&self) -> bool {
        self.requests.is_ready()
    }

    /// Waits until it is ready; false when it has closed.
    pub(crate) async fn becomes_ready(&mut self) -> bool {
        self.requests.ready().await.is_ok()
    }

    /// Whether it takes no more requests.
    pub(crate) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Takes the connection out of hyper; `None` when it has closed meanwhile, or is not ready: then
    /// it still carries a request that was answered early, and it is not known for how long.
    pub(crate) async fn park(self) -> Option<Stream> {
        if !self.is_ready() {
            return None;
        }
        let Self { requests, park, .. } = self;
        let (reply, stream) = oneshot::channel();
        park.send(reply).ok()?;
        drop(requests);
        stream.await.ok()
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // Where no runtime is left, its tasks have ended.
        let Ok(runtime) = Handle::try_current() else { return };
        let task = self.0.clone();
        runtime.spawn(async move {
            sleep(LEAVE_TAKING).await;
            task.abort();
        });
    }
}

type Carried = http1::Connection<TokioIo<Listening<Stream>>, PiecesBody>;

/// Ends when the provider closes the connection, or when no request can reach it any more.
async fn carry(connection: Carried, mut park: oneshot::Receiver<oneshot::Sender<Stream>>) {
    let Ok(parts) = connection.without_shutdown().await else { return };
    let mut stream = parts.io.into_inner().into_inner();
    match park.try_recv() {
        // Bytes that come without a request do not begin an answer.
        Ok(reply) if parts.read_buf.is_empty() => drop(reply.send(stream)),
        _ => drop(stream.shutdown().await),
    }
}

/// Whether a parked connection may be used again: the provider has neither closed it nor spoken.
pub(crate) fn is_quiet(stream: &mut Stream) -> bool {
    stream.read_u8().now_or_never().is_none()
}

/// The most bytes that bring no answer further. hyper refuses a head of more than 400 KiB and reads at
/// most as many at once; what is above that are interim responses (1xx).
const MOST_UNANSWERED: usize = 1024 * 1024;
/// How long a connection that is given up may take to end in good manners.
const LEAVE_TAKING: Duration = Duration::from_secs(1);
