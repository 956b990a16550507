//! The listening sockets: one for each core, bound to the same port, and the operations port.
//!
//! `SO_REUSEPORT` lets the kernel spread connections over the cores, and lets a new process take
//! over from an old one without refusing anybody.

use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::arguments::Arguments;

pub(super) struct Listeners {
    pub(crate) proxy: Vec<TcpListener>,
    pub(crate) admin: Option<TcpListener>,
}

impl Listeners {
    pub(super) fn bind(arguments: &Arguments) -> Result<Self, String> {
        let cores = match arguments.cores {
            Some(cores) => cores.max(1),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let address = SocketAddr::new(arguments.host, arguments.port);
        let shares = arguments.reuse_port;
        let first = free(address, shares).and_then(|()| bound(address))?;
        // Port 0 is any free port, but the same for every core.
        let address = first.local_addr().map_err(|error| error.to_string())?;
        let others = (1..cores).map(|_| bound(address));
        let proxy = std::iter::once(Ok(first)).chain(others).collect::<Result<_, _>>()?;
        let address = SocketAddr::new(arguments.metrics_host, arguments.metrics_port);
        let admin = || free(address, shares).and_then(|()| bound(address));
        let admin = arguments.metrics.then(admin).transpose()?;
        Ok(Self { proxy, admin })
    }
}

/// Whether no other process listens there; with `shares` it may.
fn free(address: SocketAddr, shares: bool) -> Result<(), String> {
    if socket(address, false).is_ok() || socket(address, true).is_err() {
        // What else is wrong is told where it is bound.
        return Ok(());
    }
    if !shares {
        return Err(format!(
            "cannot listen on {address}: another process listens there; `--reuse-port` shares the port \
            for a hand-over"
        ));
    }
    tracing::warn!(%address, "another process listens here, too; connections are shared with it");
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
