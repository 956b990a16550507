//! What a provider answered: the head, and a body from which pieces can be looked at before they
//! are passed on.
//!
//! It judges nothing. Dropping it closes the connection, unless the body has ended.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{client::WireBody, service::Service, source::Source};
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
    /// Its headers as they came.
    pub(crate) headers: HeaderMap,
    /// What the provider could not be told, for a header of the router's own.
    pub(crate) dropped: Option<HeaderValue>,
    /// Its body.
    pub(crate) body: AnswerBody,
    /// Watches a stream that passes as it came; a translated one watches itself. Boxed: few answers
    /// have one.
    pub(crate) observer: Option<Box<Observer>>,
    /// Whether its end is looked at for the tokens that it tells: JSON that passes as it came.
    pub(crate) tells_usage: bool,
}

/// What a body is, if it can be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// A stream of events.
    Events,
    /// A stream of AWS's frames.
    Frames,
    /// Anything else, and whatever is compressed.
    Other,
}

/// An answer's body: pieces already looked at, then the rest as it comes.
pub(crate) struct AnswerBody {
    held: VecDeque<Bytes>,
    held_bytes: usize,
    source: Rest,
    idle: Idle,
    /// How it broke while it was looked at: told when what came before has been passed on.
    broken: Option<Brief>,
    /// What it said went wrong, once it has ended.
    fault: Option<Brief>,
    /// The tokens of an answer that was written here.
    usage: Option<Box<Usage>>,
    /// Why its model stopped.
    reason: Option<Finish>,
    /// The service tier that the provider names, where that matters.
    service: Option<Box<Service>>,
    /// When time for the whole of it is over.
    end: Option<Pin<Box<Sleep>>>,
}

/// Where the rest of a body comes from.
enum Rest {
    /// A provider: not boxed, since nearly every request has one.
    Wire(WireBody),
    /// Any other source.
    Other(Box<dyn Source>),
    /// Nowhere: it has ended.
    Ended,
}

/// A timer that costs a clock reading for each wait, not a re-registration for each piece.
struct Idle {
    limit: Duration,
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes.
    wakes: Option<Waker>,
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

    /// What the body is, by its headers.
    pub(crate) fn form(&self) -> Form {
        let Some(value) = self.headers.get(header::CONTENT_TYPE) else { return Form::Other };
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let media_type = value.as_bytes()[..end].trim_ascii();
        let known = FORMS.iter().find(|(name, _)| media_type.eq_ignore_ascii_case(name.as_bytes()));
        known.filter(|_| self.is_plain()).map_or(Form::Other, |(_, form)| *form)
    }

    /// Puts a whole body in the place of what came.
    pub(crate) fn replace_body(&mut self, media_type: &'static str, body: Bytes) {
        self.headers.remove(header::CONTENT_LENGTH);
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body.held_bytes = body.len();
        self.body.held = VecDeque::from([body]);
        self.body.source = Rest::Ended;
        self.observer = None;
        self.tells_usage = false;
    }

    /// Puts a whole body in the place of what came, of the same type.
    pub(super) fn hold(&mut self, body: Bytes) {
        self.headers.remove(header::CONTENT_LENGTH);
        self.body.held_bytes = body.len();
        self.body.held = if body.is_empty() { VecDeque::new() } else { VecDeque::from([body]) };
        self.body.source = Rest::Ended;
        self.observer = None;
        self.tells_usage = false;
    }

    /// Whether it is not compressed.
    pub(crate) fn is_plain(&self) -> bool {
        self.headers.get(header::CONTENT_ENCODING).is_none_or(|value| value == "identity")
    }
}

impl AnswerBody {
    /// A provider's body, of which nothing has been looked at. It may be silent for as long as `idle`
    /// between two pieces.
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
        let idle = Idle { limit: idle, deadline: None, sleep: None, wakes: None };
        let held = VecDeque::new();
        Self {
            held,
            held_bytes: 0,
            source,
            idle,
            broken: None,
            fault: None,
            usage: None,
            reason: None,
            service: None,
            end: None,
        }
    }

    /// Waits for one more piece and keeps it. `false`: the body has ended.
    pub(crate) async fn look(&mut self) -> Result<bool, Brief> {
        match std::future::poll_fn(|cx| self.poll_source(cx)).await {
            Some(Ok(piece)) => {
                self.held_bytes += piece.len();
                self.held.push_back(piece);
                Ok(true)
            }
            Some(Err(broken)) => {
                self.broken = Some(broken);
                Err(broken)
            }
            None => Ok(false),
        }
    }

    /// All of it must have come by then.
    pub(crate) fn end_by(&mut self, end: Option<Instant>) {
        let keeps_time = match &mut self.source {
            Rest::Wire(_) | Rest::Ended => false,
            Rest::Other(source) => source.ends_by(end),
        };
        if !keeps_time {
            self.end = end.map(|end| Box::pin(sleep_until(end)));
        }
    }

    /// The pieces looked at so far.
    pub(crate) fn held(&self) -> &VecDeque<Bytes> {
        &self.held
    }

    /// The next piece, looked at before or not.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Brief>>> {
        match self.held.pop_front() {
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

    /// Makes one piece of the last few that were looked at where they are crumbs.
    pub(crate) fn join_crumbs(&mut self, count: usize) {
        let at = self.held.len().saturating_sub(count);
        if let Some(joined) = joined_crumbs(self.held.range(at..), count) {
            self.held.truncate(at);
            self.held.push_back(joined);
        }
    }

    /// How much has been looked at so far.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The whole body, if all of it has been looked at.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        (self.source_is_end() && self.broken.is_none()).then(|| self.held_as_one())
    }

    /// What has been looked at so far, in one piece.
    pub(crate) fn held_as_one(&self) -> Bytes {
        self.held.iter().cloned().collect::<Pieces>().to_bytes()
    }

    /// The same, its pieces.
    pub(crate) fn into_held(self) -> Pieces {
        self.held.into_iter().collect()
    }

    /// The tokens that its answer tells, where they are known without a look at the bytes.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match &self.source {
            Rest::Other(source) => source.usage(),
            Rest::Wire(_) | Rest::Ended => self.usage.as_deref().copied(),
        }
    }

    /// Why the model stopped, where that is known without a look at the bytes.
    pub(crate) fn reason(&self) -> Option<Finish> {
        match &self.source {
            Rest::Other(source) => source.reason(),
            Rest::Wire(_) | Rest::Ended => self.reason,
        }
    }

    /// From here on the service tier is looked for that the provider names.
    pub(crate) fn find_service(&mut self) {
        self.service = Some(Box::default());
    }

    /// The service tier that the provider has named so far.
    pub(crate) fn service(&self) -> Option<&str> {
        match &self.source {
            Rest::Other(source) => source.service(),
            Rest::Wire(_) | Rest::Ended => self.service.as_ref()?.named(),
        }
    }

    /// The same, taken to where the answer goes that is written of this one.
    pub(super) fn take_service(&mut self, from: &mut Self) {
        self.service = from.service.take();
    }

    /// Notes the tokens of an answer that was written here.
    pub(super) fn told_usage(&mut self, usage: Usage) {
        self.usage = usage.if_any().map(Box::new);
    }

    /// Notes why the model of an answer stopped that was written here.
    pub(super) fn told_reason(&mut self, reason: Option<Finish>) {
        self.reason = reason;
    }

    /// What the body said went wrong, though it ended as it should.
    pub(crate) fn fault(&self) -> Option<Brief> {
        match &self.source {
            Rest::Other(source) => source.fault(),
            Rest::Wire(_) | Rest::Ended => self.fault,
        }
    }

    /// Whether nothing more will come.
    pub(crate) fn is_end(&self) -> bool {
        self.held.is_empty() && self.broken.is_none() && self.source_is_end()
    }

    /// Whether nothing more will come than what is held.
    pub(crate) fn source_is_end(&self) -> bool {
        match &self.source {
            Rest::Wire(body) => body.is_end(),
            Rest::Other(source) => source.is_end(),
            Rest::Ended => true,
        }
    }

    /// How many bytes are still to come, where that is known.
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
            self.idle.deadline = None;
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
        // Outside of tokio's budget for one turn, which a provider that never pauses uses up.
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

impl Idle {
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + limit);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // A body is asked several times for each piece; the timer is set, and will wake.
        if !sleep.is_elapsed() && self.wakes.as_ref().is_some_and(|it| it.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.wakes = Some(cx.waker().clone());
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// Which media types are read.
const FORMS: [(&str, Form); 3] = [
    ("application/json", Form::Json),
    ("text/event-stream", Form::Events),
    ("application/vnd.amazon.eventstream", Form::Frames),
];
/// How long a source that times its own silence may be silent.
const FOREVER: Duration = Duration::from_secs(86_400);
