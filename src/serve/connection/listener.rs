//! Listening sockets: TCP or Unix.

use std::{io, net::IpAddr};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// A client's connection.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Listener {
    /// Wraps a bound, non-blocking socket.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) fn tcp(bound: std::net::TcpListener) -> io::Result<Self> {
        TcpListener::from_std(bound).map(Self::Tcp)
    }

    /// Wraps a bound, non-blocking Unix socket.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) fn unix(bound: std::os::unix::net::UnixListener) -> io::Result<Self> {
        UnixListener::from_std(bound).map(Self::Unix)
    }

    /// Whether only this machine can connect.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(listener) => {
                listener.local_addr().is_ok_and(|address| address.ip().is_loopback())
            }
            Self::Unix(_) => true,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                Accepted::Tcp(stream, client.ip())
            }
            Self::Unix(listener) => Accepted::Unix(listener.accept().await?.0),
        })
    }

    /// The queued connections. The kernel is asked directly, since tokio knows only those it was
    /// already told of.
    pub(super) fn queued(self) -> Vec<Accepted> {
        let mut queued = Vec::new();
        match self {
            Self::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return queued };
                while let Ok((stream, client)) = listener.accept() {
                    let stream =
                        stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                    queued.extend(stream.map(|stream| Accepted::Tcp(stream, client.ip())));
                }
            }
            Self::Unix(listener) => {
                let Ok(listener) = listener.into_std() else { return queued };
                while let Ok((stream, _)) = listener.accept() {
                    let stream =
                        stream.set_nonblocking(true).and_then(|()| UnixStream::from_std(stream));
                    queued.extend(stream.map(Accepted::Unix));
                }
            }
        }
        queued
    }
}
