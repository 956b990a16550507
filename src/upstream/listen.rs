//! Counts the bytes that a provider sends without answering. If a reused connection breaks before
//! sending any, the request was not answered and may be sent again. A connection that sends much
//! without progress (interim responses, settings, pings, empty frames), or whose answer's head does
//! not end, is closed.
//!
//! It does not parse the bytes.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::unconstrained,
    time::{Instant, Sleep, sleep},
};

use crate::quiet::Quiet;

/// The bytes since the count was cleared, and the state of the awaited head.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenState(Arc<AtomicUsize>);

/// A connection that counts every read, and stops after `most` bytes without progress.
#[derive(Debug)]
pub(crate) struct Listening<I> {
    io: I,
    listen_state: ListenState,
    most: usize,
    /// When to check whether a head has begun or has not ended. It is set from time to time, not
    /// for each answer.
    look: Option<Pin<Box<Sleep>>>,
}

impl ListenState {
    /// A request is sent on a connection for one at a time, so a head comes next.
    pub(crate) fn ask(&self) {
        self.0.store(HEAD, Ordering::Relaxed);
    }

    /// Clears the count: the next request begins, or an answer made progress.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether anything arrived.
    pub(crate) fn received_anything(&self) -> bool {
        self.0.load(Ordering::Relaxed) & COUNT > 0
    }

    /// A connection that counts here and closes after `most` bytes without progress.
    pub(crate) fn listen<I>(&self, io: I, most: usize) -> Listening<I> {
        Listening { io, listen_state: self.clone(), most, look: None }
    }
}

impl<I> Listening<I> {
    /// The connection without its counter.
    pub(crate) fn into_inner(self) -> I {
        self.io
    }

    /// Whether a head has begun that does not end, because it had also begun at the last check.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(look) = &mut self.look {
            // One task polls it and did so when the timer was set, so another poll would only cost.
            if !look.is_elapsed() {
                return Poll::Pending;
            }
            let state = self.listen_state.0.load(Ordering::Relaxed);
            if !has_begun(state) {
                self.look = None;
            } else if state & SEEN > 0 {
                return Poll::Ready(());
            } else {
                self.listen_state.0.store(state | SEEN, Ordering::Relaxed);
                look.as_mut().reset(Instant::now() + LOOK);
                wakes(look.as_mut(), cx);
            }
        }
        Poll::Pending
    }
}

/// Registers the task with the timer, which has just started.
fn wakes(look: Pin<&mut Sleep>, cx: &mut Context<'_>) {
    let _ = std::pin::pin!(unconstrained(look)).poll(cx);
}

/// Whether the awaited head has begun.
fn has_begun(state: usize) -> bool {
    state & HEAD > 0 && state & COUNT > 0
}

impl<I: Quiet> Quiet for Listening<I> {
    #[inline]
    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.look.is_none() && self.io.is_quiet(cx)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Listening<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.look.is_some() && self.poll_look(cx).is_ready() {
            let cause = "the head of the answer does not end";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, cause)));
        }
        let listen_state = self.listen_state.0.load(Ordering::Relaxed);
        if listen_state & COUNT >= self.most {
            let cause = "the provider says much and answers nothing";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, cause)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if read.is_pending() {
            if has_begun(listen_state) && self.look.is_none() {
                wakes(self.look.insert(Box::pin(sleep(LOOK))).as_mut(), cx);
            }
            return read;
        }
        // One task reads, on the core of the request, so no addition is lost.
        let came = buffer.filled().len() - before;
        self.listen_state.0.store(listen_state + came, Ordering::Relaxed);
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

/// The head of an answer is awaited.
const HEAD: usize = 1 << (usize::BITS - 1);
/// It had begun at the last check.
const SEEN: usize = HEAD >> 1;
/// The rest is a number of bytes.
const COUNT: usize = SEEN - 1;
/// A head may take once to twice this long from its first byte, including interim responses, like a
/// client's by default.
const LOOK: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// After how many seconds a head ends whose next byte comes every `every` seconds.
    async fn ends_after(every: u64, head_ends: Option<u64>) -> Option<u64> {
        let (mut provider, io) = duplex(64);
        let listen_state = ListenState::default();
        let mut listening = listen_state.listen(io, 1 << 20);
        listen_state.ask();
        let began = Instant::now();
        tokio::spawn(async move {
            while provider.write_all(b"a").await.is_ok() {
                sleep(Duration::from_secs(every)).await;
            }
        });
        loop {
            let mut byte = [0];
            let read = tokio::time::timeout(Duration::from_secs(300), listening.read(&mut byte));
            match read.await.ok()? {
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return Some(began.elapsed().as_secs());
                }
            }
            if head_ends.is_some_and(|end| began.elapsed().as_secs() >= end) {
                listen_state.clear();
            }
            if began.elapsed().as_secs() > 600 {
                return None;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn head_that_drips_or_stops_ends_and_a_body_does_not() {
        assert_eq!(ends_after(1, None).await, Some(30));
        assert_eq!(ends_after(1_000, None).await, Some(30));
        assert_eq!(ends_after(1, Some(20)).await, None);
        assert_eq!(ends_after(40, Some(0)).await, None);
    }
}
