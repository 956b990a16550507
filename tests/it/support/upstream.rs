//! A provider that does what its script says, byte for byte, and remembers what it was sent.
//!
//! Never: it never repairs, re-frames or completes an answer; a fault stays exactly as scripted.

mod reply;
mod script;
mod serve;
mod seen;
pub(crate) mod h2;
pub(crate) mod tls;

pub(crate) use reply::{Fault, Framing, Place, Reply, chunk_event, gzip_stored};
pub(crate) use script::{Accept, Script};
pub(crate) use seen::Seen;
pub(crate) use tls::Tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::AbortHandle;

use super::eventually;
use seen::Journal;

/// A scripted provider on a port of its own; it ends when dropped.
pub(crate) struct Upstream {
    addr: SocketAddr,
    scheme: &'static str,
    journal: Arc<Journal>,
    accepting: Option<AbortHandle>,
    /// Sockets that hold a port (or fill a backlog) without ever serving it.
    _held: Vec<Socket>,
}

impl Upstream {
    /// Plain HTTP/1.1.
    pub(crate) async fn start(script: impl Into<Script>) -> Self {
        Self::launch(script.into(), None).await
    }

    /// HTTP/1.1 over TLS with the certificate of `tls`.
    pub(crate) async fn start_tls(script: impl Into<Script>, tls: &Tls) -> Self {
        Self::launch(script.into(), Some(tls)).await
    }

    async fn launch(script: Script, tls: Option<&Tls>) -> Self {
        let listener = listener();
        let addr = listener.local_addr().unwrap();
        let journal = Arc::new(Journal::default());
        let acceptor = tls.map(Tls::acceptor);
        let task = tokio::spawn(serve::accept(listener, acceptor, script, journal.clone()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self { addr, scheme, journal, accepting: Some(task.abort_handle()), _held: Vec::new() }
    }

    /// A port that refuses: it is bound, so nobody else can take it, but nobody listens.
    pub(crate) fn refused() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self::unserved(vec![socket])
    }

    /// A port whose backlog is full, so that a connect neither succeeds nor fails.
    pub(crate) fn black_hole() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let addr = socket.local_addr().unwrap();
        let mut held = vec![socket];
        for _ in 0..4 {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            // The first ones are queued, the others hang in SYN_SENT; both is what fills the hole.
            let _ = filler.connect(&addr);
            held.push(filler);
        }
        Self::unserved(held)
    }

    /// It dies: its connections break, and its port refuses from now on.
    pub(crate) async fn dies(&mut self) {
        if let Some(task) = self.accepting.take() {
            task.abort();
        }
        let held = eventually(Duration::from_secs(5), async || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_reuse_address(true).unwrap();
            let bound = socket.bind(&self.addr.into()).is_ok();
            self._held.push(socket);
            bound
        });
        assert!(held.await, "its port is still in use");
    }

    fn unserved(held: Vec<Socket>) -> Self {
        let addr = held[0].local_addr().unwrap().as_socket().unwrap();
        let journal = Arc::new(Journal::default());
        Self { addr, scheme: "http", journal, accepting: None, _held: held }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The origin, as a provider's `url` without a path.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.addr)
    }

    /// Requests whose head and body were read whole.
    pub(crate) fn hits(&self) -> usize {
        self.journal.seen.lock().unwrap().len()
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.journal.seen.lock().unwrap().clone()
    }

    /// The newest request.
    pub(crate) fn last(&self) -> Seen {
        self.requests().pop().expect("the provider was never asked")
    }

    pub(crate) fn connections(&self) -> usize {
        self.journal.connections.load(Ordering::Relaxed)
    }

    /// Bytes of answers that the kernel has taken so far.
    pub(crate) fn written(&self) -> u64 {
        self.journal.written.load(Ordering::Relaxed)
    }

    /// Everything received, HTTP or not (the first megabyte).
    pub(crate) fn received(&self) -> Vec<u8> {
        self.journal.received.lock().unwrap().clone()
    }

    /// When the peer left before an answer had ended, if one did.
    pub(crate) async fn wait_disconnect(&self, within: Duration) -> Option<Instant> {
        eventually(within, async || !self.journal.gone.lock().unwrap().is_empty()).await;
        self.journal.gone.lock().unwrap().first().copied()
    }

    pub(crate) async fn wait_hits(&self, count: usize, within: Duration) -> bool {
        eventually(within, async || self.hits() >= count).await
    }
}

/// With room for a crowd that connects at once: a connection that the backlog has none for waits a whole second.
fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    socket.listen(4_096).unwrap()
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(task) = self.accepting.take() {
            task.abort();
        }
    }
}
