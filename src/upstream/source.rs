//! Where the body of an answer comes from: a provider's connection, the router itself, or a stream
//! that is translated on its way.
//!
//! It never judges what comes.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    failure::Brief,
    protocol::conversation::{Finish, Usage},
};

/// What gives a body, piece by piece.
pub(crate) trait Source: Send + Sync {
    /// The next piece, or how the body broke off.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>>;

    /// Whether nothing more will come.
    fn is_end(&self) -> bool;

    /// How many bytes are still to come, where that is known.
    fn remaining(&self) -> Option<u64>;

    /// Gives it the time by which all of it must have come. `false`: it keeps no time itself. A
    /// source does that says its end in words of its own.
    fn ends_by(&mut self, _end: Option<Instant>) -> bool {
        false
    }

    /// The tokens that it has told so far, where they are known without a look at its bytes.
    fn usage(&self) -> Option<Usage> {
        None
    }

    /// Why the model stopped, where that is known without a look at its bytes.
    fn reason(&self) -> Option<Finish> {
        None
    }

    /// The service tier that the provider has named so far.
    fn service(&self) -> Option<&str> {
        None
    }

    /// What a body that ended as it should says went wrong.
    fn fault(&self) -> Option<Brief> {
        None
    }
}
