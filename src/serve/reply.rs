//! The body of every response. Its sources know this file; this file knows none of them.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body of a response.
pub(crate) struct Reply(Box<dyn Source>);

/// A source of chunks.
pub(crate) trait Source: Send {
    /// The next chunk; `None` after the last one.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>>;

    /// Whether the end is known.
    fn is_end(&self) -> bool {
        false
    }

    /// The number of remaining bytes, if known.
    fn remaining(&self) -> Option<u64> {
        None
    }
}

/// Why the transfer to the client breaks.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct BrokenOff;

impl Reply {
    /// A body that `source` fills.
    pub(crate) fn of(source: impl Source + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl Source for Reply {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        self.0.poll_piece(cx)
    }

    fn is_end(&self) -> bool {
        self.0.is_end()
    }

    fn remaining(&self) -> Option<u64> {
        self.0.remaining()
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining().map(SizeHint::with_exact).unwrap_or_default()
    }
}

/// The body of an axum route.
impl Source for axum::body::Body {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let frame = ready!(Pin::new(self).poll_frame(cx));
        let data = |frame: Result<Frame<Bytes>, _>| match frame.map(Frame::into_data) {
            Ok(Ok(data)) => Some(Ok(data)),
            // No route has trailers.
            Ok(Err(_)) => None,
            Err(_) => Some(Err(BrokenOff)),
        };
        Poll::Ready(frame.and_then(data))
    }

    fn is_end(&self) -> bool {
        self.is_end_stream()
    }

    fn remaining(&self) -> Option<u64> {
        self.size_hint().exact()
    }
}
