//! A stream whose head is sent before a provider has answered, where the pool sends keepalive
//! comments.
//!
//! After the head, a failure cannot have a status: it becomes the error event of the client's
//! protocol, and also breaks the transfer if the protocol's SDKs do not raise that event.

use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Response, StatusCode, header};

use super::{
    admit::Held, answer, context::Context, keepalive, last_word, reply::Reply, respond,
    rounds::Accepted,
};
use crate::{
    failure::Class,
    protocol::{Protocol, conversation::Delivery},
    record::{Record, request_id::REQUEST_ID},
    refusal::Refusal,
    table::Pool,
    upstream::{
        answer::{Answer, Form},
        headers,
        inbound::Inbound,
    },
    within::within,
};

/// How long the head waits for a provider, and the head itself.
pub(crate) struct EarlyHead {
    every: Duration,
    head: Response<()>,
    speaks: Protocol,
}

/// The end of the attempts, with what the response needs from them.
pub(crate) struct Attempted {
    /// What the core serves with.
    pub(crate) context: Arc<Context>,
    /// The answer, or the refusal.
    pub(crate) accepted: Result<Accepted, Refusal>,
    /// The permits of the request.
    pub(crate) held: Held,
    /// The request.
    pub(crate) inbound: Inbound,
    /// Its record.
    pub(crate) record: Box<Record>,
}

impl EarlyHead {
    /// For a client that may receive comments; `None` for others.
    pub(crate) fn asked(pool: &Pool, inbound: &mut Inbound) -> Option<Self> {
        let every = pool.keepalive?;
        let speaks = inbound.speaks();
        if !speaks.profile().stream.has_comments {
            return None;
        }
        let delivery = inbound.endpoint.as_ref().and_then(|endpoint| endpoint.delivery);
        if !delivery.map_or(inbound.stream, |delivery| delivery == Delivery::Events) {
            return None;
        }
        // The head may be sent before the encoding of an answer is known.
        inbound.headers.remove(header::ACCEPT_ENCODING);
        let mut head = Response::new(());
        let map = head.headers_mut();
        headers::set(map, &pool.response_headers);
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        map.insert(respond::ACCEL_BUFFERING, HeaderValue::from_static("no"));
        map.insert(REQUEST_ID, inbound.request_id.clone());
        Some(Self { every, head, speaks })
    }

    /// The response from `attempts`, or the head and comments while they take longer.
    pub(crate) async fn serve(
        self,
        attempts: impl Future<Output = Attempted> + Send + 'static,
    ) -> Response<Reply> {
        let Self { every, head, speaks } = self;
        let mut attempts = Box::pin(attempts);
        if let Ok(attempted) = tokio::time::timeout(every, &mut attempts).await {
            let Attempted { context, accepted, held, mut inbound, record } = attempted;
            let response = respond::respond(context, accepted, held, &mut inbound, record);
            let is_stream =
                response.status().is_success() && respond::is_event_stream(response.headers());
            return match is_stream {
                true => response.map(|body| keepalive::between(body, every)),
                false => response,
            };
        }
        let sent = Instant::now();
        let rest = AssertUnwindSafe(async move { rest(attempts.await, sent, every).await });
        // The record was dropped with the attempts, which finished it.
        let rest = rest.catch_unwind().map(move |rest| {
            let event = || answer::failed_stream(&Refusal::Internal, speaks);
            rest.unwrap_or_else(|_| last_word::failed(event(), speaks, None))
        });
        head.map(|()| keepalive::until(rest, every))
    }
}

/// What follows the comments: the stream, or an error event.
async fn rest(attempted: Attempted, sent: Instant, every: Duration) -> Reply {
    let Attempted { context, accepted, held, mut inbound, mut record } = attempted;
    record.answered_at(StatusCode::OK, sent);
    let speaks = inbound.speaks();
    let refusal = match accepted {
        Ok(accepted) if is_stream_of_success(&accepted.answer) => {
            let response = respond::respond(context, Ok(accepted), held, &mut inbound, record);
            return keepalive::between(response.into_body(), every);
        }
        Ok(Accepted { mut answer, .. }) => {
            if let Some(event) = as_event(&mut answer, speaks).await {
                record.broke_off(Class::of_status(answer.status.as_u16()).name());
                return last_word::failed(event, speaks, Some(record));
            }
            Refusal::UpstreamMalformed
        }
        Err(refusal) => refusal,
    };
    record.broke_off(refusal.row().code);
    last_word::failed(answer::failed_stream(&refusal, speaks), speaks, Some(record))
}

fn is_stream_of_success(answer: &Answer) -> bool {
    answer.status.is_success() && answer.form() == Form::Events
}

/// A provider's error, which would have been passed on unchanged, as an event.
async fn as_event(answer: &mut Answer, speaks: Protocol) -> Option<Bytes> {
    if !answer.status.is_client_error() && !answer.status.is_server_error() {
        return None;
    }
    // An error that is not compressed has already had its second while it was judged.
    let limit = if answer.is_plain() { Duration::ZERO } else { ERROR_BODY };
    let read = async {
        while !answer.body.source_is_end() && answer.body.held_bytes() < MOST_READ {
            if !matches!(answer.body.look().await, Ok(true)) {
                break;
            }
        }
    };
    within(limit, pin!(read)).await;
    let body = answer.body.whole().unwrap_or_default();
    let said = speaks.codec().read_error(answer.status.as_u16(), &answer.headers, &body);
    Some(Bytes::from(speaks.codec().write_failed(said)))
}

/// How long an error may take after its status.
const ERROR_BODY: Duration = Duration::from_secs(1);
/// The most bytes that are read of an error.
const MOST_READ: usize = 64 * 1024;
