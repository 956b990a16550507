//! A client that writes and reads HTTP/1.1 by the byte, and tells how an answer ended.
//!
//! Never: it never retries, never decodes a content encoding, and never takes a cut answer for a whole one.

mod body;
mod call;
mod events;
pub(crate) mod frames;
pub(crate) mod h2;

pub(crate) use body::End;
pub(crate) use call::Call;
pub(crate) use events::{Event, Events};

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use body::Body;

/// The body of a chat request.
pub(crate) fn chat(alias: &str) -> Value {
    json!({"model": alias, "messages": [{"role": "user", "content": "hello"}]})
}

/// The same, asking for a stream.
pub(crate) fn chat_stream(alias: &str) -> Value {
    json!({"model": alias, "stream": true, "messages": [{"role": "user", "content": "hello"}]})
}

/// One connection.
pub(crate) struct Conn {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Conn {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self::try_connect(addr).await.expect("the port accepts")
    }

    pub(crate) async fn try_connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Writes; a peer that has already closed is no reason to stop before its answer is read.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Writes in pieces of `size` with a wait between them.
    pub(crate) async fn send_slowly(&mut self, bytes: &[u8], size: usize, gap: Duration) -> bool {
        for piece in bytes.chunks(size) {
            if !self.send(piece).await {
                return false;
            }
            tokio::time::sleep(gap).await;
        }
        true
    }

    /// Reads one final response whole.
    pub(crate) async fn response(&mut self) -> Response {
        self.try_response().await.expect("a response")
    }

    /// Reads one final response whole; an error if the connection ended before its head did.
    pub(crate) async fn try_response(&mut self) -> io::Result<Response> {
        let mut head = self.try_head(false).await?;
        while let Some(data) = head.body.read(self).await {
            head.response.body.extend_from_slice(&data);
        }
        head.response.end = head.body.end();
        Ok(head.response)
    }

    /// Reads a response that has no body whatever its head says (to HEAD).
    pub(crate) async fn bodiless_response(&mut self) -> Response {
        let mut head = self.try_head(true).await.expect("a response");
        head.response.end = head.body.end();
        head.response
    }

    /// Reads the head and gives the body event by event.
    pub(crate) async fn events(mut self) -> Events {
        let head = self.try_head(false).await.expect("a response");
        Events::new(self, head)
    }

    /// Waits for one informational or final head and returns its status alone.
    pub(crate) async fn status_line(&mut self) -> u16 {
        self.head_text().await.expect("a head").0
    }

    /// How the connection ends: nothing more may come.
    pub(crate) async fn end(&mut self, within: Duration) -> Option<End> {
        let mut rest = Vec::new();
        match tokio::time::timeout(within, self.stream.read_to_end(&mut rest)).await {
            Err(_elapsed) => None,
            Ok(Ok(_)) => Some(End::Closed),
            Ok(Err(_)) => Some(End::Reset),
        }
    }

    /// Reads to the end without keeping it: how many bytes came, and the largest figure seen on the way.
    pub(crate) async fn count_rest(&mut self, figure: impl Fn() -> u64) -> (usize, u64) {
        let (mut count, mut largest, mut pieces) = (0, 0, 0usize);
        loop {
            if pieces.is_multiple_of(64) {
                largest = largest.max(figure());
            }
            pieces += 1;
            let ended = self.buffer.ends_with(b"0\r\n\r\n");
            // The last bytes stay, so that an end that comes in two pieces is seen.
            let read = self.buffer.len().saturating_sub(8);
            count += self.buffer.drain(..read).count();
            if ended || self.fill().await.unwrap_or(0) == 0 {
                return (count, largest);
            }
        }
    }

    /// Leaves at once (RST), as a killed client does.
    pub(crate) fn abort(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    async fn try_head(&mut self, bodiless: bool) -> io::Result<Head> {
        let mut informational = Vec::new();
        loop {
            let (status, text) = self.head_text().await?;
            if (100..200).contains(&status) && status != 101 {
                informational.push(status);
                continue;
            }
            let headers: Vec<(String, String)> = text
                .split("\r\n")
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let mut response =
                Response { status, headers, informational, body: Vec::new(), end: End::Complete };
            let body = Body::framed(&response, bodiless);
            response.end = body.end();
            return Ok(Head { response, body });
        }
    }

    async fn head_text(&mut self) -> io::Result<(u16, String)> {
        let end = loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let text = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end + 4);
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, text))
    }

    /// Reads more; 0 is the peer's end. Silence for too long fails the test.
    async fn fill(&mut self) -> io::Result<usize> {
        let read = self.stream.read_buf(&mut self.buffer);
        tokio::time::timeout(PATIENCE, read).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

/// A head, and what is needed to read its body.
struct Head {
    response: Response,
    body: Body,
}

/// A response as it came.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Status codes of the informational responses before it.
    pub(crate) informational: Vec<u16>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// `error.code`, or nothing.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// What the assistant said in a chat completion.
    pub(crate) fn said(&self) -> String {
        let said = &self.json()["choices"][0]["message"]["content"];
        said.as_str().unwrap_or_default().to_owned()
    }

    /// The trail of attempts.
    pub(crate) fn attempts(&self) -> &str {
        self.header("x-onwards-attempts").unwrap_or_default()
    }
}

/// No single read of a test may take longer.
const PATIENCE: Duration = Duration::from_secs(20);
