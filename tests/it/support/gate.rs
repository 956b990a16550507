//! A way to a server that a test may cut, slow down or lead elsewhere.
//!
//! Never: a byte is lost while a connection lasts; what is cut off waits.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// It ends with this value.
pub(crate) struct Gate {
    addr: SocketAddr,
    way: Arc<Way>,
    accepting: tokio::task::AbortHandle,
}

struct Way {
    to: Mutex<SocketAddr>,
    is_open: watch::Sender<bool>,
    delay: Mutex<Duration>,
    connections: Mutex<JoinSet<()>>,
}

impl Gate {
    /// Leads there.
    pub(crate) async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let way = Arc::new(Way {
            to: Mutex::new(to),
            is_open: watch::Sender::new(true),
            delay: Mutex::default(),
            connections: Mutex::default(),
        });
        let all = Arc::clone(&way);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let way = Arc::clone(&all);
                all.connections.lock().unwrap().spawn(async move { way.lead(stream).await });
            }
        });
        Self { addr, way, accepting: accepting.abort_handle() }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Nothing passes any more, and no connection ends.
    pub(crate) fn cut(&self) {
        self.way.is_open.send_replace(false);
    }

    /// All passes again, what has waited first.
    pub(crate) fn mend(&self) {
        self.way.is_open.send_replace(true);
    }

    /// Whatever passes takes so long.
    pub(crate) fn slow(&self, delay: Duration) {
        *self.way.delay.lock().unwrap() = delay;
    }

    /// Connections break, and new ones lead there.
    pub(crate) fn lead_to(&self, to: SocketAddr) {
        *self.way.to.lock().unwrap() = to;
        self.way.connections.lock().unwrap().abort_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
        self.way.connections.lock().unwrap().abort_all();
    }
}

impl Way {
    async fn lead(&self, client: TcpStream) {
        let to = *self.to.lock().unwrap();
        let Ok(server) = TcpStream::connect(to).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = self.carry(from_client, to_server) => {}
            () = self.carry(from_server, to_client) => {}
        }
    }

    async fn carry(
        &self,
        mut from: tokio::net::tcp::OwnedReadHalf,
        mut to: tokio::net::tcp::OwnedWriteHalf,
    ) {
        let mut is_open = self.is_open.subscribe();
        let mut buffer = [0; 16_384];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let delay = *self.delay.lock().unwrap();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            if is_open.wait_for(|open| *open).await.is_err() {
                return;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    }
}
