//! A connection that counts what the provider has said since it was last asked, or since an answer
//! last went on. A request on a connection that broke in silence was not answered, and may be sent
//! again; a connection that says much and answers nothing (interim responses, settings, pings, frames
//! without data) breaks.
//!
//! It reads nothing of what it counts.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes have come since the count was last cleared.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenState(Arc<AtomicUsize>);

/// A connection that counts every read, and reads no more once `most` bytes have brought no answer
/// further.
#[derive(Debug)]
pub(crate) struct Listening<I> {
    io: I,
    listen_state: ListenState,
    most: usize,
}

impl ListenState {
    /// Forgets what came: the next request begins, or an answer went on.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether anything came.
    pub(crate) fn received_anything(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// A connection that counts here, and breaks where `most` bytes brought no answer further.
    pub(crate) fn listen<I>(&self, io: I, most: usize) -> Listening<I> {
        Listening { io, listen_state: self.clone(), most }
    }
}

impl<I> Listening<I> {
    /// The connection without its count.
    pub(crate) fn into_inner(self) -> I {
        self.io
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Listening<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let listen_state = self.listen_state.0.load(Ordering::Relaxed);
        if listen_state >= self.most {
            let cause = "the provider says much and answers nothing";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, cause)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        let came = buffer.filled().len() - before;
        if came > 0 {
            // One task reads, on the core that asks: no addition is lost.
            self.listen_state.0.store(listen_state + came, Ordering::Relaxed);
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Listening<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}
