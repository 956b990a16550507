//! A client of one protocol at a provider of another: the request is read once and written anew
//! for each attempt; the answer is read and written in the client's protocol.
//!
//! It knows no protocol: it joins one's reader with another's writer. The commit point is the same
//! as without translation: nothing goes out before the first content.

mod answer;
mod embedding;
mod foreign;
mod held;
mod last_words;
pub(super) mod off_core;
mod stream;

use std::{future::Future, pin::Pin, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

pub use self::stream::TranslatedBody;
use super::{
    answer::Answer,
    attempt,
    client::Client,
    failed::Failed,
    headers,
    request::{Asked, Inbound, Prepared, Read},
};
use crate::{
    body::Pieces,
    failure::ErrorClasses,
    live::Room,
    protocol::{
        Endpoint, Operation, Protocol,
        codec::{self, Refused, Target, Written},
        conversation::{Conversation, Delivery, Lossy},
    },
    refusal::Refusal,
    table::{Place, Provider},
};

/// Whether a provider has to be spoken to in another protocol than the client's.
fn needed<'a>(inbound: &'a Inbound, provider: &Provider) -> Option<&'a Endpoint> {
    inbound.endpoint.as_ref().filter(|endpoint| {
        if endpoint.protocol == spoken(endpoint, provider) {
            foreign::is_given_back(inbound) || embedding::needs_another_body(inbound, provider)
        } else {
            !endpoint.passes_to(provider.protocol)
        }
    })
}

/// What is spoken with a provider: those of the OpenAI kind serve both of its endpoints, unless the
/// file says otherwise.
fn spoken(endpoint: &Endpoint, provider: &Provider) -> Protocol {
    match (endpoint.protocol, provider.protocol) {
        (Protocol::OpenAiResponses, Protocol::OpenAi) if !provider.adapts_responses => {
            Protocol::OpenAiResponses
        }
        (_, its) => its,
    }
}

/// The client's request, written in a provider's protocol.
pub struct Rewritten<'a> {
    exchange: Exchange<'a>,
    asks: Asks<'a>,
}

/// What is asked of the provider.
enum Asks<'a> {
    /// The next turn, or its tokens.
    Conversation(&'a Conversation, Written),
    /// Nothing: it cannot count tokens, and the router estimates.
    Nothing(&'a Conversation),
    /// Vectors.
    Embedding(embedding::Asks<'a>),
}

/// A request for a provider: written, or what it cannot be told, for which another provider may have
/// words; `None` where it may pass as it came.
type Rewriting<'a> = Result<Option<Box<Rewritten<'a>>>, Refusal>;

/// A request is written at once, or, where its body is large, on a thread of its own.
pub enum Rewrite<'a> {
    /// It is written.
    Now(Rewriting<'a>),
    /// It will be.
    Later(Pin<Box<dyn Future<Output = Rewriting<'a>> + Send + 'a>>),
}

/// Writes the request for a provider of another protocol. Nothing is asked yet, so that a provider
/// without words for it is passed over at no cost.
pub fn rewrite<'a>(inbound: &'a Inbound, provider: &'a Provider) -> Rewrite<'a> {
    if inbound.endpoint.is_some() && inbound.body.len() > off_core::LARGE as u64 {
        return Rewrite::Later(Box::pin(rewrite_off_core(inbound, provider)));
    }
    let Some(endpoint) = needed(inbound, provider) else { return Rewrite::Now(Ok(None)) };
    Rewrite::Now(rewrite_here(Exchange { provider, inbound, endpoint }))
}

/// The same for a large body. Whatever looks at all of it does so on another thread.
async fn rewrite_off_core<'a>(inbound: &'a Inbound, provider: &'a Provider) -> Rewriting<'a> {
    foreign::look_off_core(inbound, provider).await;
    if embedding::may_need_another_body(inbound, provider) {
        let needs = embedding::needs_another_body_off_core(inbound, provider).await;
        if !needs {
            return Ok(None);
        }
    }
    let Some(endpoint) = needed(inbound, provider) else { return Ok(None) };
    let exchange = Exchange { provider, inbound, endpoint };
    exchange.read_off_core().await;
    let asks = match exchange.asked()? {
        Asked::Conversation(conversation) => {
            let (shared, to) = (Arc::clone(conversation), OwnTarget::of(&exchange.target()));
            let (codec, operation) = (exchange.codec(), exchange.endpoint.operation);
            let write = move || write(codec, operation, &shared, &to.target());
            match off_core::run(write).await.map_err(refusal)? {
                Some(written) => Asks::Conversation(conversation, written),
                None => Asks::Nothing(conversation),
            }
        }
        Asked::Embedding(embedding) => {
            Asks::Embedding(embedding::Asks::of_large(&exchange, embedding).await?)
        }
    };
    Ok(Some(Box::new(Rewritten { exchange, asks })))
}

fn rewrite_here(exchange: Exchange<'_>) -> Rewriting<'_> {
    let asks = match exchange.asked()? {
        Asked::Conversation(conversation) => match exchange.written(conversation)? {
            Some(written) => Asks::Conversation(conversation, written),
            None => Asks::Nothing(conversation),
        },
        Asked::Embedding(embedding) => Asks::Embedding(embedding::Asks::of(&exchange, embedding)?),
    };
    Ok(Some(Box::new(Rewritten { exchange, asks })))
}

/// Tries the provider that the request was written for.
pub async fn run(client: &Client, rewritten: Rewritten<'_>) -> Result<Answer, Failed> {
    let Rewritten { exchange, asks } = rewritten;
    match asks {
        Asks::Conversation(asked, written) => exchange.converse(client, asked, written).await,
        Asks::Nothing(asked) => Ok(exchange.counted(asked.estimate_tokens(), Vec::new())),
        Asks::Embedding(asks) => asks.run(&exchange, client).await,
    }
}

/// One request on its way between two protocols.
struct Exchange<'a> {
    provider: &'a Provider,
    inbound: &'a Inbound,
    endpoint: &'a Endpoint,
}

impl<'a> Exchange<'a> {
    /// Who speaks the client's protocol takes what cannot be read as it came, and can judge it.
    fn asked(&self) -> Result<&'a Asked, Refusal> {
        self.reading().asked.as_ref().map_err(Clone::clone)
    }

    /// Read once, however many providers it is written for.
    fn reading(&self) -> &'a Read {
        let Inbound { body, room, .. } = self.inbound;
        self.inbound.reading.get_or_init(|| read(self.endpoint, body, room, false))
    }

    /// The same, on a thread of its own.
    async fn read_off_core(&self) {
        if self.inbound.reading.get().is_none() {
            let (endpoint, body) = (self.endpoint.clone(), self.inbound.body.clone());
            let room = self.inbound.room;
            let read = off_core::run(move || read(&endpoint, &body, room, true)).await;
            // A second attempt beside the first may have been quicker.
            let _ = self.inbound.reading.set(read);
        }
    }

    async fn converse(
        &self,
        client: &Client,
        conversation: &Conversation,
        written: Written,
    ) -> Result<Answer, Failed> {
        let Written { path_and_query: path, headers: own, body, mut dropped, reading } = written;
        let headers = own.into_iter().filter_map(headers::own).collect();
        let prepared = Prepared { path, headers, body: Bytes::from(body) };
        let answer = self.ask(client, &prepared, conversation.is_stream()).await?;
        let answer = self.read(answer, reading, conversation, &mut dropped).await?;
        Ok(naming(answer, &dropped))
    }

    /// The provider's answer, or the error that it is.
    async fn ask(
        &self,
        client: &Client,
        prepared: &Prepared,
        stream: bool,
    ) -> Result<Box<Answer>, Failed> {
        let Self { provider, inbound, .. } = *self;
        let answer = match &provider.place {
            Place::Wire { origin, base } => {
                attempt::ask(client, provider, origin, base, inbound, Some(prepared)).await?
            }
            Place::Mock(script) => {
                let (model, body) = (&provider.model, Pieces::from(prepared.body.clone()));
                Box::new(super::mock::answer(script, model, &prepared.path, stream, &body).await)
            }
        };
        let mut answer = attempt::judge_redirect(answer)?;
        let status = answer.status;
        if !(status.is_client_error() || status.is_server_error()) {
            return Ok(answer);
        }
        attempt::hold_error(&mut answer).await;
        let body = answer.body.held_as_one();
        Err(self.refused(status.as_u16(), &answer.headers, &body))
    }

    /// The request for the provider; `None` where it cannot count and the router estimates.
    fn written(&self, conversation: &Conversation) -> Result<Option<Written>, Refusal> {
        let written = write(self.codec(), self.endpoint.operation, conversation, &self.target());
        written.map_err(refusal)
    }

    fn target(&self) -> Target<'_> {
        let Provider { model, lossy, .. } = self.provider;
        Target { model, lossy: *lossy, seed: &self.reading().id }
    }

    fn client(&self, delivery: Delivery, include_usage: bool) -> codec::Client<'_> {
        let Read { id, at, .. } = self.reading();
        codec::Client { model: &self.inbound.alias, id, created: *at, delivery, include_usage }
    }

    /// The provider's.
    fn codec(&self) -> &'static dyn codec::Codec {
        spoken(self.endpoint, self.provider).codec()
    }

    fn client_codec(&self) -> &'static dyn codec::Codec {
        self.endpoint.protocol.codec()
    }

    fn own(&self) -> &ErrorClasses {
        &self.provider.own_classes
    }
}

/// Reads a request in its client's protocol.
fn read(endpoint: &Endpoint, body: &Pieces, room: &'static Room, is_large: bool) -> Read {
    let (asked, share) = match held::of_request(body, room) {
        Ok(share) => (asked(endpoint, body), share),
        Err(refusal) => (Err(refusal), room.share()),
    };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Read {
        asked,
        share,
        id: format!("{:016x}", rand::random::<u64>()),
        at: since.map_or(0, |since| since.as_secs()),
        is_large,
    }
}

fn asked(endpoint: &Endpoint, body: &Pieces) -> Result<Asked, Refusal> {
    let head = codec::Head { model: endpoint.model.as_deref(), delivery: endpoint.delivery };
    let body = body.to_bytes();
    let codec = endpoint.protocol.codec();
    let asked = match codec.embeddings().filter(|_| endpoint.operation.is_embed()) {
        Some(codec) => codec.read_request(&body, &head).map(Arc::new).map(Asked::Embedding),
        None => {
            let read = codec.read_request(&body, &head).and_then(Conversation::bounded);
            let distinct = read.map(Conversation::with_distinct_calls);
            distinct.map(|conversation| Asked::Conversation(Arc::new(conversation)))
        }
    };
    asked.map_err(|error| unsupported(&error.field, error.to_string()))
}

/// Writes a request for a provider; `None` where it cannot count and the router estimates.
fn write(
    codec: &dyn codec::Codec,
    operation: Operation,
    conversation: &Conversation,
    target: &Target<'_>,
) -> Result<Option<Written>, Refused> {
    match operation {
        Operation::CountTokens => codec.write_count(conversation, target),
        _ => codec.write_request(conversation, target).map(Some),
    }
}

/// A target that another thread can have.
struct OwnTarget {
    model: String,
    lossy: Lossy,
    seed: String,
}

impl OwnTarget {
    fn of(target: &Target<'_>) -> Self {
        let Target { model, lossy, seed } = *target;
        Self { model: model.to_owned(), lossy, seed: seed.to_owned() }
    }

    fn target(&self) -> Target<'_> {
        Target { model: &self.model, lossy: self.lossy, seed: &self.seed }
    }
}

/// The provider has no words for a field.
fn refusal(refused: Refused) -> Refusal {
    unsupported(&refused.field, refused.to_string())
}

fn unsupported(field: &str, message: String) -> Refusal {
    Refusal::Unsupported { field: field.to_owned(), message }
}

/// The answer, with the names of what its provider could not be told.
fn naming(mut answer: Answer, dropped: &[String]) -> Answer {
    let names: Vec<_> =
        dropped.iter().map(|name| utf8_percent_encode(name, NOT_IN_NAMES).to_string()).collect();
    let mut names = names.join(",");
    if names.len() > LONGEST {
        names.truncate(LONGEST);
        names.push_str("...");
    }
    if !names.is_empty()
        && let Ok(names) = HeaderValue::try_from(names)
    {
        answer.headers.insert(DROPPED, names);
    }
    answer
}

/// The fields that a provider could not be given.
const DROPPED: HeaderName = HeaderName::from_static("x-onwards-dropped");
/// In bytes: libraries refuse an answer whose headers are too long.
const LONGEST: usize = 2048;
/// What no header can hold, and what stands between the names. Clients choose their fields' names.
const NOT_IN_NAMES: &AsciiSet = &CONTROLS.add(b',').add(b'%');
