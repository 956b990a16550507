//! The script of a provider: what it does with each connection, and how it answers each request.
//!
//! Never: a script has no chance in it; the same requests get the same answers.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::{Reply, Seen};

/// What happens to a connection before HTTP.
#[derive(Clone, Debug)]
pub(crate) enum Accept {
    /// HTTP is spoken.
    Serve,
    /// RST at once.
    Reset,
    /// FIN at once.
    Close,
    /// Accepted, read, never answered (a silent TLS handshake, when the client speaks TLS).
    Silent,
    /// Accepted and never read.
    Deaf,
    /// These bytes, then FIN, whatever was sent.
    Say(Bytes),
}

type Answer = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// Queues for the first connections and requests, and what holds after them.
#[derive(Clone)]
pub(crate) struct Script {
    connects: VecDeque<Accept>,
    connect: Accept,
    replies: VecDeque<Reply>,
    reply: Answer,
}

impl Script {
    /// Every request gets this reply.
    pub(crate) fn always(reply: Reply) -> Self {
        Self::by(move |_| reply.clone())
    }

    /// The reply is made from the request.
    pub(crate) fn by(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self {
            connects: VecDeque::new(),
            connect: Accept::Serve,
            replies: VecDeque::new(),
            reply: Arc::new(reply),
        }
    }

    /// These replies first, in order of arrival.
    pub(crate) fn first(mut self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.replies.extend(replies);
        self
    }

    /// Every connection (after those of [`Script::first_connects`]) is met like this.
    pub(crate) fn connect(mut self, accept: Accept) -> Self {
        self.connect = accept;
        self
    }

    /// The first connections are met like this.
    pub(crate) fn first_connects(mut self, accepts: impl IntoIterator<Item = Accept>) -> Self {
        self.connects.extend(accepts);
        self
    }

    pub(super) fn next_connect(&mut self) -> Accept {
        self.connects.pop_front().unwrap_or_else(|| self.connect.clone())
    }

    pub(super) fn next_reply(&mut self, seen: &Seen) -> Reply {
        self.replies.pop_front().unwrap_or_else(|| (self.reply)(seen))
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self::always(reply)
    }
}

impl From<Accept> for Script {
    fn from(accept: Accept) -> Self {
        Self::always(Reply::chat("never said")).connect(accept)
    }
}

impl<const N: usize> From<[Reply; N]> for Script {
    /// The replies in order; the last one again and again.
    fn from(replies: [Reply; N]) -> Self {
        let last = replies[N - 1].clone();
        Self::always(last).first(replies)
    }
}
