//! HTTP/1.1 off a socket, as little of it as a benchmark needs, so that driver and upstream cost
//! next to nothing. It never validates: both ends of every connection are programs of this run.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection with what was read of it and not yet used.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// The start line and how the body ends.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) start_line: String,
    pub(crate) framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, buffer_size: usize) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; buffer_size], start: 0, end: 0 })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next head; `None` when the peer closed between messages.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        let mut searched = self.start;
        loop {
            let unread = &self.buffer[searched..self.end];
            if let Some(at) = memchr::memmem::find(unread, b"\r\n\r\n") {
                let head = Head::parse(&self.buffer[self.start..searched + at]);
                self.start = searched + at + 4;
                return Ok(Some(head));
            }
            let kept = self.end - self.start;
            self.make_room()?;
            searched = self.start + kept.saturating_sub(3);
            if self.fill().await? == 0 {
                return if kept == 0 { Ok(None) } else { Err(cut_off()) };
            }
        }
    }

    /// Hands the body's bytes to `sink` as they come, without framing.
    pub(crate) async fn body(
        &mut self,
        framing: Framing,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        let mut decoder = Decoder::new(framing);
        loop {
            self.start += decoder.feed(&self.buffer[self.start..self.end], &mut sink);
            if decoder.is_done() {
                return Ok(());
            }
            self.start = 0;
            self.end = 0;
            if self.fill().await? == 0 {
                return Err(cut_off());
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        let read = self.stream.read(&mut self.buffer[self.end..]).await?;
        self.end += read;
        Ok(read)
    }

    fn make_room(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            return Err(io::Error::other("a head larger than the buffer"));
        }
        Ok(())
    }
}

impl Head {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let start_line = lines.next().unwrap_or_default().to_owned();
        let mut framing = Framing::Length(0);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                framing = Framing::Length(value.trim().parse().unwrap_or(0));
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                framing = Framing::Chunked;
            }
        }
        Self { start_line, framing }
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> u16 {
        self.start_line.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// The path and query of a request.
    pub(crate) fn target(&self) -> &str {
        self.start_line.split(' ').nth(1).unwrap_or_default()
    }
}

/// Takes the framing off a body, however it is cut into reads.
#[derive(Debug)]
enum Decoder {
    Data { left: u64, chunked: bool },
    Size { so_far: u64 },
    RestOfSizeLine { size: u64 },
    AfterData,
    Trailer { line_is_empty: bool },
    Done,
}

impl Decoder {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(0) => Self::Done,
            Framing::Length(left) => Self::Data { left, chunked: false },
            Framing::Chunked => Self::Size { so_far: 0 },
        }
    }

    fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// How many of `bytes` belonged to this body.
    fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8])) -> usize {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            if let Self::Data { left, chunked } = *self {
                let rest = &bytes[at..];
                let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                sink(&rest[..taken]);
                at += taken;
                *self = Self::after_data(left - taken as u64, chunked);
            } else {
                self.step(bytes[at]);
                at += 1;
            }
        }
        at
    }

    fn after_data(left: u64, chunked: bool) -> Self {
        match (left, chunked) {
            (0, true) => Self::AfterData,
            (0, false) => Self::Done,
            _ => Self::Data { left, chunked },
        }
    }

    /// One byte of framing.
    fn step(&mut self, byte: u8) {
        *self = match (&*self, byte) {
            (Self::Size { so_far: 0 } | Self::RestOfSizeLine { size: 0 }, b'\n') => {
                Self::Trailer { line_is_empty: true }
            }
            (Self::Size { so_far: left } | Self::RestOfSizeLine { size: left }, b'\n') => {
                Self::Data { left: *left, chunked: true }
            }
            (Self::Size { so_far }, _) => match char::from(byte).to_digit(16) {
                Some(digit) => Self::Size { so_far: so_far * 16 + u64::from(digit) },
                None => Self::RestOfSizeLine { size: *so_far },
            },
            (Self::AfterData, b'\n') => Self::Size { so_far: 0 },
            (Self::Trailer { line_is_empty: true }, b'\n') => Self::Done,
            (Self::Trailer { .. }, b'\n') => Self::Trailer { line_is_empty: true },
            (Self::Trailer { .. }, b'\r') => return,
            (Self::Trailer { .. }, _) => Self::Trailer { line_is_empty: false },
            _ => return,
        };
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended inside a message")
}
