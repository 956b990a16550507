//! Embeddings between two protocols, or between two of a protocol's models that want different
//! bodies.
//!
//! Where the provider takes fewer inputs in a call than the client sent, one attempt is several
//! calls: a few at once, and all of them or none.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Exchange, answer::relayed, attempt, naming, refusal};
use crate::{
    protocol::{
        conversation::Delivery,
        embedding::{Call, Calls, Embedded, Embedding, Embeddings},
        wire::Refused,
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
            .wire()
            .embeddings()
            .is_some_and(|wire| wire.wants_another(&inbound.body.to_bytes(), &provider.model))
}

/// Vectors, asked of a provider in its words.
pub(super) struct Asks<'a> {
    asked: &'a Embedding,
    /// The provider's.
    wire: &'static dyn Embeddings,
    client: &'static dyn Embeddings,
    calls: Calls,
}

impl<'a> Asks<'a> {
    /// In as many calls as it takes.
    pub(super) fn of(exchange: &Exchange<'a>, asked: &'a Embedding) -> Result<Self, Refusal> {
        let (Some(wire), Some(client)) =
            (exchange.provider.protocol.wire().embeddings(), exchange.client_wire().embeddings())
        else {
            return Err(refusal(Refused { field: "input".to_owned() }));
        };
        let calls = wire.write_request(asked, &exchange.target()).map_err(refusal)?;
        Ok(Self { asked, wire, client, calls })
    }

    /// Tries the provider.
    pub(super) async fn run(
        self,
        exchange: &Exchange<'_>,
        client: &Client,
    ) -> Result<Answer, Failed> {
        let Calls { path, calls, dropped } = self.calls;
        let asking = calls.into_iter().map(|call| ask(exchange, client, self.wire, &path, call));
        let mut answers = std::pin::pin!(stream::iter(asking).buffered(AT_ONCE));
        let mut all: Option<(HeaderMap, Embedded)> = None;
        while let Some((headers, embedded)) = answers.try_next().await? {
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
        let answered = self
            .client
            .write_response(&embedded, self.asked, &to)
            .map_err(|said| exchange.failed(&HeaderMap::new(), &said))?;
        let mut answer = exchange.whole(StatusCode::OK, answered.body, relayed(&headers));
        answer.headers.extend(answered.headers.into_iter().filter_map(headers::own));
        Ok(naming(answer, &dropped))
    }
}

/// Asks for some of the vectors.
async fn ask(
    exchange: &Exchange<'_>,
    client: &Client,
    wire: &dyn Embeddings,
    path: &str,
    call: Call,
) -> Result<(HeaderMap, Embedded), Failed> {
    let headers = [header::CONTENT_TYPE, header::ACCEPT].map(|name| (name, JSON));
    let body = Bytes::from(call.body);
    let prepared = Prepared { path: path.to_owned(), headers: headers.into(), body };
    let mut answer = exchange.ask(client, &prepared, false).await?;
    let body = attempt::collect(&mut answer).await?;
    exchange.judge_envelope(&answer.headers, &body)?;
    let read = wire.read_response(&body, &answer.headers);
    match read.and_then(|embedded| embedded.counted(call.inputs)) {
        Ok(embedded) => Ok((std::mem::take(&mut answer.headers), embedded)),
        Err(said) => Err(exchange.failed(&answer.headers, &said)),
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Calls of one request that are under way together.
const AT_ONCE: usize = 8;
