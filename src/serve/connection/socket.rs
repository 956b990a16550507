//! A client's socket. It replays the bytes that told the protocol, drops a client that reads too
//! slowly, and after a refusal discards what the client still sends, so that the client can read
//! the response.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::UnixStream,
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use super::signs::Signs;
use crate::quiet::{Quiet, Tcp};

/// The first bytes of a connection, until they tell its protocol.
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
    /// The connection's, or its end before the protocol is known.
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

    /// Whether the client has sent the whole preface of HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.bytes == *PREFACE
    }

    fn begins_preface(&self) -> bool {
        PREFACE.starts_with(&self.bytes[..self.length])
    }

    /// Moves the remaining bytes into `buffer`.
    fn fill(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = buffer.remaining().min(self.length - self.taken);
        buffer.put_slice(&self.bytes[self.taken..self.taken + count]);
        self.taken += count;
    }
}

/// The transport of a connection.
pub(super) trait Wire: AsyncRead + AsyncWrite + Quiet + Unpin + Send + 'static {
    /// Whether it buffers written bytes, so that a flush may have to wait.
    const BUFFERS: bool;
}

impl Wire for Tcp {
    const BUFFERS: bool = false;
}

impl Wire for UnixStream {
    const BUFFERS: bool = false;
}

impl Wire for TlsStream<Tcp> {
    const BUFFERS: bool = true;
}

impl Quiet for UnixStream {}

/// Bytes may have come that are decrypted and not read.
impl Quiet for TlsStream<Tcp> {}

/// A client's socket after its first bytes.
#[derive(Debug)]
pub(super) struct Socket<W> {
    stream: W,
    first: First,
    signs: Arc<Signs>,
    linger: Option<Linger>,
    /// Whether the write side was shut down after a refusal.
    is_shut: bool,
    /// Set while sent bytes are not read.
    stuck: Option<Stuck>,
    /// How long a client may leave bytes unread.
    patience: Duration,
}

/// A client that has not read what was sent, so that no more can be sent.
#[derive(Debug)]
struct Stuck {
    end: Pin<Box<Sleep>>,
    /// Bytes that could be sent since then.
    sent: usize,
}

impl<W> Socket<W> {
    pub(super) fn new(stream: W, first: First, signs: Arc<Signs>, patience: Duration) -> Self {
        Self { stream, first, signs, linger: None, is_shut: false, stuck: None, patience }
    }

    /// Records how many of some bytes were accepted. Only a client with bytes waiting for it is
    /// timed; one that has read everything may be silent for any time.
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

impl<W: Wire> Quiet for Socket<W> {
    #[inline]
    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.first.taken == self.first.length && self.stream.is_quiet(cx)
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
        // More data usually arrives with the first bytes. An error is returned at the next read.
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
            // The write side is shut down only when the client has stopped writing. Otherwise some
            // clients (Node) fail to write and never read the response.
            std::task::ready!(linger.poll(stream, cx));
            std::task::ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            *is_shut = true;
            linger.bears(SILENCE);
        }
        linger.poll(stream, cx).map(Ok)
    }
}

/// Discards what a refused client still sends. The response has a length and closes the connection,
/// so the client can close it. A socket closed with unread bytes is reset, and the client may lose
/// the response.
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

    /// Sets how long the client may be silent from now on.
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
                    // Outside tokio's coop budget, which the reads may have used up.
                    let end = std::pin::pin!(tokio::task::unconstrained(self.end.as_mut()));
                    let over = end.poll(cx).is_ready() | self.silence.as_mut().poll(cx).is_ready();
                    return if over { Poll::Ready(()) } else { Poll::Pending };
                }
            }
        }
        Poll::Ready(())
    }
}

/// Bytes that a client must read within `--write-timeout` while more are waiting.
const LEAST: usize = 16 * 1024;
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most bytes that are discarded of one refused body.
const MOST_DISCARDED: usize = 128 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(30);
/// A client that is writing pauses for less than this.
const PAUSE: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(2);
