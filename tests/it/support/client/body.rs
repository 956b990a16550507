//! Reading a body to its end, and knowing which kind of end it was.
//!
//! Never: a missing last chunk or a short `content-length` is not forgiven.

use super::{Conn, Response};

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By its own framing: the last chunk, the whole length, or no body.
    Complete,
    /// FIN, where nothing but FIN could end it.
    Closed,
    /// FIN before its framing said so.
    Truncated,
    Reset,
}

/// What is left of a body.
pub(super) struct Body {
    rest: Rest,
    end: End,
}

enum Rest {
    Length(usize),
    Chunked,
    UntilClose,
    Nothing,
}

impl Body {
    pub(super) fn framed(head: &Response, bodiless: bool) -> Self {
        let chunked = head.header("transfer-encoding").is_some_and(|te| te.contains("chunked"));
        let length = head.header("content-length").and_then(|length| length.parse().ok());
        let rest = match (chunked, length) {
            _ if bodiless || matches!(head.status, 101 | 204 | 304) => Rest::Nothing,
            (true, _) => Rest::Chunked,
            (false, Some(0)) => Rest::Nothing,
            (false, Some(length)) => Rest::Length(length),
            (false, None) => Rest::UntilClose,
        };
        Self { rest, end: End::Complete }
    }

    /// Meaningful once [`Body::read`] has given nothing.
    pub(super) fn end(&self) -> End {
        self.end
    }

    /// The next bytes; nothing at the end.
    pub(super) async fn read(&mut self, conn: &mut Conn) -> Option<Vec<u8>> {
        match self.rest {
            Rest::Nothing => None,
            Rest::Chunked => self.read_chunk(conn).await,
            Rest::UntilClose => {
                self.need(conn, 1, End::Closed).await?;
                Some(std::mem::take(&mut conn.buffer))
            }
            Rest::Length(left) => {
                self.need(conn, 1, End::Truncated).await?;
                let take = left.min(conn.buffer.len());
                self.rest = if take == left { Rest::Nothing } else { Rest::Length(left - take) };
                Some(conn.buffer.drain(..take).collect())
            }
        }
    }

    async fn read_chunk(&mut self, conn: &mut Conn) -> Option<Vec<u8>> {
        let line = loop {
            if let Some(at) = memchr::memmem::find(&conn.buffer, b"\r\n") {
                break at;
            }
            self.need(conn, conn.buffer.len() + 1, End::Truncated).await?;
        };
        let size = String::from_utf8_lossy(&conn.buffer[..line]).into_owned();
        let Ok(size) = usize::from_str_radix(size.split(';').next().unwrap_or("").trim(), 16)
        else {
            return self.stop(End::Truncated);
        };
        self.need(conn, line + 2 + size + 2, End::Truncated).await?;
        let data = conn.buffer[line + 2..line + 2 + size].to_vec();
        conn.buffer.drain(..line + 2 + size + 2);
        if size == 0 {
            return self.stop(End::Complete);
        }
        Some(data)
    }

    async fn need(&mut self, conn: &mut Conn, count: usize, at_eof: End) -> Option<()> {
        while conn.buffer.len() < count {
            match conn.fill().await {
                Ok(0) => return self.stop(at_eof),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                    panic!("the body neither went on nor ended")
                }
                Err(_) => return self.stop(End::Reset),
            }
        }
        Some(())
    }

    fn stop<T>(&mut self, end: End) -> Option<T> {
        self.rest = Rest::Nothing;
        self.end = end;
        None
    }
}
