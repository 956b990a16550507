//! A stream on its way through guardrails. Where a rule refuses, it ends with the router's own error event.
//!
//! It never lets go of half of an event.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header;
use tokio::time::Instant;

use crate::{
    failure::{Brief, Class, What},
    guard::stream::Stop,
    protocol::{conversation::Usage, guarded::StreamGuard},
    upstream::{
        answer::{Answer, AnswerBody},
        source::Source,
    },
};

/// What a client is told in the place of what does not go on.
pub(crate) type Told = Box<dyn Fn(&Stop) -> Bytes + Send + Sync>;

/// Why a stream cannot begin.
pub(crate) enum Unbegun {
    /// It was stopped before anything had gone on; and the tokens that it had told by then.
    Stopped(Stop, Option<Usage>),
    /// It broke.
    Broken(Brief),
}

/// The answer, on its way through `guard`.
///
/// # Errors
/// It was stopped, or broke, before anything of it could go on.
pub(crate) async fn streamed(
    mut answer: Box<Answer>,
    guard: Box<dyn StreamGuard>,
    told: Told,
) -> Result<Box<Answer>, Unbegun> {
    let source = std::mem::replace(&mut answer.body, AnswerBody::ended());
    let mut body = GuardBody { source, guard, out: Vec::new(), ended: false, fault: None, told };
    while body.out.is_empty() && !body.ended {
        let next = std::future::poll_fn(|cx| body.source.poll_piece(cx)).await;
        let stopped = match next {
            Some(Ok(piece)) => body.guard.feed(piece, &mut body.out),
            Some(Err(broken)) => return Err(Unbegun::Broken(broken)),
            None => {
                body.ended = true;
                body.guard.end(&mut body.out)
            }
        };
        match stopped {
            Ok(()) => {}
            Err(stop) if body.out.is_empty() => {
                return Err(Unbegun::Stopped(stop, body.source.usage()));
            }
            Err(stop) => body.stop(&stop),
        }
    }
    answer.headers.remove(header::CONTENT_LENGTH);
    answer.body = AnswerBody::from_source(Box::new(body));
    Ok(answer)
}

struct GuardBody {
    source: AnswerBody,
    guard: Box<dyn StreamGuard>,
    /// What has not gone out.
    out: Vec<u8>,
    ended: bool,
    fault: Option<Brief>,
    told: Told,
}

impl GuardBody {
    /// The stream ends here.
    fn stop(&mut self, stop: &Stop) {
        self.ended = true;
        self.source = AnswerBody::ended();
        // It says nothing of the provider.
        self.fault = Some(Brief { what: What::Status(BAD_REQUEST), class: Class::ContentFilter });
        self.out.extend_from_slice(&(self.told)(stop));
    }
}

impl Source for GuardBody {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        loop {
            if !self.out.is_empty() {
                return Poll::Ready(Some(Ok(std::mem::take(&mut self.out).into())));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let passed = match ready!(self.source.poll_piece(cx)) {
                Some(Ok(piece)) => self.guard.feed(piece, &mut self.out),
                Some(Err(broken)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(broken)));
                }
                None => {
                    self.ended = true;
                    self.guard.end(&mut self.out)
                }
            };
            if let Err(stop) = passed {
                self.stop(&stop);
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

    fn service(&self) -> Option<&str> {
        self.source.service()
    }

    fn fault(&self) -> Option<Brief> {
        self.fault.or_else(|| self.source.fault())
    }
}

const BAD_REQUEST: u16 = 400;
