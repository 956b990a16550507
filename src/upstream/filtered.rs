//! A stream that is changed on its way by a filter: guardrails or strict mode.
//!
//! It passes on only complete events. If the filter stops the stream, the filter writes its end.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::time::Instant;

use super::{answer::AnswerBody, source::Source};
use crate::{
    failure::Brief,
    protocol::conversation::{Finish, Usage},
};

/// A filter for a stream.
pub(super) trait Filter: Send + Sync {
    /// Why a stream is stopped.
    type Stop;

    /// Takes the next bytes, and appends what may be passed on.
    ///
    /// # Errors
    /// The stream is stopped.
    fn feed(&mut self, piece: Bytes, out: &mut Vec<u8>) -> Result<(), Self::Stop>;

    /// The bytes have ended.
    ///
    /// # Errors
    /// As [`Filter::feed`].
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Self::Stop>;

    /// The provider broke off. Complete events that are held back may still be passed on.
    ///
    /// # Errors
    /// As [`Filter::feed`].
    fn broken(&mut self, _out: &mut Vec<u8>) -> Result<(), Self::Stop> {
        Ok(())
    }

    /// Appends the end that the client gets for a stopped stream. Returns how the answer counts;
    /// `source` is the fault that the stream's source itself reported.
    fn stopped(&mut self, stop: Self::Stop, source: Option<Brief>, out: &mut Vec<u8>) -> Brief;
}

/// A stream through a filter.
pub(super) struct Filtered<F> {
    source: AnswerBody,
    filter: F,
    /// Bytes that are not passed on yet.
    out: Vec<u8>,
    ended: bool,
    /// How the provider broke off; reported after the bytes before.
    broken: Option<Brief>,
    fault: Option<Brief>,
    /// The tokens that the source had reported when it was stopped.
    usage: Option<Usage>,
    service: Option<Box<str>>,
}

/// Why a stream cannot start.
pub(super) enum Unopened<S> {
    /// It was stopped before anything was passed on.
    Stopped(S),
    /// It broke.
    Broken(Brief),
}

impl<F: Filter> Filtered<F> {
    /// A stream that was not read yet.
    pub(super) fn new(source: AnswerBody, filter: F) -> Self {
        let (out, usage, service) = (Vec::new(), None, None);
        Self { source, filter, out, ended: false, broken: None, fault: None, usage, service }
    }

    /// Waits until something may be passed on, or the stream has ended.
    ///
    /// # Errors
    /// It was stopped, or broke, before anything was passed on.
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

    /// Whether nothing can be passed on at the moment.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The tokens reported so far.
    pub(super) fn told(&self) -> Option<Usage> {
        self.usage.or_else(|| self.source.usage())
    }

    /// Stops the stream.
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
