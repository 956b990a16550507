//! Sockets that say at little cost that nothing has come.
//!
//! hyper asks a socket about eleven times for one request and receives bytes twice. Tokio's answer
//! to a question in vain is as expensive as the parsing of a few headers.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
};

use hyper::rt::ReadBufCursor;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    runtime::{Handle, RuntimeFlavor},
    task::coop,
};

/// A socket that may know that a read would be in vain.
pub(crate) trait Quiet {
    /// Whether nothing has come since the last read in vain, and this task will be woken when
    /// something does. `false` if that is unknown.
    fn is_quiet(&self, _: &Context<'_>) -> bool {
        false
    }
}

/// A TCP socket that remembers the task that it will wake.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    /// The task of the last read in vain.
    waker: Option<Waker>,
    /// Whether that read left the waker with Tokio.
    waits: bool,
    /// The thread that also receives the events of this socket. Another thread may take the waker
    /// between a read and the next question, so only this one remembers it.
    core: Option<ThreadId>,
}

impl Tcp {
    /// For a socket of this thread's runtime.
    pub(crate) fn new(stream: TcpStream) -> Self {
        let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
        let is_alone = matches!(flavor, Ok(RuntimeFlavor::CurrentThread));
        let core = is_alone.then(|| thread::current().id());
        Self { stream, waker: None, waits: false, core }
    }
}

#[cfg(test)]
impl Tcp {
    pub(crate) fn peer_addr(&self) -> io::Result<std::net::SocketAddr> {
        self.stream.peer_addr()
    }
}

impl Quiet for Tcp {
    #[inline]
    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.waits
            && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
            // Looks only at what Tokio knows: an error says that no event has come.
            && self.stream.try_io(Interest::READABLE, || Ok(())).is_err()
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_quiet(cx) {
            return Poll::Pending;
        }
        let Self { stream, waker, waits, core } = &mut *self;
        let read = Pin::new(stream).poll_read(cx, buffer);
        // A task whose budget is used up waits for its next turn, not for this socket.
        *waits = read.is_pending()
            && coop::has_budget_remaining()
            && core.is_some_and(|core| core == thread::current().id());
        if *waits && !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        read
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Quiet + ?Sized> Quiet for Box<S> {
    #[inline]
    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        (**self).is_quiet(cx)
    }
}

/// A socket as hyper wants it, which does not read in vain.
#[derive(Debug)]
pub(crate) struct ForHyper<S>(S);

impl<S> ForHyper<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self(socket)
    }

    /// The socket itself.
    pub(crate) fn into_inner(self) -> S {
        self.0
    }
}

impl<S: AsyncRead + Quiet + Unpin> hyper::rt::Read for ForHyper<S> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_quiet(cx) {
            return Poll::Pending;
        }
        Pin::new(&mut TokioIo::new(&mut self.0)).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for ForHyper<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connection for ForHyper<Tcp> {
    fn connected(&self) -> Connected {
        self.0.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
        time::Duration,
    };

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        time::sleep,
    };

    use super::*;

    /// A socket and the client at its other end.
    async fn pair() -> (Tcp, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Tcp::new(accepted.unwrap().0), client.unwrap())
    }

    /// One read, and how many bytes came; `None` if none has come yet.
    fn read(socket: &mut Tcp, cx: &mut Context<'_>) -> Option<usize> {
        let mut bytes = [0; 64];
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(socket).poll_read(cx, &mut buffer) {
            Poll::Ready(read) => read.map(|()| Some(buffer.filled().len())).unwrap(),
            Poll::Pending => None,
        }
    }

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn it_is_quiet_until_bytes_come_and_after_they_are_read() {
        let (mut socket, mut client) = pair().await;
        let woken = Arc::new(Counted::default());
        let waker = Waker::from(Arc::clone(&woken));
        let cx = &mut Context::from_waker(&waker);
        assert!(!socket.is_quiet(cx), "nobody has read yet");
        for round in 1..=3 {
            assert_eq!(read(&mut socket, cx), None);
            assert!(socket.is_quiet(cx));
            assert_eq!(read(&mut socket, cx), None);
            client.write_all(b"bytes").await.unwrap();
            while woken.0.load(Ordering::Relaxed) < round {
                sleep(Duration::from_millis(1)).await;
            }
            assert!(!socket.is_quiet(cx), "bytes have come");
            assert_eq!(read(&mut socket, cx), Some(5));
        }
        assert_eq!(read(&mut socket, cx), None);
        drop(client);
        while socket.is_quiet(cx) {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(read(&mut socket, cx), Some(0), "the end has come");
    }

    #[tokio::test]
    async fn another_task_that_reads_is_the_one_that_is_woken() {
        let (mut socket, mut client) = pair().await;
        let (first, second) = (Arc::new(Counted::default()), Arc::new(Counted::default()));
        let wakers = [Waker::from(Arc::clone(&first)), Waker::from(Arc::clone(&second))];
        assert_eq!(read(&mut socket, &mut Context::from_waker(&wakers[0])), None);
        let cx = &mut Context::from_waker(&wakers[1]);
        assert!(!socket.is_quiet(cx), "the other task would be woken");
        assert_eq!(read(&mut socket, cx), None);
        client.write_all(b"bytes").await.unwrap();
        while second.0.load(Ordering::Relaxed) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(read(&mut socket, cx), Some(5));
    }

    /// Such a read has not asked Tokio to wake anybody.
    #[tokio::test]
    async fn read_without_budget_is_not_remembered() {
        let (mut socket, mut client) = pair().await;
        client.write_all(b"bytes").await.unwrap();
        sleep(Duration::from_millis(20)).await;
        poll_fn(|cx| {
            while coop::has_budget_remaining() {
                let _ = std::pin::pin!(coop::consume_budget()).poll(cx);
            }
            assert_eq!(read(&mut socket, cx), None);
            assert!(!socket.is_quiet(cx));
            Poll::Ready(())
        })
        .await;
        let mut bytes = [0; 5];
        socket.read_exact(&mut bytes).await.unwrap();
    }

    /// There, another thread receives the events.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_remembered_where_threads_share_their_tasks() {
        let (mut socket, _client) = pair().await;
        let waker = Waker::noop();
        let cx = &mut Context::from_waker(waker);
        assert_eq!(read(&mut socket, cx), None);
        assert!(!socket.is_quiet(cx));
    }
}
