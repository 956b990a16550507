//! Comments to a client that waits: they keep what lies between from closing a connection on which
//! nothing comes. It wraps a future, and knows nothing of what the future does.
//!
//! Dropping the body drops the future and all it holds.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Interval, MissedTickBehavior};

use super::reply::{BrokenOff, Reply, Source};

/// A body that begins with comments.
enum Waiting {
    /// Only comments have been sent so far.
    Comments(Pin<Box<dyn Future<Output = Reply> + Send>>, Interval),
    /// What follows them.
    Rest(Reply),
}

/// A comment each `every` until `rest` is there, then what it is.
pub(crate) fn until(rest: impl Future<Output = Reply> + Send + 'static, every: Duration) -> Reply {
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Reply::of(Waiting::Comments(Box::pin(rest), beat))
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
