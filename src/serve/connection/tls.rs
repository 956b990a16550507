//! The TLS handshake with a client. It decides nothing about requests.

use std::{io, sync::Arc};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::quiet::Tcp;

/// The connection after its handshake; `None` if the client spoke plain HTTP and was told so.
///
/// # Errors
/// The connection's, or a failed handshake.
pub(super) async fn accept(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<Option<TlsStream<Tcp>>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first != [HANDSHAKE] {
        stream.write_all(NEEDS_TLS).await?;
        stream.shutdown().await?;
        // If the socket were closed with unread bytes, the client might lose the response.
        let mut rest = stream.take(MOST_DISCARDED);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        return Ok(None);
    }
    TlsAcceptor::from(config).accept(Tcp::new(stream)).await.map(Some)
}

/// The response to plain HTTP on a TLS port.
pub(crate) const NEEDS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\n\
    connection: close\r\n\
    content-length: 58\r\n\r\n\
    This port speaks TLS: write https:// in place of http://.\n";
/// The first byte of every TLS handshake.
const HANDSHAKE: u8 = 22;
const MOST_DISCARDED: u64 = 64 * 1024;
