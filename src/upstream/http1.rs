//! One HTTP/1.1 connection to a provider, with one request at a time. Between two requests it may
//! be parked.
//!
//! hyper keeps about thirty kilobytes for a connection: two buffers, a queue of requests, a task.
//! An idle connection is taken out of hyper, and only its socket stays.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    runtime::Handle,
    sync::oneshot,
    task::AbortHandle,
    time::sleep,
};

use super::listen::{ListenState, Listening};
use crate::{
    body::PiecesBody,
    quiet::{ForHyper, Quiet},
};

/// A TCP or TLS connection. Boxed, so that hyper is compiled once for both.
pub(crate) type Stream = Box<dyn Socket>;

/// The requirements on a connection.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Quiet + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Quiet + Send + Unpin> Socket for S {}

/// A connection driven by hyper.
pub(crate) struct Http1 {
    requests: http1::SendRequest<PiecesBody>,
    listen_state: ListenState,
    opened: Instant,
    park: oneshot::Sender<oneshot::Sender<Stream>>,
    _carrier: Carrier,
}

/// The task that drives a connection. It ends soon after the connection is dropped, even if the
/// provider answered early, stopped reading and never closes; otherwise a request body that is
/// still being sent would stay in memory.
struct Carrier(AbortHandle);

impl Http1 {
    /// Lets hyper drive `stream`, which was `opened` then. Nothing is sent.
    ///
    /// # Errors
    /// hyper's own; it has none today.
    pub(crate) async fn open(stream: Stream, opened: Instant) -> hyper::Result<Self> {
        let listen_state = ListenState::default();
        let io = ForHyper::new(listen_state.listen(stream, MOST_UNANSWERED));
        let (requests, connection) = http1::Builder::new().handshake(io).await?;
        let (park, asked) = oneshot::channel();
        let carrier = Carrier(tokio::spawn(carry(connection, asked)).abort_handle());
        Ok(Self { requests, listen_state, opened, park, _carrier: carrier })
    }

    /// When the connection was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// Sends the request and waits for the answer's head.
    pub(crate) fn send(
        &mut self,
        request: Request<PiecesBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<PiecesBody>>>> + use<>
    {
        self.listen_state.ask();
        self.requests.try_send_request(request)
    }

    /// Whether the provider has sent anything since the last request.
    pub(crate) fn has_received(&self) -> bool {
        self.listen_state.received_anything()
    }

    /// The answer has made progress.
    pub(crate) fn went_on(&self) {
        self.listen_state.clear();
    }

    /// Whether the last answer has ended, so that the next request may be sent.
    pub(crate) fn is_ready(&self) -> bool {
        self.requests.is_ready()
    }

    /// Waits until it is ready; `false` if it was closed.
    pub(crate) async fn becomes_ready(&mut self) -> bool {
        self.requests.ready().await.is_ok()
    }

    /// Whether it accepts no more requests.
    pub(crate) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Takes the connection out of hyper; `None` if it was closed, or is still sending a request
    /// that was answered early.
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
        // Without a runtime, its tasks have ended.
        let Ok(runtime) = Handle::try_current() else { return };
        let task = self.0.clone();
        runtime.spawn(async move {
            sleep(LEAVE_TAKING).await;
            task.abort();
        });
    }
}

type Carried = http1::Connection<ForHyper<Listening<Stream>>, PiecesBody>;

/// Ends when the provider closes the connection, or when no more requests can arrive.
async fn carry(connection: Carried, mut park: oneshot::Receiver<oneshot::Sender<Stream>>) {
    let Ok(parts) = connection.without_shutdown().await else { return };
    let mut stream = parts.io.into_inner().into_inner();
    match park.try_recv() {
        // Bytes without a request do not begin an answer.
        Ok(reply) if parts.read_buf.is_empty() => drop(reply.send(stream)),
        _ => drop(stream.shutdown().await),
    }
}

/// Whether a parked connection is usable: the provider has neither closed it nor sent anything.
pub(crate) fn is_quiet(stream: &mut Stream) -> bool {
    stream.read_u8().now_or_never().is_none()
}

/// The most bytes without progress. hyper refuses a head of more than 400 KiB and reads at most as
/// much at once; anything above is interim responses (1xx).
const MOST_UNANSWERED: usize = 1024 * 1024;
/// The time for a clean close of a dropped connection.
const LEAVE_TAKING: Duration = Duration::from_secs(1);
