//! Where clients connect: a TCP port, or a socket in the file system.
//!
//! It says nothing to them.

use std::{io, net::IpAddr};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A path.
    Unix(UnixListener),
}

/// A client's connection.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Listener {
    /// A socket that the process has bound; it does not block.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) fn tcp(bound: std::net::TcpListener) -> io::Result<Self> {
        TcpListener::from_std(bound).map(Self::Tcp)
    }

    /// The same for a path.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) fn unix(bound: std::os::unix::net::UnixListener) -> io::Result<Self> {
        UnixListener::from_std(bound).map(Self::Unix)
    }

    /// Whether only this machine can reach it.
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

    /// The connections that wait already. The kernel is asked directly: tokio would only know of
    /// those that it was told of before.
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
