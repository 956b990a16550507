//! A provider that speaks HTTP/2 over TLS and can refuse streams and say GOAWAY.
//!
//! Never: its acts are taken in order of the requests' arrival, over all connections.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::h2::server::SendResponse;
use ::h2::{Reason, RecvStream};
use bytes::Bytes;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::server::TlsStream;

use super::tls::Tls;
use super::{Reply, chunk_event};

/// What is done with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Answer,
    /// RST_STREAM(REFUSED_STREAM): not processed, may be sent again.
    Refuse,
    /// GOAWAY(NO_ERROR) while this request is in flight, which is then answered.
    GoAwayThenAnswer,
    /// A stream of two events, then RST_STREAM(INTERNAL_ERROR).
    ResetMidStream,
    /// Informational responses without end.
    InterimForEver,
    /// A head, then DATA frames without data and without end.
    EmptyDataForEver,
}

/// An HTTP/2 provider; it ends when dropped.
pub(crate) struct H2Upstream {
    addr: SocketAddr,
    stage: Arc<Stage>,
    task: AbortHandle,
}

#[derive(Default)]
struct Stage {
    acts: Mutex<VecDeque<Act>>,
    hits: AtomicUsize,
    received: AtomicUsize,
    connections: AtomicUsize,
}

impl H2Upstream {
    /// Does `acts` for the first requests, then answers.
    pub(crate) async fn start(acts: &[Act], tls: &Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stage = Arc::new(Stage::default());
        stage.acts.lock().unwrap().extend(acts);
        let acceptor = tls.acceptor();
        let shared = stage.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, stage) = (acceptor.clone(), shared.clone());
                connections.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        stage.connections.fetch_add(1, Ordering::Relaxed);
                        serve(stream, &stage).await;
                    }
                });
            }
        });
        Self { addr, stage, task: task.abort_handle() }
    }

    pub(crate) fn base(&self) -> String {
        format!("https://{}", self.addr)
    }

    pub(crate) fn hits(&self) -> usize {
        self.stage.hits.load(Ordering::Relaxed)
    }

    /// Bytes of all bodies.
    pub(crate) fn received(&self) -> usize {
        self.stage.received.load(Ordering::Relaxed)
    }

    pub(crate) fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::Relaxed)
    }
}

impl Drop for H2Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TlsStream<TcpStream>, stage: &Arc<Stage>) {
    let Ok(mut connection) = ::h2::server::handshake(stream).await else { return };
    let mut answers = JoinSet::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        stage.hits.fetch_add(1, Ordering::Relaxed);
        let act = stage.acts.lock().unwrap().pop_front().unwrap_or(Act::Answer);
        if act == Act::Refuse {
            respond.send_reset(Reason::REFUSED_STREAM);
            continue;
        }
        if act == Act::GoAwayThenAnswer {
            connection.graceful_shutdown();
        }
        answers.spawn(answer(request, respond, act, stage.clone()));
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    act: Act,
    stage: Arc<Stage>,
) {
    let mut body = request.into_body();
    while let Some(Ok(piece)) = body.data().await {
        stage.received.fetch_add(piece.len(), Ordering::Relaxed);
        let _ = body.flow_control().release_capacity(piece.len());
    }
    if act == Act::InterimForEver {
        let hint = || Response::builder().status(103).header("link", "a".repeat(4_000)).body(());
        while respond.send_informational(hint().unwrap()).is_ok() {
            tokio::task::yield_now().await;
        }
        return;
    }
    let kind = if act == Act::ResetMidStream { "text/event-stream" } else { "application/json" };
    let head = Response::builder().header("content-type", kind).body(()).unwrap();
    if act == Act::GoAwayThenAnswer {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let Ok(mut stream) = respond.send_response(head, false) else { return };
    if act == Act::EmptyDataForEver {
        while stream.send_data(Bytes::new(), false).is_ok() {
            tokio::task::yield_now().await;
        }
        return;
    }
    if act == Act::ResetMidStream {
        let events = format!("{}{}", chunk_event("a"), chunk_event("b"));
        let _ = stream.send_data(events.into(), false);
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.send_reset(Reason::INTERNAL_ERROR);
        return;
    }
    let _ = stream.send_data(Reply::chat("over h2").payload().into(), true);
}
