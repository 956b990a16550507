//! Embeddings between two protocols, or between two of a protocol's models that want different
//! bodies.
//!
//! Where the provider takes fewer inputs in a call than the client sent, one attempt is several
//! calls: a few at once, and all of them or none.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    Exchange, OwnTarget,
    answer::{OwnClient, relayed},
    held, naming, off_core, refusal, spoken,
};
use crate::{
    body::Weight,
    live::Share,
    protocol::{
        codec::Refused,
        conversation::Delivery,
        embedding::{Call, Calls, Embedded, Embedding, Embeddings},
        told,
    },
    refusal::Refusal,
    table::Provider,
    upstream::{
        answer::Answer,
        client::Client,
        failed::Failed,
        headers,
        request::{Inbound, Prepared},
    },
};

/// Whether a provider of the client's own protocol wants another body for its model.
pub(super) fn needs_another_body(inbound: &Inbound, provider: &Provider) -> bool {
    let Some(endpoint) = inbound.endpoint.as_ref().filter(|it| it.operation.is_embed()) else {
        return false;
    };
    endpoint.model_span.is_some()
        && endpoint
            .protocol
            .codec()
            .embeddings()
            .is_some_and(|codec| codec.wants_another(&inbound.body.to_bytes(), &provider.model))
}

/// Whether that can only be told from the body.
pub(super) fn may_need_another_body(inbound: &Inbound, provider: &Provider) -> bool {
    inbound.endpoint.as_ref().is_some_and(|endpoint| {
        endpoint.operation.is_embed()
            && endpoint.model_span.is_some()
            && endpoint.protocol == spoken(endpoint, provider)
    })
}

/// The same as [`needs_another_body`], told on a thread of its own.
pub(super) async fn needs_another_body_off_core(inbound: &Inbound, provider: &Provider) -> bool {
    let codec = inbound.endpoint.as_ref().and_then(|it| it.protocol.codec().embeddings());
    let Some(codec) = codec else { return false };
    let (body, model) = (inbound.body.clone(), provider.model.clone());
    off_core::run(move || codec.wants_another(&body.to_bytes(), &model)).await
}

/// Vectors, asked of a provider in its words.
pub(super) struct Asks<'a> {
    asked: &'a Arc<Embedding>,
    /// The provider's.
    codec: &'static dyn Embeddings,
    client: &'static dyn Embeddings,
    calls: Calls,
}

impl<'a> Asks<'a> {
    /// In as many calls as it takes.
    pub(super) fn of(exchange: &Exchange<'a>, asked: &'a Arc<Embedding>) -> Result<Self, Refusal> {
        let (codec, client) = codecs(exchange)?;
        let calls = codec.write_request(asked, &exchange.target()).map_err(refusal)?;
        Ok(Self { asked, codec, client, calls })
    }

    /// The same, written on a thread of its own.
    pub(super) async fn of_large(
        exchange: &Exchange<'a>,
        asked: &'a Arc<Embedding>,
    ) -> Result<Self, Refusal> {
        let (codec, client) = codecs(exchange)?;
        let (shared, to) = (Arc::clone(asked), OwnTarget::of(&exchange.target()));
        let written = off_core::run(move || codec.write_request(&shared, &to.target())).await;
        Ok(Self { asked, codec, client, calls: written.map_err(refusal)? })
    }

    /// Tries the provider.
    pub(super) async fn run(
        self,
        exchange: &Exchange<'_>,
        client: &Client,
    ) -> Result<Answer, Failed> {
        let Calls { path, calls, dropped } = self.calls;
        let asking = calls.into_iter().map(|call| ask(exchange, client, self.codec, &path, call));
        let mut answers = std::pin::pin!(stream::iter(asking).buffered(AT_ONCE));
        let mut all: Option<(HeaderMap, Embedded)> = None;
        let (mut bytes, mut shares) = (0, exchange.inbound.room.share());
        while let Some((headers, embedded, length, share)) = answers.try_next().await? {
            bytes += length;
            shares.join(share);
            match &mut all {
                None => all = Some((headers, embedded)),
                Some((last, all)) => {
                    *last = headers;
                    all.append(embedded);
                }
            }
        }
        let (headers, embedded) = all.unwrap_or_default();
        let to = exchange.client(Delivery::Whole, false);
        let answered = if bytes > off_core::LARGE {
            let (client, asked, to) = (self.client, Arc::clone(self.asked), OwnClient::of(&to));
            off_core::run(move || client.write_response(&embedded, &asked, &to.client())).await
        } else {
            self.client.write_response(&embedded, self.asked, &to)
        };
        let answered = answered.map_err(|said| exchange.failed(&HeaderMap::new(), &said))?;
        let body = held::counted(answered.body, shares);
        let mut answer = exchange.whole(StatusCode::OK, body, relayed(&headers));
        answer.headers.extend(answered.headers.into_iter().filter_map(headers::own));
        Ok(naming(answer, &dropped))
    }
}

/// The provider's words and the client's.
fn codecs(
    exchange: &Exchange<'_>,
) -> Result<(&'static dyn Embeddings, &'static dyn Embeddings), Refusal> {
    let provider = exchange.provider.protocol.codec().embeddings();
    provider
        .zip(exchange.client_codec().embeddings())
        .ok_or_else(|| refusal(Refused { field: "input".to_owned() }))
}

/// Asks for some of the vectors; how many bytes they were, and what they take of the room.
async fn ask(
    exchange: &Exchange<'_>,
    client: &Client,
    codec: &'static dyn Embeddings,
    path: &str,
    call: Call,
) -> Result<(HeaderMap, Embedded, usize, Share), Failed> {
    let headers = [header::CONTENT_TYPE, header::ACCEPT].map(|name| (name, JSON));
    let body = Bytes::from(call.body);
    let prepared = Prepared { path: path.to_owned(), headers: headers.into(), body };
    let mut answer = exchange.ask(client, &prepared, false).await?;
    let (body, share) = held::collected(exchange.inbound, &mut answer).await?;
    let length = body.len();
    let read = if length > off_core::LARGE {
        let (bytes, headers) = (body.clone(), answer.headers.clone());
        let read = off_core::run(move || {
            let is_error = told::is_error_alone(&bytes);
            let read = || codec.read_response(&bytes, &headers);
            (!is_error).then(|| held::read(Weight::of_vectors(&bytes), share, read))
        });
        read.await.ok_or_else(|| exchange.judge_error(&answer.headers, &body))?
    } else {
        exchange.judge_envelope(&answer.headers, &body)?;
        let read = || codec.read_response(&body, &answer.headers);
        held::read(Weight::of_vectors(&body), share, read)
    };
    let (read, share) = read?;
    match read.and_then(|embedded| embedded.counted(call.inputs)) {
        Ok(embedded) => Ok((std::mem::take(&mut answer.headers), embedded, length, share)),
        Err(said) => Err(exchange.failed(&answer.headers, &said)),
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Calls of one request that are under way together.
const AT_ONCE: usize = 8;
