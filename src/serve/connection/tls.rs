//! The handshake with a client, where the port speaks TLS.
//!
//! It decides nothing about requests: after it, a connection is served as any other.

use std::{io, sync::Arc};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The connection after its handshake; `None` where the client did not begin one and was told so.
///
/// # Errors
/// The connection's, and those of a handshake that fails.
pub(super) async fn accept(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first != [HANDSHAKE] {
        stream.write_all(NEEDS_TLS).await?;
        stream.shutdown().await?;
        // Closed with bytes unread, the client might lose the answer.
        let mut rest = stream.take(MOST_DISCARDED);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        return Ok(None);
    }
    TlsAcceptor::from(config).accept(stream).await.map(Some)
}

/// What a client is told that speaks HTTP to a port that speaks TLS.
pub(crate) const NEEDS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\n\
    connection: close\r\n\
    content-length: 58\r\n\r\n\
    This port speaks TLS: write https:// in place of http://.\n";
/// What the first record of every handshake begins with.
const HANDSHAKE: u8 = 22;
const MOST_DISCARDED: u64 = 64 * 1024;
