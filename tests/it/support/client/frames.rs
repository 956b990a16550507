//! HTTP/2 frames by hand, for clients that flood.
//!
//! Never: nothing here keeps the protocol's rules; that is the point.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The kinds of frame that the tests name.
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
/// Flags.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A frame as it is on the wire.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The header block of `GET /v1/models`, by literals and the static table.
pub(crate) fn get_models() -> Vec<u8> {
    // :method GET, :scheme http, :authority literal, :path literal
    let mut block = vec![0x82, 0x86, 0x01, 6];
    block.extend_from_slice(b"router");
    block.extend_from_slice(&[0x04, 10]);
    block.extend_from_slice(b"/v1/models");
    block
}

/// A connection that has said the preface and `settings`.
pub(crate) struct Frames {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Frames {
    pub(crate) async fn connect(addr: SocketAddr, settings: &[u8]) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, settings)).await.unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// False when the peer has closed.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// The next frame: kind, stream, payload. Nothing when the connection has ended or is silent for so long.
    pub(crate) async fn next(&mut self, within: Duration) -> Option<(u8, u32, Vec<u8>)> {
        loop {
            if self.buffer.len() >= 9 {
                let head = &self.buffer[..9];
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                let kind = head[3];
                if self.buffer.len() >= 9 + length {
                    let payload = self.buffer[9..9 + length].to_vec();
                    self.buffer.drain(..9 + length);
                    return Some((kind, stream, payload));
                }
            }
            let read = self.stream.read_buf(&mut self.buffer);
            match tokio::time::timeout(within, read).await {
                Ok(Ok(count)) if count > 0 => {}
                _ => return None,
            }
        }
    }

    /// Whether the peer gave up: GOAWAY, or the connection closed.
    pub(crate) async fn is_thrown_out(&mut self, within: Duration) -> bool {
        let waited = tokio::time::timeout(within, async {
            loop {
                match self.next(within).await {
                    Some((GOAWAY, ..)) => return true,
                    Some(_) => {}
                    None => return self.stream.read_u8().await.is_err(),
                }
            }
        });
        waited.await.unwrap_or(false)
    }
}
