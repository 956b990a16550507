//! Prepares the request for one provider: unchanged, or written in the provider's protocol in one
//! or more calls; and the reader of their answers.
//!
//! It sends nothing, so a provider whose protocol cannot express the request is passed over at no
//! cost.

mod embedding;
pub(super) mod foreign;

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;

use super::{
    headers,
    inbound::{Inbound, NeutralRequest},
    off_core, reasoning,
    request::{Call, Traced},
    translate::{
        Exchange,
        reader::{Kind, Translated},
        spoken,
        vectors::Vectors,
    },
    usage,
};
use crate::{
    protocol::{
        Operation,
        codec::{Codec, Reading, Refused, Target, Written},
        conversation::Conversation,
        embedding::{self as embeddings, Embedding, Embeddings},
    },
    refusal::Refusal,
    table::Provider,
};

/// What is sent to a provider, and what reads its answers.
pub(crate) struct Outgoing<'a> {
    pub(super) calls: Calls,
    pub(super) reader: Reader<'a>,
    pub(super) traced: Option<Box<Traced>>,
}

/// The calls of one attempt.
pub(super) enum Calls {
    /// One call with the client's own bytes.
    AsItCame,
    /// Written calls.
    Written(Box<[Call]>),
}

/// The reader of an attempt's answers.
pub(super) enum Reader<'a> {
    /// None: the answer is passed on unchanged.
    Identity,
    /// The same, naming the fields that the provider was not sent.
    Naming(Box<[String]>),
    /// It is read in the provider's protocol and written in the client's.
    Translated(Box<Translated<'a>>),
}

/// What is prepared, or why the provider's protocol cannot express the request; another provider's
/// may.
type Prepared<'a> = Result<Outgoing<'a>, Refusal>;

/// A request is prepared at once or, with a large body, on another thread.
pub(crate) enum Preparing<'a> {
    /// It is prepared.
    Now(Prepared<'a>),
    /// In progress.
    Later(Pin<Box<dyn Future<Output = Prepared<'a>> + Send + 'a>>),
}

impl<'a> Preparing<'a> {
    /// Waits until it is prepared.
    ///
    /// # Errors
    /// The provider's protocol cannot express the request.
    pub(crate) async fn done(self) -> Prepared<'a> {
        match self {
            Self::Now(prepared) => prepared,
            Self::Later(preparing) => preparing.await,
        }
    }
}

impl Calls {
    /// The first written call; `None` if the request is unchanged.
    pub(super) fn first(&self) -> Option<&Call> {
        self.written().first()
    }

    /// The written calls.
    pub(super) fn written(&self) -> &[Call] {
        match self {
            Self::AsItCame => &[],
            Self::Written(calls) => calls,
        }
    }
}

/// Prepares a request for a provider.
pub(crate) fn prepare<'a>(inbound: &'a Inbound, provider: &'a Provider) -> Preparing<'a> {
    let preparing = prepare_calls(inbound, provider);
    if provider.reasoning.is_none() {
        return preparing;
    }
    match preparing {
        Preparing::Now(prepared) => {
            Preparing::Now(prepared.and_then(|outgoing| with_effort(outgoing, inbound, provider)))
        }
        Preparing::Later(later) => Preparing::Later(Box::pin(async move {
            later.await.and_then(|outgoing| with_effort(outgoing, inbound, provider))
        })),
    }
}

/// Prepares it with its reasoning effort translated.
fn with_effort<'a>(
    mut outgoing: Outgoing<'a>,
    inbound: &Inbound,
    provider: &Provider,
) -> Prepared<'a> {
    match &mut outgoing.calls {
        // It is written when it is sent.
        Calls::AsItCame => {
            let spoken = inbound.speaks();
            reasoning::translated(&inbound.body.to_bytes(), inbound, provider, spoken)?;
        }
        Calls::Written(calls) => {
            let spoken =
                inbound.endpoint.as_ref().map_or(provider.protocol, |it| spoken(it, provider));
            for call in calls {
                if let Some(body) = reasoning::translated(&call.body, inbound, provider, spoken)? {
                    call.body = body;
                }
            }
        }
    }
    Ok(outgoing)
}

fn prepare_calls<'a>(inbound: &'a Inbound, provider: &'a Provider) -> Preparing<'a> {
    if inbound.endpoint.is_some() && inbound.body.len() > off_core::LARGE as u64 {
        return Preparing::Later(Box::pin(prepare_off_core(inbound, provider)));
    }
    Preparing::Now(match exchange(inbound, provider) {
        None => as_it_came(inbound, provider),
        Some(exchange) => write_here(exchange),
    })
}

/// The same for a large body: everything that reads all of it runs on another thread.
async fn prepare_off_core<'a>(inbound: &'a Inbound, provider: &'a Provider) -> Prepared<'a> {
    let own =
        inbound.endpoint.as_ref().map(|endpoint| endpoint.protocol == spoken(endpoint, provider));
    foreign::look_off_core(inbound, provider, own == Some(true)).await;
    usage::look_off_core(inbound, provider).await;
    if embedding::may_need_another_body(inbound, provider)
        && !embedding::needs_another_body_off_core(inbound, provider).await
    {
        return as_it_came(inbound, provider);
    }
    let Some(exchange) = exchange(inbound, provider) else { return as_it_came(inbound, provider) };
    inbound.read_off_core().await;
    match inbound.conversation()? {
        NeutralRequest::Conversation(conversation) => {
            let (shared, to) = (Arc::clone(conversation), exchange.own_target());
            let (codec, operation) = (exchange.codec(), exchange.operation());
            let write = move || write(codec, operation, &shared, &to.target());
            let written = off_core::run(write).await?;
            Ok(Outgoing::of_conversation(exchange, conversation, written))
        }
        NeutralRequest::Embedding(embedding) => {
            let codecs @ [codec, _] = embedding::codecs(&exchange)?;
            let (shared, to) = (Arc::clone(embedding), exchange.own_target());
            let calls = off_core::run(move || codec.write_request(&shared, &to.target())).await?;
            Ok(Outgoing::of_embedding(exchange, codecs, embedding, calls))
        }
    }
}

fn write_here(exchange: Exchange<'_>) -> Prepared<'_> {
    match exchange.inbound().conversation()? {
        NeutralRequest::Conversation(conversation) => {
            let (codec, operation) = (exchange.codec(), exchange.operation());
            let written = write(codec, operation, conversation, &exchange.target())?;
            Ok(Outgoing::of_conversation(exchange, conversation, written))
        }
        NeutralRequest::Embedding(embedding) => {
            let codecs @ [codec, _] = embedding::codecs(&exchange)?;
            let calls = codec.write_request(embedding, &exchange.target())?;
            Ok(Outgoing::of_embedding(exchange, codecs, embedding, calls))
        }
    }
}

/// The client's own bytes, without signatures of other vendors.
fn as_it_came<'a>(inbound: &Inbound, provider: &Provider) -> Prepared<'a> {
    let lost = foreign::lost(inbound, provider)?;
    Ok(if lost.is_empty() { Outgoing::AS_IT_CAME } else { Outgoing::losing(lost) })
}

/// Writes a conversation for a provider; `None` if it cannot count tokens and the router estimates.
fn write(
    codec: &Codec,
    operation: Operation,
    conversation: &Conversation,
    target: &Target<'_>,
) -> Result<Option<Written>, Refused> {
    match operation {
        Operation::CountTokens => codec.write_count(conversation, target),
        _ => codec.write_request(conversation, target).map(Some),
    }
}

/// The two protocols, unless the request is passed on unchanged.
fn exchange<'a>(inbound: &'a Inbound, provider: &'a Provider) -> Option<Exchange<'a>> {
    let endpoint = inbound.endpoint.as_ref()?;
    let is_needed = if endpoint.protocol == spoken(endpoint, provider) {
        embedding::needs_another_body(inbound, provider)
    } else {
        !endpoint.passes_to(provider.protocol)
    };
    is_needed.then(|| Exchange::new(provider, inbound, endpoint))
}

/// What remains when the calls are taken out.
impl Default for Outgoing<'_> {
    fn default() -> Self {
        Self::AS_IT_CAME
    }
}

impl<'a> Outgoing<'a> {
    /// One unchanged call, whose answer is passed on unchanged.
    const AS_IT_CAME: Self =
        Self { calls: Calls::AsItCame, reader: Reader::Identity, traced: None };

    /// Sets the `traceparent` for the provider.
    pub(crate) fn is_child_of(&mut self, parent: HeaderValue, begins: bool) {
        self.traced = Some(Box::new(Traced { parent, begins }));
    }

    /// The same with the names of lost fields.
    fn losing(lost: Vec<String>) -> Self {
        Self { reader: Reader::Naming(lost.into_boxed_slice()), ..Self::AS_IT_CAME }
    }

    fn of_conversation(
        exchange: Exchange<'a>,
        conversation: &'a Conversation,
        written: Option<Written>,
    ) -> Self {
        let (mut calls, mut kind) = (
            Vec::new(),
            Kind::Conversation { conversation, reading: Reading::default(), dropped: Vec::new() },
        );
        if let Some(written) = written {
            let Written { path_and_query: path, headers, body, dropped, reading } = written;
            let headers = headers.into_iter().filter_map(headers::own).collect();
            let stream = conversation.is_stream();
            calls = vec![Call { path, headers, body: Bytes::from(body), stream }];
            kind = Kind::Conversation { conversation, reading, dropped };
        }
        Self::translated(exchange, calls, kind)
    }

    fn of_embedding(
        exchange: Exchange<'a>,
        codecs: [&'static dyn Embeddings; 2],
        asked: &'a Arc<Embedding>,
        written: embeddings::Calls,
    ) -> Self {
        let [codec, client] = codecs;
        let inputs = written.calls.iter().map(|call| call.inputs).collect();
        let vectors = Vectors { codec, client, asked, inputs, dropped: written.dropped };
        let calls = embedding::calls(&written.path, written.calls);
        Self::translated(exchange, calls, Kind::Vectors(vectors))
    }

    fn translated(exchange: Exchange<'a>, calls: Vec<Call>, kind: Kind<'a>) -> Self {
        let reader = Reader::Translated(Box::new(Translated { exchange, kind }));
        Self { calls: Calls::Written(calls.into_boxed_slice()), reader, traced: None }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Unsupported { message: refused.to_string(), field: refused.field }
    }
}
