//! A stream that is changed on its way by what stands behind a trait: guardrails, or what cleans answers.
//!
//! It never lets go of half of an event. Where the filter stops the stream, it ends with what the filter says.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::time::Instant;

use super::{answer::AnswerBody, source::Source};
use crate::{
    failure::Brief,
    protocol::conversation::{Finish, Usage},
};

/// What a stream goes through.
pub(super) trait Filter: Send + Sync {
    /// Why a stream does not go on.
    type Stop;

    /// Takes the next bytes, and appends what may go on.
    ///
    /// # Errors
    /// The stream does not go on.
    fn feed(&mut self, piece: Bytes, out: &mut Vec<u8>) -> Result<(), Self::Stop>;

    /// The bytes have ended.
    ///
    /// # Errors
    /// As [`Filter::feed`].
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Self::Stop>;

    /// The provider broke off. What is held and whole may go on before the client hears of it.
    ///
    /// # Errors
    /// As [`Filter::feed`].
    fn broken(&mut self, _out: &mut Vec<u8>) -> Result<(), Self::Stop> {
        Ok(())
    }

    /// Appends what the client is told in the place of what does not go on; answers what that says of the
    /// answer. `source` is what the stream's source has found wrong by itself.
    fn stopped(&mut self, stop: Self::Stop, source: Option<Brief>, out: &mut Vec<u8>) -> Brief;
}

/// A stream on its way through a filter.
pub(super) struct Filtered<F> {
    source: AnswerBody,
    filter: F,
    /// What has not gone out.
    out: Vec<u8>,
    ended: bool,
    /// How the provider broke off: told when what came before has gone out.
    broken: Option<Brief>,
    fault: Option<Brief>,
    /// What the source had told when it was stopped.
    usage: Option<Usage>,
    service: Option<Box<str>>,
}

/// Why a stream cannot begin.
pub(super) enum Unopened<S> {
    /// It was stopped before anything could go out.
    Stopped(S),
    /// It broke.
    Broken(Brief),
}

impl<F: Filter> Filtered<F> {
    /// A stream of which nothing has been read.
    pub(super) fn new(source: AnswerBody, filter: F) -> Self {
        let (out, usage, service) = (Vec::new(), None, None);
        Self { source, filter, out, ended: false, broken: None, fault: None, usage, service }
    }

    /// Waits until something may go out, or the stream has ended.
    ///
    /// # Errors
    /// It was stopped, or broke, before anything could go out.
    pub(super) async fn open(&mut self) -> Result<(), Unopened<F::Stop>> {
        while self.out.is_empty() && !self.ended {
            let piece = std::future::poll_fn(|cx| self.source.poll_piece(cx)).await;
            match self.take(piece) {
                Ok(()) => {}
                Err(stop) if self.out.is_empty() => return Err(Unopened::Stopped(stop)),
                Err(stop) => self.stop(stop),
            }
        }
        match self.broken {
            Some(broken) if self.out.is_empty() => Err(Unopened::Broken(broken)),
            _ => Ok(()),
        }
    }

    /// Whether nothing can go out at this moment.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The tokens that have been told so far.
    pub(super) fn told(&self) -> Option<Usage> {
        self.usage.or_else(|| self.source.usage())
    }

    /// The stream ends here.
    pub(super) fn stop(&mut self, stop: F::Stop) {
        (self.ended, self.broken) = (true, None);
        self.usage = self.source.usage();
        self.service = self.source.service().map(Into::into);
        let source = self.source.fault();
        self.source = AnswerBody::ended();
        self.fault = Some(self.filter.stopped(stop, source, &mut self.out));
    }

    fn take(&mut self, piece: Option<Result<Bytes, Brief>>) -> Result<(), F::Stop> {
        match piece {
            Some(Ok(piece)) => self.filter.feed(piece, &mut self.out),
            Some(Err(broken)) => {
                (self.ended, self.broken) = (true, Some(broken));
                self.filter.broken(&mut self.out)
            }
            None => {
                self.ended = true;
                self.filter.end(&mut self.out)
            }
        }
    }
}

impl<F: Filter> Source for Filtered<F> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        loop {
            if !self.out.is_empty() {
                return Poll::Ready(Some(Ok(std::mem::take(&mut self.out).into())));
            }
            if self.ended {
                return Poll::Ready(self.broken.take().map(Err));
            }
            let piece = ready!(self.source.poll_piece(cx));
            if let Err(stop) = self.take(piece) {
                self.stop(stop);
            }
        }
    }

    fn is_end(&self) -> bool {
        self.ended && self.out.is_empty() && self.broken.is_none()
    }

    fn remaining(&self) -> Option<u64> {
        None
    }

    fn ends_by(&mut self, end: Option<Instant>) -> bool {
        self.source.end_by(end);
        true
    }

    fn usage(&self) -> Option<Usage> {
        self.told()
    }

    fn reason(&self) -> Option<Finish> {
        self.source.reason()
    }

    fn service(&self) -> Option<&str> {
        self.service.as_deref().or_else(|| self.source.service())
    }

    fn fault(&self) -> Option<Brief> {
        self.fault.or_else(|| self.source.fault())
    }
}
