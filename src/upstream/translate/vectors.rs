//! Embeddings, read in the provider's protocol and written in the client's.
//!
//! If one attempt is several calls, a few run at once, and all of them must succeed.

use std::{pin::pin, sync::Arc};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::{HeaderMap, StatusCode};

use super::{
    Answering, Exchange, Make, OwnClient,
    errors::{relayed, whole},
    held,
};
use crate::{
    body::Weight,
    live::Share,
    protocol::{
        conversation::{Delivery, Usage},
        embedding::{Embedded, Embedding, Embeddings},
        told,
    },
    upstream::{answer::Answer, failed::Failed, headers, off_core, request::Call},
};

/// Embeddings requested from a provider.
pub(in crate::upstream) struct Vectors<'a> {
    /// The client's request.
    pub(in crate::upstream) asked: &'a Arc<Embedding>,
    /// The provider's protocol.
    pub(in crate::upstream) codec: &'static dyn Embeddings,
    /// The client's protocol.
    pub(in crate::upstream) client: &'static dyn Embeddings,
    /// The number of inputs in each call.
    pub(in crate::upstream) inputs: Vec<usize>,
    /// The fields that the provider was not sent.
    pub(in crate::upstream) dropped: Vec<String>,
}

/// The result of one call.
struct Brought {
    headers: HeaderMap,
    embedded: Embedded,
    /// Its length in bytes.
    length: usize,
    /// Its share of the memory budget.
    share: Share,
}

impl Vectors<'_> {
    /// One answer for the client from the results of all calls.
    pub(super) async fn read<'c>(
        &self,
        exchange: &Exchange<'_>,
        calls: &'c [Call],
        make: &Make<'c>,
    ) -> Result<Answer, Failed> {
        let count = calls.len().min(self.inputs.len());
        let reading =
            (0..count).map(|at| self.read_one(exchange, make(&calls[at]), self.inputs[at]));
        let mut brought = pin!(stream::iter(reading).buffered(AT_ONCE));
        let mut all: Option<(HeaderMap, Embedded)> = None;
        let (mut bytes, mut shares) = (0, exchange.inbound.budget.share());
        loop {
            let next = brought.try_next().await.map_err(|failed| {
                // What the other calls took is paid for.
                let told = all.as_ref().and_then(|(_, embedded)| embedded.tokens);
                failed.after(told.map(|input| Usage { input, ..Usage::default() }))
            });
            let Some(Brought { headers, embedded, length, share }) = next? else { break };
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
        let input = embedded.tokens.unwrap_or_default();
        let to = exchange.client(Delivery::Whole, false);
        let answered = if bytes > off_core::LARGE {
            let (client, asked, to) = (self.client, Arc::clone(self.asked), OwnClient::of(&to));
            off_core::run(move || client.write_response(&embedded, &asked, &to.client())).await
        } else {
            self.client.write_response(&embedded, self.asked, &to)
        };
        let answered = answered.map_err(|said| exchange.failed(&HeaderMap::new(), &said))?;
        let body = held::counted(answered.body, shares);
        let mut answer = whole(StatusCode::OK, body, relayed(&headers));
        answer.body.told_usage(Usage { input, ..Usage::default() });
        answer.headers.extend(answered.headers.into_iter().filter_map(headers::own));
        Ok(answer)
    }

    /// The result of one call with this many `inputs`.
    async fn read_one(
        &self,
        exchange: &Exchange<'_>,
        call: Answering<'_>,
        inputs: usize,
    ) -> Result<Brought, Failed> {
        let mut answer = exchange.accepted(call.await?).await?;
        let codec = self.codec;
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
        match read.and_then(|embedded| embedded.counted(inputs)) {
            Ok(embedded) => {
                let headers = std::mem::take(&mut answer.headers);
                Ok(Brought { headers, embedded, length, share })
            }
            Err(said) => Err(exchange.failed(&answer.headers, &said)),
        }
    }
}

/// The most calls of one request at once.
const AT_ONCE: usize = 8;
