//! A body for the HTTP client, whose chunks are all in memory. Its length is known, so
//! `content-length` is exact.

use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};

use super::pieces::{List, Pieces};

/// A body of which every piece is already here.
///
/// Each frame is a piece, of which hyper writes about half a megabyte at once. A large body is one
/// frame, of which the system takes what it can (`docs/architecture.md` has the figures).
#[derive(Debug, Default)]
pub(crate) struct PiecesBody {
    rest: Rest,
}

/// Bytes in one piece or many. Little for a small body: every connection keeps room for dozens of
/// requests.
#[derive(Debug)]
pub(crate) enum Rest {
    /// One piece, which may be empty.
    One(Bytes),
    /// More than one.
    Many(Box<Many>),
}

/// Pieces, none of them empty, and how many bytes they have together.
#[derive(Debug)]
pub(crate) struct Many {
    pieces: <List as IntoIterator>::IntoIter,
    length: usize,
}

impl From<Pieces> for PiecesBody {
    fn from(pieces: Pieces) -> Self {
        // All of it is in memory, so the conversion loses nothing.
        let length = pieces.len() as usize;
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
        let whole = self.rest.remaining() > LARGE;
        let frame = if whole { std::mem::take(&mut self.rest) } else { self.rest.next_piece() };
        Poll::Ready(frame.has_remaining().then(|| Ok(Frame::data(frame))))
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
    /// Takes the first piece off; an empty one when there is none.
    fn next_piece(&mut self) -> Self {
        Self::One(match self {
            Self::One(piece) => std::mem::take(piece),
            Self::Many(many) => many.next_piece(),
        })
    }

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
    fn next_piece(&mut self) -> Bytes {
        let piece = self.pieces.next().unwrap_or_default();
        self.length -= piece.len();
        piece
    }

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

/// Between a megabyte, which is dearer in one write, and eight, which are cheaper.
const LARGE: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use http_body::Body;
    use http_body_util::BodyExt;

    use super::*;

    fn rest(parts: &[&'static [u8]]) -> Rest {
        PiecesBody::from(parts.iter().copied().map(Bytes::from_static).collect::<Pieces>()).rest
    }

    #[tokio::test]
    async fn sends_every_piece_and_knows_what_is_left() {
        let parts = [&b"one "[..], b"", b"two ", b"three ", b"four"];
        let pieces: Pieces = parts.into_iter().map(Bytes::from_static).collect();
        let mut body = PiecesBody::from(pieces);
        assert_eq!(body.size_hint().exact(), Some(18));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.chunk(), b"one ");
        assert_eq!(body.size_hint().exact(), Some(14));
        assert!(!body.is_end_stream());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "two three four");
    }

    #[tokio::test]
    async fn a_large_body_is_one_frame() {
        let pieces: Pieces = (0..3).map(|_| Bytes::from(vec![b'x'; LARGE / 2])).collect();
        let mut body = PiecesBody::from(pieces);
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame.remaining(), LARGE / 2 * 3);
        assert!(body.is_end_stream() && body.frame().await.is_none());
        let mut slices = [IoSlice::new(&[]); 2];
        assert_eq!(frame.chunks_vectored(&mut slices), 2, "as many as there is room for");
        assert_eq!(slices.map(|slice| slice.len()), [LARGE / 2; 2]);
    }

    #[test]
    fn goes_on_where_the_system_stopped() {
        let whole = b"one two three four";
        for stop in 0..=whole.len() {
            for parts in [vec![&whole[..]], vec![&whole[..4], &whole[4..5], &whole[5..]]] {
                let mut rest = rest(&parts);
                rest.advance(stop);
                assert_eq!(rest.remaining(), whole.len() - stop);
                assert_eq!(rest.copy_to_bytes(rest.remaining()), whole[stop..]);
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
