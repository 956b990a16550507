//! A client's socket: the bytes that told its protocol are read again, a client that reads too slowly is
//! given up, and after a refusal what the client still writes is discarded, so that it can read the answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use super::signs::Signs;

/// The first bytes of a connection, as far as they tell its protocol.
#[derive(Debug, Default)]
pub(super) struct First {
    bytes: [u8; PREFACE.len()],
    taken: usize,
    length: usize,
}

impl First {
    /// Reads until the protocol is known.
    ///
    /// # Errors
    /// The connection's, and its end before the protocol is known.
    pub(super) async fn read<W: Wire>(stream: &mut W) -> io::Result<Self> {
        let mut first = Self::default();
        while first.begins_preface() && !first.is_http2() {
            let read = stream.read(&mut first.bytes[first.length..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            first.length += read;
        }
        Ok(first)
    }

    /// Whether the client has said the whole preface of HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.bytes == *PREFACE
    }

    fn begins_preface(&self) -> bool {
        PREFACE.starts_with(&self.bytes[..self.length])
    }

    /// Moves what is left of it into `buffer`.
    fn fill(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = buffer.remaining().min(self.length - self.taken);
        buffer.put_slice(&self.bytes[self.taken..self.taken + count]);
        self.taken += count;
    }
}

/// What a connection is read from and written to.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether it takes bytes that have not reached the kernel, so that a flush may have to wait.
    const BUFFERS: bool;
}

impl Wire for TcpStream {
    const BUFFERS: bool = false;
}

impl Wire for UnixStream {
    const BUFFERS: bool = false;
}

impl Wire for TlsStream<TcpStream> {
    const BUFFERS: bool = true;
}

/// A client's socket after its first bytes.
#[derive(Debug)]
pub(super) struct Socket<W> {
    stream: W,
    first: First,
    signs: Arc<Signs>,
    linger: Option<Linger>,
    /// Whether the client was told that nothing more comes, after a refusal.
    is_shut: bool,
    /// What was sent is not read.
    stuck: Option<Stuck>,
    /// How long a client may leave it so.
    patience: Duration,
}

/// A client that has left what was sent to it unread, so that no more can be sent.
#[derive(Debug)]
struct Stuck {
    end: Pin<Box<Sleep>>,
    /// Bytes that could be sent since.
    sent: usize,
}

impl<W> Socket<W> {
    pub(super) fn new(stream: W, first: First, signs: Arc<Signs>, patience: Duration) -> Self {
        Self { stream, first, signs, linger: None, is_shut: false, stuck: None, patience }
    }

    /// Notes how many of so many bytes were taken. Nothing is timed but a client for which bytes wait:
    /// one that has read everything may be silent for as long as it likes.
    #[inline]
    fn noted(
        &mut self,
        cx: &mut Context<'_>,
        taken: Poll<io::Result<usize>>,
        of: usize,
    ) -> Poll<io::Result<usize>> {
        match taken {
            Poll::Ready(_) if self.stuck.is_none() => taken,
            Poll::Ready(Ok(count)) => {
                if let Some(stuck) = &mut self.stuck {
                    stuck.sent += count;
                    if count == of || stuck.sent >= LEAST {
                        self.stuck = None;
                    }
                }
                taken
            }
            Poll::Ready(Err(_)) => taken,
            Poll::Pending => self.poll_stuck(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }

    /// Whether the client has read too little for too long.
    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let begin = || Stuck { end: Box::pin(sleep(patience)), sent: 0 };
        let end = self.stuck.get_or_insert_with(begin).end.as_mut();
        std::pin::pin!(tokio::task::unconstrained(end)).poll(cx)
    }
}

impl<W: Wire> AsyncRead for Socket<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, first, signs, .. } = &mut *self;
        let before = buffer.filled().len();
        if first.taken < first.length {
            first.fill(buffer);
        }
        // What follows the first bytes has mostly come with them. An error is told at the next read.
        let read = match buffer.remaining() {
            0 => Poll::Ready(Ok(())),
            _ => Pin::new(stream).poll_read(cx, buffer),
        };
        if buffer.filled().len() > before {
            signs.heard();
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<W: Wire> AsyncWrite for Socket<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(cx, taken, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        if taken.is_ready() && self.stuck.is_none() {
            return taken;
        }
        self.noted(cx, taken, slices.iter().map(|slice| slice.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if !W::BUFFERS {
            return flushed;
        }
        match flushed {
            Poll::Pending => self.poll_stuck(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
            Poll::Ready(_) => {
                self.stuck = None;
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, signs, linger, is_shut, .. } = &mut *self;
        if !signs.is_unread() {
            return Pin::new(&mut *stream).poll_shutdown(cx);
        }
        let linger = linger.get_or_insert_with(Linger::new);
        if !*is_shut {
            // Our end is closed when the client has stopped writing: clients that hear of that before
            // fail to write, and some of them (Node's) then never read the answer.
            std::task::ready!(linger.poll(stream, cx));
            std::task::ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            *is_shut = true;
            linger.bears(SILENCE);
        }
        linger.poll(stream, cx).map(Ok)
    }
}

/// Reads and discards what a refused client still writes. The answer says how long it is and that the
/// connection ends, so that the client can close it. A socket that is closed with bytes unread
/// is reset, and the client may lose the answer that it has not read yet.
#[derive(Debug)]
struct Linger {
    left: usize,
    end: Pin<Box<Sleep>>,
    silence: Pin<Box<Sleep>>,
    /// How long the client may be silent.
    borne: Duration,
}

impl Linger {
    fn new() -> Self {
        let (end, silence) = (Box::pin(sleep(LONGEST)), Box::pin(sleep(PAUSE)));
        Self { left: MOST_DISCARDED, end, silence, borne: PAUSE }
    }

    /// From now on the client may be silent for so long.
    fn bears(&mut self, silence: Duration) {
        self.borne = silence;
        self.silence.as_mut().reset(Instant::now() + silence);
    }

    fn poll<W: Wire>(&mut self, stream: &mut W, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 8 * 1024];
        let mut heard = false;
        while self.left > 0 {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.left = self.left.saturating_sub(buffer.filled().len());
                    heard = true;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    if heard {
                        self.silence.as_mut().reset(Instant::now() + self.borne);
                    }
                    // Outside of tokio's budget for one turn: the reads may have used it up.
                    let end = std::pin::pin!(tokio::task::unconstrained(self.end.as_mut()));
                    let over = end.poll(cx).is_ready() | self.silence.as_mut().poll(cx).is_ready();
                    return if over { Poll::Ready(()) } else { Poll::Pending };
                }
            }
        }
        Poll::Ready(())
    }
}

/// Bytes that a client must take within `--write-timeout` where more wait for it.
const LEAST: usize = 16 * 1024;
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What is discarded of one refused body at most.
const MOST_DISCARDED: usize = 128 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(30);
/// A client that writes pauses for less.
const PAUSE: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(2);
