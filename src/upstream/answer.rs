//! A provider's answer: its head, and a body whose first chunks can be read before they are passed
//! on.
//!
//! It judges nothing. Dropping it closes the connection unless the body has ended.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{client::WireBody, idle::Idle, read_ahead::Held, service::Service, source::Source};
use crate::{
    body::{Pieces, joined_crumbs},
    failure::Brief,
    protocol::{
        Observer,
        conversation::{Finish, Usage},
    },
};

/// A provider's answer.
pub(crate) struct Answer {
    /// Its status, or that of the error inside it.
    pub(crate) status: StatusCode,
    /// Its headers as they arrived.
    pub(crate) headers: HeaderMap,
    /// The fields that the provider's protocol cannot express, for a header.
    pub(crate) dropped: Option<HeaderValue>,
    /// Its body.
    pub(crate) body: AnswerBody,
    /// Observes a stream that is passed on unchanged; a translated one observes itself. Boxed,
    /// since few answers have one.
    pub(crate) observer: Option<Box<Observer>>,
    /// Whether its end is searched for reported tokens: JSON that is passed on unchanged.
    pub(crate) tells_usage: bool,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// A stream of events.
    Events,
    /// A stream of AWS's frames.
    Frames,
    /// Anything else, and compressed bodies.
    Other,
}

/// An answer's body: chunks already read, then the rest.
pub(crate) struct AnswerBody {
    held: Held,
    held_bytes: usize,
    source: Rest,
    idle: Idle,
    /// How it broke while it was read ahead; reported after the chunks before.
    broken: Option<Brief>,
    /// The error that it reported, once it has ended.
    fault: Option<Brief>,
    /// The tokens of an answer that was written here.
    usage: Option<Box<Usage>>,
    /// Why its model stopped.
    reason: Option<Finish>,
    /// The provider's service tier, if the price depends on it.
    service: Option<Box<Service>>,
    /// The deadline of the whole body.
    end: Option<Pin<Box<Sleep>>>,
}

/// The source of the rest.
enum Rest {
    /// A provider: not boxed, since nearly every request has one.
    Wire(WireBody),
    /// Any other source.
    Other(Box<dyn Source>),
    /// Nothing: it has ended.
    Ended,
}

impl Answer {
    /// An answer without headers and body.
    pub(crate) fn bare(status: StatusCode) -> Self {
        let body = AnswerBody::ended();
        Self {
            status,
            headers: HeaderMap::new(),
            dropped: None,
            body,
            observer: None,
            tells_usage: false,
        }
    }

    /// The form of the body, from its headers.
    pub(crate) fn form(&self) -> Form {
        let Some(value) = self.headers.get(header::CONTENT_TYPE) else { return Form::Other };
        let known = form_of(value.as_bytes());
        known.filter(|_| self.is_plain()).unwrap_or(Form::Other)
    }

    /// Replaces the body.
    pub(crate) fn replace_body(&mut self, media_type: &'static str, body: Bytes) {
        self.headers.remove(header::CONTENT_LENGTH);
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body.held_bytes = body.len();
        self.body.held = Held::of(body);
        self.body.source = Rest::Ended;
        self.observer = None;
        self.tells_usage = false;
    }

    /// Replaces the body by one of the same type.
    pub(super) fn hold(&mut self, body: Bytes) {
        self.headers.remove(header::CONTENT_LENGTH);
        self.body.held_bytes = body.len();
        self.body.held = if body.is_empty() { Held::default() } else { Held::of(body) };
        self.body.source = Rest::Ended;
        self.observer = None;
        self.tells_usage = false;
    }

    /// Replaces what was read ahead of the body by as many bytes.
    pub(super) fn replace_held(&mut self, bytes: Bytes) {
        self.body.held_bytes = bytes.len();
        self.body.held = Held::of(bytes);
    }

    /// Whether it is not compressed.
    pub(crate) fn is_plain(&self) -> bool {
        self.headers.get(header::CONTENT_ENCODING).is_none_or(|value| value == "identity")
    }
}

impl AnswerBody {
    /// A provider's body. It may be silent for `idle` between two chunks.
    pub(crate) fn from_wire(body: WireBody, idle: Duration) -> Self {
        Self::new(Rest::Wire(body), idle)
    }

    /// A body of another source, which times its own silence.
    pub(crate) fn from_source(source: Box<dyn Source>) -> Self {
        Self::new(Rest::Other(source), FOREVER)
    }

    /// No body.
    pub(crate) fn ended() -> Self {
        Self::new(Rest::Ended, Duration::ZERO)
    }

    fn new(source: Rest, idle: Duration) -> Self {
        Self {
            held: Held::default(),
            held_bytes: 0,
            source,
            idle: Idle::new(idle),
            broken: None,
            fault: None,
            usage: None,
            reason: None,
            service: None,
            end: None,
        }
    }

    /// Waits for one more chunk and keeps it; `false` if the body has ended.
    pub(crate) async fn look(&mut self) -> Result<bool, Brief> {
        match std::future::poll_fn(|cx| self.poll_source(cx)).await {
            Some(Ok(piece)) => {
                self.held_bytes += piece.len();
                self.held.push(piece);
                Ok(true)
            }
            Some(Err(broken)) => {
                self.broken = Some(broken);
                Err(broken)
            }
            None => Ok(false),
        }
    }

    /// Sets the deadline of the whole body.
    pub(crate) fn end_by(&mut self, end: Option<Instant>) {
        let keeps_time = match &mut self.source {
            Rest::Wire(_) | Rest::Ended => false,
            Rest::Other(source) => source.ends_by(end),
        };
        if !keeps_time {
            self.end = end.map(|end| Box::pin(sleep_until(end)));
        }
    }

    /// The chunks read ahead.
    pub(crate) fn held(&self) -> &[Bytes] {
        self.held.pieces()
    }

    /// The next chunk, read ahead or not.
    #[inline]
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Brief>>> {
        match self.held.next() {
            Some(piece) => {
                self.held_bytes -= piece.len();
                Poll::Ready(Some(Ok(piece)))
            }
            None => match self.broken.take() {
                Some(broken) => Poll::Ready(Some(Err(broken))),
                None => self.poll_source(cx),
            },
        }
    }

    /// Joins the last `count` chunks that were read ahead if they are small.
    pub(crate) fn join_crumbs(&mut self, count: usize) {
        let at = self.held().len().saturating_sub(count);
        if let Some(joined) = joined_crumbs(self.held()[at..].iter(), count) {
            self.held.truncate(at);
            self.held.push(joined);
        }
    }

    /// How many bytes were read ahead.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The whole body, if all of it was read ahead.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        (self.source_is_end() && self.broken.is_none()).then(|| self.held_as_one())
    }

    /// What was read ahead, as one chunk.
    pub(crate) fn held_as_one(&self) -> Bytes {
        self.held().iter().cloned().collect::<Pieces>().to_bytes()
    }

    /// What was read ahead, as chunks.
    pub(crate) fn into_held(self) -> Pieces {
        self.held.collect()
    }

    /// The reported tokens, if they are known without reading the bytes.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match &self.source {
            Rest::Other(source) => source.usage(),
            Rest::Wire(_) | Rest::Ended => self.usage.as_deref().copied(),
        }
    }

    /// Why the model stopped, if that is known without reading the bytes.
    pub(crate) fn reason(&self) -> Option<Finish> {
        match &self.source {
            Rest::Other(source) => source.reason(),
            Rest::Wire(_) | Rest::Ended => self.reason,
        }
    }

    /// From here on, looks for the provider's service tier.
    pub(crate) fn find_service(&mut self) {
        self.service = Some(Box::default());
    }

    /// The provider's service tier, if it is known by now.
    pub(crate) fn service(&self) -> Option<&str> {
        match &self.source {
            Rest::Other(source) => source.service(),
            Rest::Wire(_) | Rest::Ended => self.service.as_ref()?.named(),
        }
    }

    /// Moves the service tier to the answer that is written from this one.
    pub(super) fn take_service(&mut self, from: &mut Self) {
        self.service = from.service.take();
    }

    /// Sets the tokens of an answer that was written here.
    pub(super) fn told_usage(&mut self, usage: Usage) {
        self.usage = usage.if_any().map(Box::new);
    }

    /// Sets why the model stopped, for an answer that was written here.
    pub(super) fn told_reason(&mut self, reason: Option<Finish>) {
        self.reason = reason;
    }

    /// The error that the body reported, although it ended normally.
    pub(crate) fn fault(&self) -> Option<Brief> {
        match &self.source {
            Rest::Other(source) => source.fault(),
            Rest::Wire(_) | Rest::Ended => self.fault,
        }
    }

    /// Whether nothing more will come.
    pub(crate) fn is_end(&self) -> bool {
        self.held().is_empty() && self.broken.is_none() && self.source_is_end()
    }

    /// Whether nothing more will come after what was read ahead.
    pub(crate) fn source_is_end(&self) -> bool {
        match &self.source {
            Rest::Wire(body) => body.is_end(),
            Rest::Other(source) => source.is_end(),
            Rest::Ended => true,
        }
    }

    /// The number of remaining bytes, if known.
    pub(crate) fn remaining(&self) -> Option<u64> {
        if self.broken.is_some() {
            return None;
        }
        let rest = match &self.source {
            Rest::Wire(body) => body.remaining()?,
            Rest::Other(source) => source.remaining()?,
            Rest::Ended => 0,
        };
        Some(self.held_bytes() as u64 + rest)
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Brief>>> {
        let piece = match &mut self.source {
            Rest::Wire(body) => body.poll_piece(cx),
            Rest::Other(source) => source.poll_piece(cx),
            Rest::Ended => Poll::Ready(None),
        };
        if let Poll::Ready(piece) = piece {
            if let (Some(service), Some(Ok(piece))) = (&mut self.service, &piece) {
                service.observe(piece);
            }
            self.idle.chunk_came();
            if piece.is_none() {
                self.fault = self.fault();
                self.usage = self.usage().map(Box::new);
                self.reason = self.reason();
                if let Rest::Other(source) = &self.source {
                    let named = source.service().map(Into::into);
                    self.service = named.map(|it| Box::new(Service::of(it)));
                }
                self.source = Rest::Ended;
            }
            return Poll::Ready(piece);
        }
        // Outside tokio's coop budget, which a provider that never pauses uses up.
        let late = self.end.as_mut().is_some_and(|end| {
            std::pin::pin!(tokio::task::unconstrained(end.as_mut())).poll(cx).is_ready()
        });
        let broken = if late {
            Brief::LATE
        } else {
            ready!(self.idle.poll_expired(cx));
            Brief::SILENT
        };
        self.source = Rest::Ended;
        Poll::Ready(Some(Err(broken)))
    }
}

/// The form of a media type that is read, with or without parameters.
fn form_of(content_type: &[u8]) -> Option<Form> {
    if let Some((_, form)) = FORMS.iter().find(|(name, _)| name.as_bytes() == content_type) {
        return Some(*form);
    }
    let end = memchr::memchr(b';', content_type).unwrap_or(content_type.len());
    let media_type = content_type[..end].trim_ascii();
    let known = FORMS.iter().find(|(name, _)| media_type.eq_ignore_ascii_case(name.as_bytes()));
    known.map(|(_, form)| *form)
}

/// The media types that are read.
const FORMS: [(&str, Form); 3] = [
    ("application/json", Form::Json),
    ("text/event-stream", Form::Events),
    ("application/vnd.amazon.eventstream", Form::Frames),
];
/// The idle time of a source that times its own silence.
const FOREVER: Duration = Duration::from_secs(86_400);
