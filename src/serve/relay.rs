//! The response on its way to the client: chunks as they arrive, with permits and record until the
//! end.
//!
//! Nothing is retried from here. A stream that breaks ends with an error event; any other body, and
//! a stream whose SDKs ignore such events, ends with a broken transfer.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    break_off::BreakOff,
    context,
    estimate::Estimate,
    permits::Permits,
    reply::{BrokenOff, Source},
    rounds::tell,
    whole_events::WholeEvents,
};
use crate::{
    failure::{Brief, ErrorClasses, Failure, What},
    live::Entry,
    protocol::{
        Observer, Protocol,
        conversation::{Finish, Usage},
        observer::End,
        reasons,
        usage::Tail,
    },
    record::{self, Record},
    refusal::Refusal,
    table::ProviderRef,
    upstream::answer::Answer,
};

/// A provider's body, and what lives as long as it.
pub(crate) struct Relay {
    /// In the box in which it arrived, since moving the large body gains nothing.
    answer: Box<Answer>,
    /// A stream of events.
    stream: Option<WholeEvents>,
    /// Observes a stream of frames that is passed on unchanged.
    frames: Option<Box<Observer>>,
    /// Keeps the end of a whole answer that is passed on unchanged, for its reported tokens.
    tail: Option<Tail>,
    /// Estimates tokens that are not reported, if they are needed.
    estimate: Option<Estimate>,
    speaks: Protocol,
    /// Whether the client's SDKs raise no error from an error event.
    mute: bool,
    breaking: BreakOff,
    /// Receives how the answer ends.
    entry: Option<Entry>,
    provider: ProviderRef,
    record: Box<Record>,
    _permits: Permits,
    /// Its stage ends what is still on its way.
    context: Arc<context::Context>,
}

impl Relay {
    /// The body of an answer by `provider`, whose health receives how it ends.
    pub(crate) fn new(
        context: Arc<context::Context>,
        mut answer: Box<Answer>,
        speaks: Protocol,
        (provider, entry): (ProviderRef, Option<Entry>),
        permits: Permits,
        record: Box<Record>,
        estimate: Option<Estimate>,
    ) -> Self {
        let tail = answer.tells_usage && answer.status.is_success() && record.takes_tokens();
        let (stream, frames) = match answer.observer.take() {
            Some(it) if it.is_of_events() => (Some(WholeEvents::new(it, speaks)), None),
            frames => (None, frames),
        };
        Self {
            answer,
            stream,
            frames,
            tail: tail.then(Tail::default),
            estimate,
            speaks,
            mute: !speaks.profile().stream.tells_errors,
            breaking: BreakOff::default(),
            entry,
            provider,
            _permits: permits,
            record,
            context,
        }
    }

    /// The next chunk of a stream of events.
    fn poll_watched(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        loop {
            if let Some(ready) = stream.take() {
                return Poll::Ready(Some(Ok(ready)));
            }
            if stream.is_over() {
                let breaks = self.mute && stream.broke();
                return if breaks { self.break_off(cx) } else { Poll::Ready(None) };
            }
            let end = match ready!(self.answer.body.poll_piece(cx)) {
                Some(Ok(piece)) => {
                    stream.push(piece);
                    let Some(error) = stream.take_error() else { continue };
                    Err(self.fault(&error))
                }
                Some(Err(broken)) if !stream.broken(broken) => Err(broken),
                Some(Err(_)) => Ok(()),
                None => match (stream.ended(), stream.take_error()) {
                    (_, Some(error)) => Err(self.fault(&error)),
                    (true, None) => Ok(()),
                    (false, None) => Err(Brief::RESET),
                },
            };
            self.ended(end);
            return self.poll_watched(cx);
        }
    }

    /// The next chunk of a body that is not a stream of events, or that is translated.
    fn poll_unwatched(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let piece = ready!(self.answer.body.poll_piece(cx));
        let is_last = self.answer.body.is_end();
        if let Some(Ok(piece)) = &piece {
            if let Some(tail) = &mut self.tail {
                if self.record.bytes_out() == 0 && self.record.wants_reason() {
                    self.record.stopped(reasons::at_beginning(self.speaks, piece));
                }
                if is_last {
                    let told = tail.usage_with(piece, self.speaks).or(self.record.usage());
                    if self.record.wants_reason() {
                        let end = Some(tail.kept()).filter(|end| !end.is_empty());
                        let end = end.unwrap_or(piece);
                        self.record.stopped(reasons::at_end(self.speaks, end));
                    }
                    if told.is_some() || self.estimate.is_none() {
                        self.record.used(told);
                        self.tail = None;
                    } else {
                        tail.keep(piece);
                    }
                } else {
                    tail.observe(piece);
                }
            } else if let Some(frames) = &mut self.frames {
                frames.observe(piece, false);
            }
        }
        match &piece {
            Some(Err(broken)) => {
                self.ended(Err(*broken));
                return self.break_off(cx);
            }
            // The last chunk is not followed by another poll.
            Some(Ok(_)) if !is_last => {}
            _ => self.ended(self.fault_at_end().map_or(Ok(()), Err)),
        }
        if piece.is_none() && self.breaks_at_end() {
            return self.break_off(cx);
        }
        Poll::Ready(piece.map(|piece| piece.map_err(|_: Brief| BrokenOff)))
    }

    /// The failure of an answer whose transfer ended cleanly.
    fn fault_at_end(&self) -> Option<Brief> {
        let short = self.frames.as_ref().is_some_and(|frames| frames.end() == End::Missing);
        self.answer.body.fault().or_else(|| short.then_some(Brief::RESET))
    }

    /// Whether a clean end would hide that the answer is incomplete. A provider's own error is
    /// passed on in the client's protocol and ends like such errors.
    fn breaks_at_end(&self) -> bool {
        let fault = self.fault_at_end();
        let told = |fault: Brief| matches!(fault.what, What::Status(_));
        fault.is_some_and(|fault| !told(fault) && (self.mute || self.frames.is_some()))
    }

    fn break_off(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        self.breaking.poll(cx).map(|broken| Some(Err(broken)))
    }

    /// Reports the end to the provider's health. A client that leaves, or the request's deadline,
    /// says nothing about the provider.
    fn ended(&mut self, end: Result<(), Brief>) {
        match end {
            Ok(()) => self.record.completed(),
            Err(fault) => self.record.broke_off(fault.class.name()),
        }
        let Some(entry) = self.entry.take() else { return };
        let fault = match end {
            Ok(()) => return entry.succeeded(Instant::now()),
            Err(fault) => fault,
        };
        if let Some(reason) = tell::broke_off(entry, fault)
            && let Some((alias, provider)) = self.record.named(self.provider)
        {
            tell::rests(alias, provider, reason);
        }
    }

    /// The process ends, which says nothing about the provider. A stream is told so; what is not sent
    /// in a moment is cut off.
    fn cut_off(&mut self) {
        if let Some(stream) = &mut self.stream {
            if stream.is_over() {
                return;
            }
            if stream.cut_off() {
                return self.ended(Ok(()));
            }
        }
        self.record.broke_off(Refusal::ShuttingDown.row().code);
    }

    /// The tokens reported so far.
    fn usage(&self) -> Option<Usage> {
        if let Some(tail) = &self.tail {
            return tail.usage(self.speaks);
        }
        let stream = || self.stream.as_ref().and_then(WholeEvents::usage);
        let frames = || self.frames.as_ref().and_then(|frames| frames.usage());
        self.answer.body.usage().or_else(stream).or_else(frames)
    }

    /// Why the model stopped, if the answer has said so.
    fn reason(&self) -> Option<Finish> {
        let stream = || self.stream.as_ref().and_then(WholeEvents::reason);
        let frames = || self.frames.as_ref().and_then(|frames| frames.reason());
        let tail = || match &self.tail {
            Some(tail) if self.record.wants_reason() => reasons::at_end(self.speaks, tail.kept()),
            _ => None,
        };
        self.answer.body.reason().or_else(stream).or_else(frames).or_else(tail)
    }

    /// Whether all tokens are reported.
    fn has_told_all(&self) -> bool {
        let is_said = |end| end >= End::Said;
        match self.record.end() {
            record::End::Complete => true,
            record::End::Left => {
                self.answer.tells_usage
                    || self.frames.as_ref().is_some_and(|frames| is_said(frames.end()))
                    || self.stream.as_ref().is_some_and(|stream| is_said(stream.end()))
            }
            _ => false,
        }
    }

    /// What an error in the middle of a stream says about the provider.
    fn fault(&self, told: &Failure) -> Brief {
        match self.record.named(self.provider) {
            Some((_, provider)) => told.brief(&provider.own_classes),
            None => told.brief(&ErrorClasses::default()),
        }
    }
}

/// Also for a client that leaves, which has used what it received.
impl Drop for Relay {
    fn drop(&mut self) {
        if self.record.end() == record::End::Left && self.context.stage.is_over() {
            self.record.broke_off(Refusal::ShuttingDown.row().code);
        }
        if let Some(service) = self.answer.body.service() {
            self.record.served_in(Some(service));
        }
        self.record.stopped(self.reason());
        let told = self.usage().or(self.record.usage());
        let is_all = told.is_some_and(|told| told.if_any().is_some()) && self.has_told_all();
        match &self.estimate {
            Some(estimate) if !is_all && !std::thread::panicking() => {
                let Some((_, provider)) = self.record.named(self.provider) else { return };
                let about = estimate.usage(told, self.tail.as_ref(), (provider, &self.record));
                match about.if_any() {
                    Some(about) => self.record.used_about(about),
                    None => self.record.used(None),
                }
            }
            _ => self.record.used(told),
        }
    }
}

impl Source for Relay {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if self.context.stage.is_over() {
            self.cut_off();
        }
        let piece = ready!(match (self.breaking.has_begun(), &self.stream) {
            (true, _) => self.break_off(cx),
            (false, Some(_)) => self.poll_watched(cx),
            (false, None) => self.poll_unwatched(cx),
        });
        if let Some(Ok(piece)) = &piece {
            self.record.sent(piece.len());
            if let Some(estimate) = &mut self.estimate {
                estimate.passes(piece);
            }
        }
        Poll::Ready(piece)
    }

    fn is_end(&self) -> bool {
        self.stream.is_none()
            && self.answer.body.is_end()
            && !self.breaks_at_end()
            && !self.breaking.has_begun()
    }

    fn remaining(&self) -> Option<u64> {
        if self.stream.is_none() { self.answer.body.remaining() } else { None }
    }
}
