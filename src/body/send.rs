//! The pieces on their way out, as the body that the HTTP client sends.
//!
//! It never fails, never waits and always knows its exact length, so `content-length` stays
//! right without chunked encoding.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::pieces::{List, Pieces};

/// A body of which every piece is already here.
#[derive(Debug)]
pub struct PiecesBody {
    rest: Rest,
    length: u64,
}

/// Little for a small body: every connection keeps room for dozens of requests.
#[derive(Debug)]
enum Rest {
    One(Bytes),
    Many(Box<<List as IntoIterator>::IntoIter>),
}

impl From<Pieces> for PiecesBody {
    fn from(pieces: Pieces) -> Self {
        let length = pieces.len();
        let mut list: List = pieces.list;
        let rest = match list.len() {
            0 | 1 => Rest::One(list.pop().unwrap_or_default()),
            _ => Rest::Many(Box::new(list.into_iter())),
        };
        Self { rest, length }
    }
}

impl Default for PiecesBody {
    fn default() -> Self {
        Pieces::new().into()
    }
}

impl http_body::Body for PiecesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut self.rest {
            Rest::One(piece) => Some(std::mem::take(piece)).filter(|piece| !piece.is_empty()),
            Rest::Many(pieces) => pieces.next(),
        };
        Poll::Ready(piece.map(|piece| {
            self.length -= piece.len() as u64;
            Ok(Frame::data(piece))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn sends_every_piece_and_knows_what_is_left() {
        let parts = [&b"one "[..], b"", b"two ", b"three ", b"four"];
        let pieces: Pieces = parts.into_iter().map(Bytes::from_static).collect();
        let mut body = PiecesBody::from(pieces.clone());
        assert_eq!(body.size_hint().exact(), Some(18));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "one ");
        assert_eq!(body.size_hint().exact(), Some(14));
        assert!(!body.is_end_stream());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "two three four");
        let mut again = PiecesBody::from(pieces);
        while again.frame().await.is_some() {}
        assert!(again.is_end_stream());
        assert_eq!(again.size_hint().exact(), Some(0));
    }

    #[test]
    fn an_empty_body_has_ended_before_it_began() {
        let body = PiecesBody::from(Pieces::new());
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}
