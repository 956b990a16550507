//! The pieces on their way out, as the body that the HTTP client sends.
//!
//! It never fails, never waits and always knows its exact length, so `content-length` stays
//! right without chunked encoding.

use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};

use super::pieces::{List, Pieces};

/// A body of which every piece is already here. All of it is one frame: the system is then asked to
/// take as much at once as it can, and the provider is woken for as few bytes as seldom.
#[derive(Debug, Default)]
pub struct PiecesBody {
    rest: Rest,
}

/// Bytes in one piece or many. Little for a small body: every connection keeps room for dozens of
/// requests.
#[derive(Debug)]
pub enum Rest {
    /// One piece, which may be empty.
    One(Bytes),
    /// More than one.
    Many(Box<Many>),
}

/// Pieces, none of them empty, and how many bytes they have together.
#[derive(Debug)]
pub struct Many {
    pieces: <List as IntoIterator>::IntoIter,
    length: usize,
}

impl From<Pieces> for PiecesBody {
    fn from(pieces: Pieces) -> Self {
        let length = pieces.iter().map(Bytes::len).sum();
        let mut list: List = pieces.list;
        let rest = match list.len() {
            0 | 1 => Rest::One(list.pop().unwrap_or_default()),
            _ => Rest::Many(Box::new(Many { pieces: list.into_iter(), length })),
        };
        Self { rest }
    }
}

impl http_body::Body for PiecesBody {
    type Data = Rest;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Rest>, Infallible>>> {
        let rest = std::mem::take(&mut self.rest);
        Poll::Ready(rest.has_remaining().then(|| Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        !self.rest.has_remaining()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.remaining() as u64)
    }
}

impl Default for Rest {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

impl Rest {
    fn pieces(&self) -> &[Bytes] {
        match self {
            Self::One(piece) if piece.is_empty() => &[],
            Self::One(piece) => std::slice::from_ref(piece),
            Self::Many(many) => many.pieces.as_slice(),
        }
    }
}

impl Buf for Rest {
    fn remaining(&self) -> usize {
        match self {
            Self::One(piece) => piece.len(),
            Self::Many(many) => many.length,
        }
    }

    fn chunk(&self) -> &[u8] {
        self.pieces().first().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(self.pieces());
        filled.map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::One(piece) => piece.advance(count),
            Self::Many(many) => many.advance(count),
        }
    }
}

impl Many {
    fn advance(&mut self, mut count: usize) {
        self.length -= count;
        while let Some(piece) = self.pieces.as_mut_slice().first_mut() {
            if piece.len() > count {
                piece.advance(count);
                return;
            }
            count -= piece.len();
            self.pieces.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body;
    use http_body_util::BodyExt;

    use super::*;

    async fn sent(pieces: Pieces) -> Rest {
        PiecesBody::from(pieces).frame().await.unwrap().unwrap().into_data().unwrap()
    }

    #[tokio::test]
    async fn sends_every_piece_at_once() {
        let parts = [&b"one "[..], b"", b"two ", b"three ", b"four"];
        let pieces: Pieces = parts.into_iter().map(Bytes::from_static).collect();
        let mut body = PiecesBody::from(pieces.clone());
        assert_eq!(body.size_hint().exact(), Some(18));
        assert!(!body.is_end_stream());
        let rest = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(body.is_end_stream() && body.frame().await.is_none());
        assert_eq!(body.size_hint().exact(), Some(0));

        let mut slices = [IoSlice::new(&[]); 3];
        assert_eq!(rest.chunks_vectored(&mut slices), 3, "as many as there is room for");
        assert_eq!(slices.map(|slice| slice.len()), [4, 4, 6]);
        assert_eq!(
            PiecesBody::from(pieces).collect().await.unwrap().to_bytes(),
            "one two three four"
        );
    }

    #[tokio::test]
    async fn goes_on_where_the_system_stopped() {
        let whole = b"one two three four";
        for stops in 0..=whole.len() {
            for parts in [vec![&whole[..]], vec![&whole[..4], &whole[4..5], &whole[5..]]] {
                let mut rest = sent(parts.into_iter().map(Bytes::from_static).collect()).await;
                rest.advance(stops);
                assert_eq!(rest.remaining(), whole.len() - stops);
                assert_eq!(rest.copy_to_bytes(rest.remaining()), whole[stops..]);
            }
        }
    }

    #[test]
    fn an_empty_body_has_ended_before_it_began() {
        let body = PiecesBody::from(Pieces::new());
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}
