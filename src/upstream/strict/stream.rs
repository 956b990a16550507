//! A stream that is cleaned on its way. An error that it tells, and what is not what its protocol says,
//! become the router's own error event, and the stream ends there.
//!
//! It never says half of an event.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::mask::Logger;
use crate::{
    failure::{Brief, ErrorClasses, Failure, What},
    protocol::{
        Protocol,
        conversation::Usage,
        strict::events::{Stop, StreamCleaner},
    },
    table::Provider,
    upstream::{answer::AnswerBody, failed::Failed, inbound::Inbound, source::Source},
};

/// A provider's stream on its way through a cleaner.
pub(super) struct CleanBody {
    source: AnswerBody,
    cleaner: Box<dyn StreamCleaner>,
    /// What is clean and has not gone out.
    out: Vec<u8>,
    ended: bool,
    fault: Option<Brief>,
    speaks: Protocol,
    classes: Arc<ErrorClasses>,
    log: Logger,
}

impl CleanBody {
    pub(super) fn new(
        source: AnswerBody,
        cleaner: Box<dyn StreamCleaner>,
        provider: &Provider,
        inbound: &Inbound,
    ) -> Self {
        Self {
            source,
            cleaner,
            out: Vec::new(),
            ended: false,
            fault: None,
            speaks: inbound.speaks(),
            classes: Arc::clone(&provider.own_classes),
            log: Logger::of(provider, inbound),
        }
    }

    /// Waits until something may go out.
    ///
    /// # Errors
    /// The stream broke, or is not what its protocol says, before anything could go out.
    pub(super) async fn open(&mut self, status: StatusCode) -> Result<(), Failed> {
        while self.out.is_empty() && !self.ended {
            let next = std::future::poll_fn(|cx| self.source.poll_piece(cx)).await;
            let stopped = match next {
                Some(Ok(piece)) => self.cleaner.feed(piece, &mut self.out),
                Some(Err(broken)) => return Err(Failed::new(broken.what, BROKE_OFF.into())),
                None => {
                    self.ended = true;
                    self.cleaner.end(&mut self.out)
                }
            };
            match stopped {
                Ok(()) => {}
                Err(Stop::Malformed) if self.out.is_empty() => {
                    return Err(Failed::malformed(status, NOT_ITS_PROTOCOL));
                }
                Err(stop) => self.stop(stop),
            }
        }
        match self.out.is_empty() {
            true => Err(Failed::empty(status)),
            false => Ok(()),
        }
    }

    /// The stream ends here, with an error of the router's own.
    fn stop(&mut self, stop: Stop) {
        self.ended = true;
        self.source = AnswerBody::ended();
        let codec = self.speaks.codec();
        let (failure, brief) = match stop {
            Stop::Told(json) => {
                let said = codec.read_error_inside(&HeaderMap::new(), &json);
                self.log.masked(&json, said.status);
                let brief = said.brief(&self.classes);
                (Failure::masked_of(&said, brief.class), brief)
            }
            Stop::Malformed => (Failure::malformed(INVALID), Brief::from(What::Malformed(None))),
        };
        self.fault = Some(brief);
        self.out.extend_from_slice(&codec.write_broken(failure));
    }
}

impl Source for CleanBody {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        loop {
            if !self.out.is_empty() {
                return Poll::Ready(Some(Ok(std::mem::take(&mut self.out).into())));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let cleaned = match ready!(self.source.poll_piece(cx)) {
                Some(Ok(piece)) => self.cleaner.feed(piece, &mut self.out),
                Some(Err(broken)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(broken)));
                }
                None => {
                    self.ended = true;
                    self.cleaner.end(&mut self.out)
                }
            };
            if let Err(stop) = cleaned {
                self.stop(stop);
            }
        }
    }

    fn is_end(&self) -> bool {
        self.ended && self.out.is_empty()
    }

    fn remaining(&self) -> Option<u64> {
        None
    }

    fn ends_by(&mut self, end: Option<Instant>) -> bool {
        self.source.end_by(end);
        true
    }

    fn usage(&self) -> Option<Usage> {
        self.source.usage()
    }

    fn fault(&self) -> Option<Brief> {
        self.fault.or_else(|| self.source.fault())
    }
}

const BROKE_OFF: &str = "broke off before the commit point";
const NOT_ITS_PROTOCOL: &str = "an event of the stream is not what its protocol says";
const INVALID: &str = "The provider of this model sent an invalid answer.";
