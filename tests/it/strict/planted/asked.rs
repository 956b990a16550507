//! All that a client is sent, to the last byte: status line, every head, body, trailers.
//!
//! Never: nothing is left out because a library would not show it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::Call;

/// What came on a connection of its own, with chunks put together.
pub(super) async fn asked(call: &Call, addr: SocketAddr) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&call.bytes(addr)).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_buf(&mut bytes)).await;
        // A cut transfer ends with a reset; what came before it counts.
        let is_over = matches!(read.expect("an end"), Ok(0) | Err(_));
        let text = told(&bytes);
        match text {
            Some(text) => return text,
            None if is_over => return String::from_utf8_lossy(&bytes).into_owned(),
            None => {}
        }
    }
}

/// The whole of an answer, once it is there.
fn told(bytes: &[u8]) -> Option<String> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head).into_owned();
    let small = head.to_ascii_lowercase();
    if small.starts_with("http/1.1 1") {
        return told(body).map(|rest| head + &rest);
    }
    let length = small.split("content-length: ").nth(1).and_then(|it| it.lines().next());
    let body = match length {
        Some(length) => body.get(..length.parse().ok()?)?.to_vec(),
        None if small.contains("transfer-encoding: chunked") => put_together(body)?,
        None => return None,
    };
    Some(head + &String::from_utf8_lossy(&body))
}

/// Chunks put together, with their extensions and the trailers behind them.
fn put_together(mut chunked: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut further) = (Vec::new(), Vec::new());
    loop {
        let end = memchr::memmem::find(chunked, b"\r\n")?;
        let line = String::from_utf8_lossy(&chunked[..end]).into_owned();
        let (size, extension) = line.split_once(';').unwrap_or((&line, ""));
        further.extend_from_slice(extension.as_bytes());
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            let trailers = &chunked[end..];
            let whole = memchr::memmem::find(trailers, b"\r\n\r\n")? + 4;
            return Some([out, further, trailers[..whole].to_vec()].concat());
        }
        chunked = &chunked[end + 2..];
        out.extend_from_slice(chunked.get(..size)?);
        chunked = chunked.get(size + 2..)?;
    }
}
