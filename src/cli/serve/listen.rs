//! The listening sockets: one for each core at each address, and the operations port.
//!
//! With `SO_REUSEPORT`, the kernel spreads connections over the cores, and a new process can take
//! over from an old one without refusing a client.

mod path;

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use self::path::Bound;
use super::arguments::Arguments;
use crate::{cli::places::Listen, serve::connection::Listener};

pub(super) struct Listeners {
    /// The sockets of each core.
    pub(crate) proxy: Vec<Vec<Listening>>,
    pub(crate) admin: Option<TcpListener>,
    /// Unix sockets, removed when the process ends.
    pub(crate) paths: Vec<Bound>,
}

/// A bound socket that no runtime owns yet.
pub(super) enum Listening {
    Tcp(TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

impl Listening {
    /// Hands the socket to the runtime of this thread.
    pub(super) fn start(self) -> std::io::Result<Listener> {
        match self {
            Self::Tcp(listener) => Listener::tcp(listener),
            Self::Unix(listener) => Listener::unix(listener),
        }
    }
}

impl Listeners {
    pub(super) fn bind(arguments: &Arguments) -> Result<Self, String> {
        let cores = match arguments.cores {
            Some(cores) => cores.max(1),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let shares = arguments.reuse_port;
        let mut proxy: Vec<Vec<Listening>> = (0..cores).map(|_| Vec::new()).collect();
        let mut paths = Vec::new();
        let operations = SocketAddr::new(arguments.metrics_host, arguments.metrics_port);
        for listen in arguments.listens() {
            match listen {
                Listen::At(address) if arguments.metrics && meets(address, operations) => {
                    return Err(format!(
                        "the clients' port and the operations port are both {address}: change one \
                        with `--port` or `--metrics-port`"
                    ));
                }
                Listen::At(address) => at_address(address, shares, &mut proxy)?,
                Listen::Path(path) => {
                    let bound = Bound::at(&path, shares)?;
                    for core in &mut proxy {
                        let shared = bound.listener();
                        core.push(Listening::Unix(shared.map_err(|error| error.to_string())?));
                    }
                    paths.push(bound);
                }
            }
        }
        let admin = || free(operations, shares).and_then(|()| bound(operations));
        let admin = arguments.metrics.then(admin).transpose()?;
        if let Some(admin) = admin.as_ref().filter(|_| arguments.metrics_port == 0) {
            let address = admin.local_addr().map_err(|error| error.to_string())?;
            tracing::info!(%address, "the operations port");
        }
        Ok(Self { proxy, admin, paths })
    }

    /// The first port for clients.
    pub(super) fn port(&self) -> Option<u16> {
        self.proxy.first()?.iter().find_map(|listening| match listening {
            Listening::Tcp(listener) => Some(listener.local_addr().ok()?.port()),
            Listening::Unix(_) => None,
        })
    }
}

fn at_address(
    address: SocketAddr,
    shares: bool,
    cores: &mut [Vec<Listening>],
) -> Result<(), String> {
    let first = free(address, shares).and_then(|()| bound(address))?;
    // Port 0 means any free port, but the same one for every core.
    let address = first.local_addr().map_err(|error| error.to_string())?;
    let mut first = Some(first);
    for core in cores {
        let listener = first.take().map_or_else(|| bound(address), Ok)?;
        core.push(Listening::Tcp(listener));
    }
    Ok(())
}

/// Whether two addresses overlap. Port 0 never does.
fn meets(one: SocketAddr, other: SocketAddr) -> bool {
    let is_everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (is_everywhere || one.ip() == other.ip())
}

/// Checks that no other process listens there; with `shares` one may.
fn free(address: SocketAddr, shares: bool) -> Result<(), String> {
    if socket(address, false).is_ok() || socket(address, true).is_err() {
        // Any other error is reported when the socket is bound.
        return Ok(());
    }
    if !shares {
        return Err(format!(
            "cannot listen on {address}: another process listens there; `--reuse-port` shares the port \
            for a hand-over"
        ));
    }
    tracing::warn!(%address, "another process listens here too; the kernel shares connections between both");
    Ok(())
}

fn bound(address: SocketAddr) -> Result<TcpListener, String> {
    socket(address, true).map_err(|error| format!("cannot listen on {address}: {error}"))
}

fn socket(address: SocketAddr, shared: bool) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

const BACKLOG: i32 = 1024;
