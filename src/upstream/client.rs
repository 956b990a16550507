//! Kept-alive connections to providers: one `Client` for each core, and one idle list for each
//! origin, by number.
//!
//! This is not hyper-util's pool, because an attempt must know three things that it hides: whether
//! a connection was used before (only then may a broken request be sent again), where connecting
//! ends and waiting begins, and each provider's own connect timeout.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::Either};
use http::{Request, Response};
use http_body::Body as _;
use hyper::{body::Incoming, client::conn::TrySendError};

use super::barrier::causes;
use super::dial::{DialError, Dialler, Sender, is_broken_off};
use super::identity::{Credential, Identities, Unfetched};
use super::numbered::Numbered;
use super::source::Source;
use super::warm::Warm;
use crate::{
    body::PiecesBody,
    failure::Brief,
    table::{IdlePool, Origin, identity::Identity},
};

/// The upstream connections of one core.
#[derive(Default)]
pub(crate) struct Client {
    dialler: Dialler,
    /// By `Origin::id`.
    origins: Numbered<Warm>,
    /// Fetched credentials, shared by all cores.
    identities: Arc<Identities>,
}

/// A connection for one request.
pub(crate) struct Lease {
    sender: Sender,
    reused: bool,
    home: Arc<Warm>,
    pool: IdlePool,
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The connection was closed before the request was written, so it can be sent on a fresh one.
    Unsent,
    /// The request was written to a reused connection that broke at once, or the provider reports
    /// that it was not processed: it can be sent on a fresh connection.
    Stale,
    /// The connection broke before the answer's head was complete.
    BrokenOff(String),
    /// The answer's head took too long.
    Late(String),
    /// The answer is not HTTP.
    Malformed(String),
}

/// An answer's body. At its end, the connection returns to its origin's idle list. If it is dropped
/// earlier, the connection is closed and the provider stops working.
pub(crate) struct WireBody {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl Client {
    /// The connections of one core, with the credentials of all.
    pub(crate) fn new(identities: Arc<Identities>) -> Self {
        Self { identities, ..Self::default() }
    }

    /// The current credential of an identity.
    ///
    /// # Errors
    /// Why it is not available, for the operator.
    pub(crate) async fn credential(
        &self,
        whose: &Arc<Identity>,
    ) -> Result<Arc<Credential>, Unfetched> {
        self.identities.credential(whose).await
    }

    /// A provider has refused the credential of an identity.
    pub(crate) fn invalidate(&self, whose: &Identity) {
        self.identities.invalidate(whose);
    }

    /// A connection to `origin`: an idle one, or always a new one if `fresh`.
    pub(crate) async fn lease(&self, origin: &Origin, fresh: bool) -> Result<Lease, DialError> {
        let home = self.origins.of(&origin.id);
        let pool = origin.pool;
        let lease = |sender, reused, home| Lease { sender, reused, home, pool };
        if !fresh && let Some(sender) = home.take(pool.max_age).await {
            return Ok(lease(sender, true, home));
        }
        // Boxed, since connecting needs space that a reused connection does not.
        let began = Instant::now();
        let sender = Box::pin(self.dialler.dial(origin)).await?;
        home.connected_in(began.elapsed());
        if let Sender::Http2(sender) = &sender {
            home.share(sender.clone());
        }
        Ok(lease(sender, false, home))
    }

    /// Closes connections that have been idle for too long, and parks those that are not in use.
    pub(crate) async fn sweep(&self) {
        let now = Instant::now();
        for warm in self.origins.all() {
            warm.sweep(now).await;
        }
    }
}

impl Lease {
    /// Whether the connection speaks HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Sends the request of an attempt that waits since `since`, and waits for the answer's head.
    /// The request is already on its way when this returns, so the future does not hold it.
    pub(crate) fn send(
        mut self,
        request: Request<PiecesBody>,
        since: tokio::time::Instant,
    ) -> impl Future<Output = Result<Response<WireBody>, SendError>> {
        let sent = match &mut self.sender {
            Sender::Http1(connection) => Either::Left(connection.send(request)),
            Sender::Http2(shared) => Either::Right(shared.requests.try_send_request(request)),
        };
        // Not an async block, which would hold `sent` twice.
        sent.map(move |sent| match sent {
            // A connection that switched protocols without being asked is unusable.
            Ok(response) if response.status().is_informational() => {
                Ok(response.map(|incoming| WireBody { incoming, lease: None }))
            }
            Ok(response) => Ok(response.map(|incoming| WireBody::new(incoming, self))),
            Err(error) => Err(self.judge(error, since)),
        })
    }

    fn judge(
        &self,
        error: TrySendError<Request<PiecesBody>>,
        since: tokio::time::Instant,
    ) -> SendError {
        let unsent = error.message().is_some();
        let error = error.into_error();
        let broken = is_broken_off(&error);
        let at_once = || since.elapsed() <= self.home.round_trip().clamp(LEAST_TRIP, LONGEST_TRIP);
        if unsent {
            SendError::Unsent
        } else if was_refused_unseen(&error) || (broken && self.broke_in_silence() && at_once()) {
            SendError::Stale
        } else if is_late(&error) {
            SendError::Late(causes(&error))
        } else if broken {
            SendError::BrokenOff(causes(&error))
        } else {
            SendError::Malformed(causes(&error))
        }
    }

    /// Whether the provider closed a reused connection just when it was used again.
    fn broke_in_silence(&self) -> bool {
        self.reused
            && match &self.sender {
                Sender::Http1(connection) => !connection.has_received(),
                Sender::Http2(_) => true,
            }
    }

    /// The answer has made progress.
    fn went_on(&self) {
        match &self.sender {
            Sender::Http1(connection) => connection.went_on(),
            Sender::Http2(shared) => shared.listen_state.clear(),
        }
    }

    fn give_back(self) {
        if let Sender::Http1(connection) = self.sender {
            self.home.keep(connection, self.pool);
        }
    }
}

/// The connection itself reports a head that does not end.
fn is_late(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|it| it.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

/// HTTP/2 says so with `REFUSED_STREAM`, or with a `GOAWAY` that names an earlier stream.
fn was_refused_unseen(error: &hyper::Error) -> bool {
    let cause =
        std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        cause.reason() == Some(h2::Reason::REFUSED_STREAM)
            || (cause.is_go_away()
                && cause.is_remote()
                && cause.reason() == Some(h2::Reason::NO_ERROR))
    })
}

/// A break after more than a round trip comes from a provider that has processed the request. Below
/// the lower limit this would measure a busy core, above the upper one a DNS look-up.
const LEAST_TRIP: Duration = Duration::from_millis(200);
const LONGEST_TRIP: Duration = Duration::from_secs(1);

impl Source for WireBody {
    /// The next chunk. Trailers are ignored, since clients of these protocols do not read them.
    // Called at one place, for each chunk; the compiler does not see that through the trait.
    #[inline(always)]
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(_)) => {
                    self.lease = None;
                    return Poll::Ready(Some(Err(Brief::RESET)));
                }
                None => {
                    self.release();
                    return Poll::Ready(None);
                }
            };
            let piece = frame.into_data().unwrap_or_default();
            // A frame without data makes no progress and is not kept.
            if piece.is_empty() {
                self.release_at_end();
                continue;
            }
            if let Some(lease) = &self.lease {
                lease.went_on();
            }
            self.release_at_end();
            return Poll::Ready(Some(Ok(piece)));
        }
    }

    fn is_end(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn remaining(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }
}

impl WireBody {
    fn new(incoming: Incoming, lease: Lease) -> Self {
        lease.went_on();
        let mut body = Self { incoming, lease: Some(lease) };
        body.release_at_end();
        body
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}
