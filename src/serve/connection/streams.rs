//! The streams of one HTTP/2 connection: how many are open, and a time limit for a response that
//! its client does not read.
//!
//! A client that grants no window holds a response and its permits, while its pings keep the
//! connection alive. hyper runs each stream as a task; here that task has a time limit while only
//! the client is awaited.

use std::{
    cell::Cell,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::{
    task::unconstrained,
    time::{Instant, Sleep, sleep, sleep_until},
};

use crate::{serve::reply::Reply, within::after};

/// The open streams of one connection, and hyper's executor for them.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    open: Arc<Mutex<Open>>,
    /// How long a response may wait for its client.
    patience: Duration,
}

#[derive(Debug)]
struct Open {
    count: usize,
    /// When the last stream ended.
    since: Instant,
}

/// One open stream.
struct Token(Arc<Mutex<Open>>);

impl Streams {
    pub(super) fn new(patience: Duration) -> Self {
        let open = Open { count: 0, since: Instant::now() };
        Self { open: Arc::new(Mutex::new(open)), patience }
    }

    /// Resolves when no stream has been open for this long.
    pub(super) async fn idle(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let since = {
                let open = lock(&self.open);
                if open.count == 0 { open.since } else { now }
            };
            let due = after(since, limit);
            if due <= now {
                return;
            }
            sleep_until(due).await;
        }
    }

    fn token(&self) -> Token {
        lock(&self.open).count += 1;
        Token(Arc::clone(&self.open))
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let mut open = lock(&self.0);
        open.count -= 1;
        open.since = Instant::now();
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let (token, patience) = (self.token(), self.patience);
        tokio::spawn(async move {
            let _token = token;
            let mut stream = pin!(stream);
            let mut timer: Option<Pin<Box<Sleep>>> = None;
            // Dropping the stream resets it and drops its response.
            std::future::poll_fn(|cx| {
                ASKED.set(Asked::Nothing);
                if stream.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                match ASKED.get() {
                    Asked::Waits => {
                        timer = None;
                        return Poll::Pending;
                    }
                    Asked::Answered => timer = None,
                    Asked::Nothing => {}
                }
                let timer = timer.get_or_insert_with(|| Box::pin(sleep(patience)));
                pin!(unconstrained(timer.as_mut())).poll(cx)
            })
            .await;
        });
    }
}

thread_local! {
    /// What the router's part of the stream did during the current poll.
    static ASKED: Cell<Asked> = const { Cell::new(Asked::Nothing) };
}

#[derive(Clone, Copy)]
enum Asked {
    /// Not polled: the stream waits for its client.
    Nothing,
    /// It returned data.
    Answered,
    /// Pending: the client waits for it.
    Waits,
}

fn noted<T>(polled: Poll<T>) -> Poll<T> {
    ASKED.set(if polled.is_pending() { Asked::Waits } else { Asked::Answered });
    polled
}

/// Records the polls of the future that makes a response.
pub(super) async fn making<F: Future>(response: F) -> F::Output {
    let mut response = pin!(response);
    std::future::poll_fn(|cx| noted(response.as_mut().poll(cx))).await
}

/// A body whose polls are recorded. It is sent in chunks, since the last chunk leaves the body
/// before it leaves the process, and a client that does not read must not hold much memory.
pub(super) struct Noted {
    reply: Reply,
    rest: Bytes,
}

impl Noted {
    pub(super) fn new(reply: Reply) -> Self {
        Self { reply, rest: Bytes::new() }
    }
}

impl Body for Noted {
    type Data = Bytes;
    type Error = <Reply as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Self { reply, rest } = &mut *self;
        if rest.is_empty() {
            match std::task::ready!(noted(Pin::new(reply).poll_frame(cx))) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => *rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        noted(Poll::Ready(Some(Ok(Frame::data(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.reply.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.reply.size_hint() } else { SizeHint::default() }
    }
}

const PIECE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_waits_for_its_client_alone_is_dropped_in_time() {
        let streams = Streams::new(Duration::from_secs(60));
        let began = Instant::now();
        streams.execute(async {
            // The router works for longer than the client may.
            making(sleep(Duration::from_secs(100))).await;
            std::future::pending::<()>().await;
        });
        streams.idle(Duration::from_secs(10)).await;
        assert!((170..=180).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_the_end_of_its_last_stream_on() {
        let streams = Streams::new(Duration::from_secs(60));
        let began = Instant::now();
        streams.execute(making(sleep(Duration::from_secs(30))));
        streams.idle(Duration::from_secs(620)).await;
        assert_eq!(began.elapsed().as_secs(), 650);
    }
}
