//! Comments to a waiting client, so that proxies do not close an idle connection. It wraps a future
//! without knowing what it does.
//!
//! Dropping the body drops the future.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, sleep};

use super::reply::{BrokenOff, Reply, Source};
use crate::sse::Boundary;

/// A body that begins with comments.
enum Waiting {
    /// Only comments have been sent.
    Comments(Pin<Box<dyn Future<Output = Reply> + Send>>, Interval),
    /// The body after the comments.
    Rest(Reply),
}

/// A comment every `every` until `rest` is ready, then its body.
pub(crate) fn until(rest: impl Future<Output = Reply> + Send + 'static, every: Duration) -> Reply {
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Reply::of(Waiting::Comments(Box::pin(rest), beat))
}

/// A running stream with comments in its pauses.
struct Paced {
    body: Reply,
    pause: Pin<Box<Sleep>>,
    every: Duration,
    /// A comment is sent between two events, never inside one.
    boundary: Boundary,
}

/// The same stream, with a comment whenever nothing has arrived for `every`.
pub(crate) fn between(body: Reply, every: Duration) -> Reply {
    let pause = Box::pin(sleep(every));
    Reply::of(Paced { body, pause, every, boundary: Boundary::new() })
}

impl Source for Paced {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if let Poll::Ready(piece) = self.body.poll_piece(cx) {
            if let Some(Ok(piece)) = &piece {
                self.boundary.feed(piece);
                self.pause.as_mut().reset(Instant::now() + self.every);
            }
            return Poll::Ready(piece);
        }
        loop {
            ready!(self.pause.as_mut().poll(cx));
            self.pause.as_mut().reset(Instant::now() + self.every);
            if self.boundary.is_between_events() {
                return Poll::Ready(Some(Ok(Bytes::from_static(COMMENT))));
            }
        }
    }

    fn is_end(&self) -> bool {
        self.body.is_end()
    }
}

impl Source for Waiting {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if let Self::Comments(rest, beat) = self {
            match rest.as_mut().poll(cx) {
                Poll::Ready(rest) => *self = Self::Rest(rest),
                Poll::Pending => {
                    let comment = || Some(Ok(Bytes::from_static(COMMENT)));
                    return beat.poll_tick(cx).map(|_| comment());
                }
            }
        }
        match self {
            Self::Rest(rest) => rest.poll_piece(cx),
            Self::Comments(..) => Poll::Pending,
        }
    }

    fn is_end(&self) -> bool {
        matches!(self, Self::Rest(rest) if rest.is_end())
    }
}

const COMMENT: &[u8] = b": keep-alive\n\n";
