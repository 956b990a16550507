//! The response on its way to the client: pieces as they come, permits and record held to the end.
//!
//! Nothing is tried again from here. What breaks now breaks honestly: a stream ends in an error
//! event, anything else in a broken transfer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};

use super::{
    admit::{Held, Permits},
    answer::{ATTEMPTS, PROVIDER, REQUEST_ID},
    record::Record,
    rounds::Accepted,
    stream_end::StreamEnd,
};
use crate::{
    table::Table,
    upstream::{
        answer::{AnswerBody, Broken},
        headers,
    },
};

/// Every body that the router sends.
pub enum Reply {
    /// One that is there at once.
    Whole(Option<Bytes>),
    /// One that comes from a provider.
    Relay(Box<Relay>),
    /// One of the routes that are not proxied.
    Router(axum::body::Body),
}

/// A provider's body, and everything that lives as long as it does.
pub struct Relay {
    body: AnswerBody,
    /// Watches over a stream of events.
    stream: Option<StreamEnd>,
    _permits: Permits,
    _record: Record,
    _table: Arc<Table>,
}

/// Why the transfer to the client is broken off.
#[derive(Debug, thiserror::Error)]
#[error("the provider broke off its answer")]
pub struct BrokenOff;

/// The accepted answer, dressed for the client.
pub fn respond(
    accepted: Accepted,
    held: Held,
    request_id: HeaderValue,
    mut record: Record,
    path: &str,
) -> Response<Reply> {
    let Accepted { answer, provider, permit } = accepted;
    let Held { table, pool, mut permits } = held;
    permits.push(permit);
    record.answered(answer.status);

    let stream = answer.is_event_stream().then(|| StreamEnd::for_path(path));
    let provider = &table.pool(pool).providers[provider];
    let mut map = answer.headers;
    headers::to_client(&mut map);
    headers::set(&mut map, &provider.response_headers);
    map.insert(REQUEST_ID, request_id);
    map.insert(PROVIDER, provider.name_value.clone());
    if let Some(attempts) = record.attempts() {
        map.insert(ATTEMPTS, attempts);
    }
    let relay =
        Relay { body: answer.body, stream, _permits: permits, _record: record, _table: table };
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
}

impl Relay {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let Some(stream) = &mut self.stream else {
            let piece = ready!(self.body.poll_piece(cx));
            return Poll::Ready(piece.map(|piece| piece.map_err(|_: Broken| BrokenOff)));
        };
        loop {
            if let Some(ready) = stream.take() {
                return Poll::Ready(Some(Ok(ready)));
            }
            if stream.is_over() {
                return Poll::Ready(None);
            }
            match ready!(self.body.poll_piece(cx)) {
                Some(Ok(piece)) => stream.push(piece),
                Some(Err(broken)) => stream.broken(broken),
                None => stream.ended(),
            }
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
            Self::Relay(relay) => {
                let piece = ready!(relay.poll_piece(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data).map_err(Into::into)))
            }
            Self::Router(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Relay(relay) => relay.stream.is_none() && relay.body.is_end(),
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
            Self::Relay(_) => SizeHint::default(),
            Self::Router(body) => body.size_hint(),
        }
    }
}
