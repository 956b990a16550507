//! The response on its way to the client: pieces as they come, permits and record held to the end.
//!
//! Nothing is tried again from here. What breaks now breaks honestly: a stream ends in an error
//! event, anything else in a broken transfer, and so does a stream whose clients would not mind the
//! event.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::{
    admit::{Held, Permits},
    answer::{self, ATTEMPTS, PROVIDER},
    break_off::{BreakOff, BrokenOff, Failed},
    frame_end::FrameEnd,
    keepalive::{Next, Waiting},
    record::{Asked, Record},
    rounds::{Accepted, tell},
    stream_end::StreamEnd,
};
use crate::{
    failure::{Brief, ErrorClasses, Failure, What},
    live::Entry,
    protocol::Protocol,
    upstream::{
        answer::{AnswerBody, Form},
        headers,
        request::Inbound,
    },
};

/// Every body that the router sends.
pub enum Reply {
    /// One that is there at once.
    Whole(Option<Bytes>),
    /// One that tells why there is no more of it, and breaks.
    Failed(Box<Failed>),
    /// One that comes from a provider.
    Relay(Box<Relay>),
    /// One that may come from a provider once it has been found.
    Waiting(Box<Waiting>),
    /// One of the routes that are not proxied.
    Router(axum::body::Body),
}

/// A provider's body, and everything that lives as long as it does.
pub struct Relay {
    body: AnswerBody,
    /// Watches over a stream of events.
    stream: Option<StreamEnd>,
    /// Watches over a stream of frames that passes as it came.
    frames: Option<FrameEnd>,
    /// Whether the client's protocol has no error event that its libraries raise.
    mute: bool,
    breaking: BreakOff,
    /// Hears how the answer ends.
    entry: Option<Entry>,
    asked: Asked,
    record: Record,
    _permits: Permits,
}

/// The accepted answer, dressed for the client.
pub fn respond(
    accepted: Accepted,
    held: Held,
    request_id: HeaderValue,
    mut record: Record,
    inbound: &Inbound,
) -> Response<Reply> {
    let Accepted { answer, asked, permits: own, entry } = accepted;
    let answer = *answer;
    let Held { table, mut permits, .. } = held;
    permits.extend(own);
    record.answered(answer.status);

    let form = if answer.watched { answer.form() } else { Form::Other };
    let stream = (form == Form::Events).then(|| StreamEnd::for_request(inbound));
    let frames = (form == Form::Frames).then(FrameEnd::default);
    let speaks = inbound.speaks();
    let mute = !speaks.profile().stream.tells_errors;
    record.lets_go_of_table();
    let mut map = answer.headers;
    headers::to_client(&mut map);
    if stream.is_some() {
        // An error event may come after what was announced, and would be cut to fit.
        map.remove(header::CONTENT_LENGTH);
    }
    let provider = asked.among(&table);
    headers::set(&mut map, &provider.response_headers);
    answer::name_request(&mut map, request_id, speaks);
    map.insert(PROVIDER, provider.name_value.clone());
    if let Some(attempts) = record.attempts() {
        map.insert(ATTEMPTS, attempts);
    }
    let body = answer.body;
    let relay = Relay {
        body,
        stream,
        frames,
        mute,
        breaking: BreakOff::default(),
        entry,
        asked,
        _permits: permits,
        record,
    };
    let mut response = Response::new(Reply::Relay(Box::new(relay)));
    *response.status_mut() = answer.status;
    *response.headers_mut() = map;
    response
}

impl Reply {
    /// A body that is there at once.
    pub fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }

    /// The event that stands for a stream which has failed before it began. Where a protocol's
    /// libraries would take it for an answer, the transfer breaks.
    pub fn failed(event: Bytes, speaks: Protocol) -> Self {
        match speaks.profile().stream.tells_errors {
            true => Self::whole(event),
            false => Self::Failed(Box::new(Failed::new(event))),
        }
    }
}

impl Relay {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        if self.breaking.has_begun() {
            return self.break_off(cx);
        }
        let Some(stream) = &mut self.stream else { return self.poll_unwatched(cx) };
        loop {
            if let Some(ready) = stream.take() {
                return Poll::Ready(Some(Ok(ready)));
            }
            if stream.is_over() {
                let breaks = self.mute && stream.broke();
                return if breaks { self.break_off(cx) } else { Poll::Ready(None) };
            }
            let end = match ready!(self.body.poll_piece(cx)) {
                Some(Ok(piece)) => {
                    stream.push(piece);
                    let Some(error) = stream.take_error() else { continue };
                    Err(self.fault(&error))
                }
                Some(Err(broken)) if !stream.broken(broken) => Err(broken),
                Some(Err(_)) => Ok(()),
                None if stream.ended() => Ok(()),
                None => Err(Brief::RESET),
            };
            self.ended(end);
            return self.poll_piece(cx);
        }
    }

    /// The next piece of a body that is no stream of events, or one that was translated.
    fn poll_unwatched(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let piece = ready!(self.body.poll_piece(cx));
        if let (Some(Ok(piece)), Some(frames)) = (&piece, &mut self.frames) {
            frames.see(piece);
        }
        match &piece {
            Some(Err(broken)) => {
                self.ended(Err(*broken));
                return self.break_off(cx);
            }
            // Nobody asks on after the last piece where it is known to be the last.
            Some(Ok(_)) if !self.body.is_end() => {}
            _ => self.ended(self.fault_at_end().map_or(Ok(()), Err)),
        }
        if piece.is_none() && self.breaks_at_end() {
            return self.break_off(cx);
        }
        Poll::Ready(piece.map(|piece| piece.map_err(|_: Brief| BrokenOff)))
    }

    /// How an answer failed whose transfer ended as if it had not.
    fn fault_at_end(&self) -> Option<Brief> {
        let short = self.frames.as_ref().is_some_and(|frames| !frames.ends_well());
        self.body.fault().or_else(|| short.then_some(Brief::RESET))
    }

    /// Whether a clean end would hide that the answer is not whole. An error that the provider told
    /// is told on in the client's protocol, and ends as such errors do.
    fn breaks_at_end(&self) -> bool {
        let fault = self.fault_at_end();
        let told = |fault: Brief| matches!(fault.what, What::Status(_));
        fault.is_some_and(|fault| !told(fault) && (self.mute || self.frames.is_some()))
    }

    fn break_off(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        self.breaking.poll(cx).map(|broken| Some(Err(broken)))
    }

    /// Tells the provider's health how its answer ended. A client that goes away says nothing of
    /// it, nor does the end of the time that the request had.
    fn ended(&mut self, end: Result<(), Brief>) {
        let Some(entry) = self.entry.take() else { return };
        let fault = match end {
            Ok(()) => return entry.succeeded(Instant::now()),
            Err(fault) => fault,
        };
        self.record.broke_off(fault.class.name());
        if let Some(reason) = tell::broke_off(entry, fault)
            && let Some((alias, provider)) = self.record.named(self.asked)
        {
            tell::rests(alias, provider, reason);
        }
    }

    /// What an error in the middle of a stream says of the provider.
    fn fault(&self, told: &Failure) -> Brief {
        match self.record.named(self.asked) {
            Some((_, provider)) => told.brief(&provider.own_classes),
            None => told.brief(&ErrorClasses::default()),
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Failed(failed) => {
                let piece = ready!(failed.poll_piece(cx));
                Poll::Ready(Some(piece.map(Frame::data).map_err(Into::into)))
            }
            Self::Relay(relay) => {
                let piece = ready!(relay.poll_piece(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data).map_err(Into::into)))
            }
            Self::Waiting(waiting) => match ready!(waiting.poll_next(cx)) {
                Next::Comment(comment) => Poll::Ready(Some(Ok(Frame::data(comment)))),
                Next::Rest(rest) => {
                    *self = rest;
                    self.poll_frame(cx)
                }
            },
            Self::Router(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Relay(relay) => {
                relay.stream.is_none()
                    && relay.body.is_end()
                    && !relay.breaks_at_end()
                    && !relay.breaking.has_begun()
            }
            Self::Failed(_) | Self::Waiting(_) => false,
            Self::Router(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            Self::Relay(relay) if relay.stream.is_none() => {
                relay.body.remaining().map(SizeHint::with_exact).unwrap_or_default()
            }
            Self::Failed(_) | Self::Relay(_) | Self::Waiting(_) => SizeHint::default(),
            Self::Router(body) => body.size_hint(),
        }
    }
}
