//! TCP to a provider: resolves its name and connects with "Happy Eyeballs" (RFC 8305), so that a
//! dead address among several costs only a moment. Addresses of both families alternate; the next
//! one is tried when those before have failed or have not answered within a quarter of a second.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::Uri;
use socket2::{SockRef, TcpKeepalive};
use tokio::{net::TcpStream, time::sleep};
use tower_service::Service;

use super::names::Names;
use crate::quiet::{self, ForHyper};

/// Opens TCP connections to the host of a URL.
#[derive(Clone)]
pub(crate) struct Tcp(pub(crate) Arc<Names>);

/// Why there is no TCP connection; the texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unconnected {
    /// The name has no address.
    #[error("dns error")]
    Name(#[source] io::Error),
    /// No address answers.
    #[error("tcp connect error")]
    Tcp(#[source] io::Error),
}

impl Tcp {
    pub(super) async fn open(self, uri: Uri) -> Result<ForHyper<quiet::Tcp>, Unconnected> {
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        let stream = match host.parse::<IpAddr>() {
            Ok(address) => connect(SocketAddr::new(address, port)).await,
            Err(_) => {
                let mut found = self.0.find(host).await.map_err(Unconnected::Name)?;
                found.iter_mut().for_each(|address| address.set_port(port));
                first_of(found).await
            }
        };
        stream.map(|it| ForHyper::new(quiet::Tcp::new(it))).map_err(Unconnected::Tcp)
    }
}

impl Service<Uri> for Tcp {
    type Response = ForHyper<quiet::Tcp>;
    type Error = Unconnected;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unconnected>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unconnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}

/// The first successful connection, or the first error.
async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut left = in_turns(addresses);
    let mut tried = FuturesUnordered::new();
    let mut error = None;
    loop {
        match left.pop_front() {
            Some(address) => tried.push(connect(address)),
            None if tried.is_empty() => {
                return Err(error.unwrap_or_else(|| io::Error::other("the name has no address")));
            }
            None => {}
        }
        tokio::select! {
            Some(ended) = tried.next() => match ended {
                Ok(stream) => return Ok(stream),
                Err(told) => drop(error.get_or_insert(told)),
            },
            () = sleep(HEAD_START), if !left.is_empty() => {}
        }
    }
}

/// The resolver's order with alternating families, so that an unrouted family costs one timeout.
pub(super) fn in_turns(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (one, other): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first_is_v4);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let before = turns.len();
        turns.extend(one.next().into_iter().chain(other.next()));
        if turns.len() == before {
            return turns;
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(BETWEEN_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(stream)
}

/// How long an address is tried alone.
const HEAD_START: Duration = Duration::from_millis(250);
/// How long unacknowledged data is tolerated; a vanished machine acknowledges nothing.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);
/// The silence after which the kernel probes the machine. Together with the time above, a request
/// to a vanished machine fails within half a minute.
const SILENCE: Duration = Duration::from_secs(15);
const BETWEEN_PROBES: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Instant};

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn local(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], port))
    }

    /// An address that takes no connection and refuses none.
    fn black_hole() -> (u16, Vec<Socket>) {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let hole = socket();
        hole.bind(&local(1, 0).into()).unwrap();
        hole.listen(0).unwrap();
        let address = hole.local_addr().unwrap();
        let mut held = vec![hole];
        for _ in 0..4 {
            let filler = socket();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&address);
            held.push(filler);
        }
        (address.as_socket().unwrap().port(), held)
    }

    fn open_with(addresses: Vec<SocketAddr>) -> Tcp {
        Tcp(Names::new(move |_| Ok(addresses.clone())))
    }

    async fn opened(tcp: &Tcp, port: u16) -> (Result<SocketAddr, String>, Duration) {
        let begun = Instant::now();
        let uri = format!("http://several.example:{port}").parse().unwrap();
        let opened = tcp.clone().open(uri).await.map_err(|error| error.to_string());
        (opened.map(|stream| stream.into_inner().peer_addr().unwrap()), begun.elapsed())
    }

    #[tokio::test]
    async fn one_dead_address_of_several_delays_by_a_moment() {
        let (port, _held) = black_hole();
        let alive = TcpListener::bind(local(2, port)).unwrap();
        let tcp = open_with(vec![local(1, 0), local(2, 0)]);
        let (peer, took) = opened(&tcp, port).await;
        assert_eq!(peer.unwrap(), alive.local_addr().unwrap());
        assert!(took >= HEAD_START && took < 4 * HEAD_START, "{took:?}");
    }

    #[tokio::test]
    async fn an_address_that_refuses_delays_not_at_all() {
        let alive = TcpListener::bind(local(2, 0)).unwrap();
        let port = alive.local_addr().unwrap().port();
        let tcp = open_with(vec![local(1, 0), local(3, 0), local(2, 0)]);
        let (peer, took) = opened(&tcp, port).await;
        assert_eq!(peer.unwrap(), alive.local_addr().unwrap());
        assert!(took < HEAD_START, "{took:?}");
        drop(alive);
        let (refused, _) = opened(&tcp, port).await;
        assert_eq!(refused.unwrap_err(), "tcp connect error");
        let (unnamed, _) = opened(&open_with(Vec::new()), port).await;
        assert!(unnamed.is_err());
    }

    #[test]
    fn families_take_turns_and_the_resolvers_first_is_first() {
        let six = |n: u16| SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, n], 1));
        let four = |n| local(n, 1);
        let turns = in_turns(vec![six(1), six(2), six(3), four(1), four(2)]);
        assert_eq!(turns, [six(1), four(1), six(2), four(2), six(3)]);
        assert_eq!(in_turns(vec![four(1), six(1)]), [four(1), six(1)]);
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_machine_that_vanishes_is_given_up() {
        let alive = TcpListener::bind(local(1, 0)).unwrap();
        let stream = connect(alive.local_addr().unwrap()).await.unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
        assert!(socket.keepalive().unwrap() && socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), SILENCE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), BETWEEN_PROBES);
    }
}
