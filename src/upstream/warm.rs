//! The idle connections of one origin: the last used is used next, so that unneeded ones are
//! parked.

use std::{
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::dial::{Http2, Sender};
use super::http1::{Http1, Stream, is_quiet};
use super::locked::locked;
use crate::{table::IdlePool, within::within};

/// The connections of one core to one origin.
#[derive(Default)]
pub(crate) struct Warm {
    /// By the time since which they are idle.
    idle: Mutex<Vec<Idle>>,
    shared: Mutex<Option<Shared>>,
    /// The shortest connect time in milliseconds; 0 if unknown.
    quickest: AtomicU32,
}

/// A connection for many requests at once.
struct Shared {
    connection: Http2,
    since: Instant,
}

struct Idle {
    connection: Connection,
    opened: Instant,
    since: Instant,
    expires: Instant,
}

enum Connection {
    Awake(Http1),
    Parked(Stream),
}

impl Warm {
    /// A usable connection that is not older than `max_age`, if there is one.
    pub(crate) async fn take(&self, max_age: Duration) -> Option<Sender> {
        if let Some(shared) = &mut *locked(&self.shared)
            && !shared.connection.requests.is_closed()
        {
            if shared.since.elapsed() < max_age {
                return Some(Sender::Http2(shared.connection.clone()));
            }
            // This request opens the next one; others continue with the old one meanwhile.
            shared.since = Instant::now() + RENEWAL - max_age;
            return None;
        }
        loop {
            let idle = locked(&self.idle).pop()?;
            if let Some(connection) = idle.wake().await {
                return Some(Sender::Http1(connection));
            }
        }
    }

    /// Keeps a connection for the pool's time, unless it has enough.
    pub(crate) fn keep(&self, connection: Http1, pool: IdlePool) {
        let mut idle = locked(&self.idle);
        if idle.len() < pool.max_idle_per_host && !connection.is_closed() {
            let (opened, since) = (connection.opened(), Instant::now());
            let left = pool.max_age.saturating_sub(since.saturating_duration_since(opened));
            if left.is_zero() {
                return;
            }
            let connection = Connection::Awake(connection);
            idle.push(Idle {
                connection,
                opened,
                since,
                expires: since + pool.idle_timeout.min(left),
            });
        }
    }

    /// A connection took this long to open.
    pub(crate) fn connected_in(&self, took: Duration) {
        let took = u32::try_from(took.as_millis()).unwrap_or(u32::MAX).max(1);
        let before = self.quickest.load(Relaxed);
        if before == 0 || took < before {
            self.quickest.store(took, Relaxed);
        }
    }

    /// An upper bound of the round trip to the provider: the shortest connect time.
    pub(crate) fn round_trip(&self) -> Duration {
        Duration::from_millis(self.quickest.load(Relaxed).into())
    }

    /// Shares a connection for many requests.
    pub(crate) fn share(&self, connection: Http2) {
        *locked(&self.shared) = Some(Shared { connection, since: Instant::now() });
    }

    /// Closes connections that were idle for too long, and parks unused ones.
    pub(crate) async fn sweep(&self, now: Instant) {
        let tired: Vec<_> = {
            let mut idle = locked(&self.idle);
            idle.retain_mut(|idle| idle.expires > now && idle.is_open());
            idle.extract_if(.., |idle| idle.is_tired(now)).collect()
        };
        if tired.is_empty() {
            return;
        }
        let mut parked = Vec::with_capacity(tired.len());
        for idle in tired {
            parked.extend(idle.park().await);
        }
        // Others may have come meanwhile.
        let mut idle = locked(&self.idle);
        idle.append(&mut parked);
        idle.sort_by_key(|idle| idle.since);
    }
}

impl Idle {
    async fn wake(self) -> Option<Http1> {
        match self.connection {
            Connection::Awake(mut connection) => {
                // The end of the last answer is seen here slightly before hyper's task sees it.
                let settles = connection.is_ready()
                    || (self.since.elapsed() < SETTLE
                        && within(SETTLE, pin!(connection.becomes_ready())).await == Some(true));
                settles.then_some(connection)
            }
            Connection::Parked(mut stream) => {
                // Boxed, since it needs space that an active connection does not.
                if is_quiet(&mut stream) {
                    Box::pin(Http1::open(stream, self.opened)).await.ok()
                } else {
                    None
                }
            }
        }
    }

    fn is_open(&mut self) -> bool {
        match &mut self.connection {
            Connection::Awake(connection) => !connection.is_closed(),
            Connection::Parked(stream) => is_quiet(stream),
        }
    }

    fn is_tired(&self, now: Instant) -> bool {
        matches!(self.connection, Connection::Awake(_)) && now - self.since >= PARK_AFTER
    }

    /// `None` if the connection was closed.
    async fn park(self) -> Option<Self> {
        let Self { connection: Connection::Awake(connection), opened, since, expires } = self
        else {
            return Some(self);
        };
        // Bounded, so that one connection does not delay the sweep.
        let stream = within(SETTLE, pin!(connection.park())).await??;
        let connection = Connection::Parked(stream);
        Some(Self { connection, opened, since, expires })
    }
}

/// How much later hyper's task may see an event.
const SETTLE: Duration = Duration::from_millis(20);
/// How long a too old HTTP/2 connection still accepts requests while the next one is opened.
const RENEWAL: Duration = Duration::from_secs(5);
/// Long enough that a steady load never pays for waking one.
const PARK_AFTER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::Request;
    use http_body_util::BodyExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::body::{Pieces, PiecesBody};

    const MINUTE: Duration = Duration::from_secs(60);
    const ONE: IdlePool =
        IdlePool { max_idle_per_host: 1, idle_timeout: MINUTE, max_age: Duration::MAX };

    /// A connection that has been answered once, and the provider's end of it.
    async fn answered() -> (Http1, TcpStream) {
        answered_since(Instant::now()).await
    }

    async fn answered_since(opened: Instant) -> (Http1, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut provider, _) = listener.accept().await.unwrap();
        let mut connection =
            Http1::open(Box::new(crate::quiet::Tcp::new(stream)), opened).await.unwrap();
        ask(&mut connection, &mut provider).await;
        (connection, provider)
    }

    async fn ask(connection: &mut Http1, provider: &mut TcpStream) {
        send(connection, provider, Bytes::new()).await;
        assert!(connection.becomes_ready().await);
    }

    /// Sends a request with a body, of which the provider reads next to nothing before it answers.
    async fn send(connection: &mut Http1, provider: &mut TcpStream, body: Bytes) {
        let body = PiecesBody::from(Pieces::from(body));
        let request = Request::post("/").header("host", "a").body(body).unwrap();
        let answer = connection.send(request);
        let provide = async {
            let mut request = [0; 1024];
            let length = provider.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"POST / HTTP/1.1\r\n"));
            provider.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        };
        let (answer, ()) = tokio::join!(answer, provide);
        let body = answer.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "ok");
        assert!(connection.has_received());
    }

    /// A connection that is parked, and the provider's end of it.
    async fn parked() -> (Warm, TcpStream) {
        let (connection, provider) = answered().await;
        let warm = Warm::default();
        warm.keep(connection, ONE);
        warm.sweep(Instant::now() + PARK_AFTER).await;
        assert!(matches!(locked(&warm.idle)[0].connection, Connection::Parked(_)));
        (warm, provider)
    }

    #[tokio::test]
    async fn a_parked_connection_is_used_again() {
        let (warm, mut provider) = parked().await;
        let Some(Sender::Http1(mut connection)) = warm.take(Duration::MAX).await else {
            panic!("none")
        };
        ask(&mut connection, &mut provider).await;
        assert!(warm.take(Duration::MAX).await.is_none());
    }

    #[tokio::test]
    async fn one_that_was_just_used_is_not_parked() {
        let (connection, _provider) = answered().await;
        let warm = Warm::default();
        warm.keep(connection, ONE);
        warm.sweep(Instant::now()).await;
        assert!(matches!(locked(&warm.idle)[0].connection, Connection::Awake(_)));
    }

    #[tokio::test]
    async fn one_that_closed_or_spoke_while_it_was_parked_is_not_used() {
        for last_words in ["", "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"] {
            let (warm, mut provider) = parked().await;
            match last_words {
                "" => provider.shutdown().await.unwrap(),
                said => provider.write_all(said.as_bytes()).await.unwrap(),
            }
            let swept = async {
                while !locked(&warm.idle).is_empty() {
                    warm.sweep(Instant::now()).await;
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PARK_AFTER, swept).await.expect("it is kept");
            assert!(warm.take(Duration::MAX).await.is_none());
        }
    }

    #[tokio::test]
    async fn one_that_was_answered_before_it_had_sent_all_is_closed_instead() {
        let (mut connection, mut provider) = answered().await;
        let body: Arc<[u8]> = vec![b'x'; 64 << 20].into();
        send(&mut connection, &mut provider, Bytes::from_owner(Arc::clone(&body))).await;
        let warm = Warm::default();
        warm.keep(connection, ONE);
        let closed = async {
            warm.sweep(Instant::now() + PARK_AFTER).await;
            assert!(locked(&warm.idle).is_empty());
            // The provider reads no more and does not close.
            while Arc::strong_count(&body) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PARK_AFTER, closed).await.expect("somebody waits for the provider");
    }

    #[tokio::test]
    async fn one_that_is_old_is_not_kept() {
        let (connection, mut provider) = answered().await;
        let warm = Warm::default();
        warm.keep(connection, IdlePool { max_age: Duration::ZERO, ..ONE });
        assert!(warm.take(Duration::MAX).await.is_none());
        assert_eq!(provider.read(&mut [0]).await.unwrap(), 0, "not closed");

        let opened = Instant::now().checked_sub(MINUTE / 3).unwrap();
        let (connection, mut provider) = answered_since(opened).await;
        let pool = IdlePool { max_age: MINUTE / 2, ..ONE };
        warm.keep(connection, pool);
        warm.sweep(Instant::now() + PARK_AFTER).await;
        assert!(matches!(locked(&warm.idle)[0].connection, Connection::Parked(_)));
        // Parking does not make it younger.
        let Some(Sender::Http1(connection)) = warm.take(Duration::MAX).await else {
            panic!("none")
        };
        assert_eq!(connection.opened(), opened);
        warm.keep(connection, pool);
        warm.sweep(Instant::now() + MINUTE / 5).await;
        assert_eq!(provider.read(&mut [0]).await.unwrap(), 0, "not closed");
        assert!(warm.take(Duration::MAX).await.is_none());
    }

    #[tokio::test]
    async fn a_parked_one_is_closed_at_the_end_of_its_time() {
        let (warm, mut provider) = parked().await;
        warm.sweep(Instant::now() + MINUTE).await;
        assert_eq!(provider.read(&mut [0]).await.unwrap(), 0, "not closed");
        assert!(warm.take(Duration::MAX).await.is_none());
    }
}
