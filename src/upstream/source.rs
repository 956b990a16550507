//! The source of an answer's body: a provider's connection, the router itself, or a stream in
//! translation.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    failure::Brief,
    protocol::conversation::{Finish, Usage},
};

/// A body in chunks.
pub(crate) trait Source: Send + Sync {
    /// The next chunk, or how the body broke off.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>>;

    /// Whether nothing more will come.
    fn is_end(&self) -> bool;

    /// The number of remaining bytes, if known.
    fn remaining(&self) -> Option<u64>;

    /// Sets the deadline of the body; `false` if the source does not keep it. A source that does
    /// writes the end in its own protocol.
    fn ends_by(&mut self, _end: Option<Instant>) -> bool {
        false
    }

    /// The tokens reported so far, if they are known without reading the bytes.
    fn usage(&self) -> Option<Usage> {
        None
    }

    /// Why the model stopped, if that is known without reading the bytes.
    fn reason(&self) -> Option<Finish> {
        None
    }

    /// The provider's service tier, if it is known by now.
    fn service(&self) -> Option<&str> {
        None
    }

    /// The error that a body reported although it ended normally.
    fn fault(&self) -> Option<Brief> {
        None
    }
}
