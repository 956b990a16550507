//! A client of one protocol at a provider of another: the request is read once and written anew
//! for each attempt; the answer is read and written in the client's protocol.
//!
//! It knows no protocol: it joins one's reader with another's writer. The commit point is the same
//! as without translation: nothing goes out before the first content.

mod answer;
mod embedding;
mod foreign;
mod last_words;
mod stream;

use std::time::SystemTime;

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
    protocol::{
        Endpoint, Operation, Protocol,
        conversation::{Conversation, Delivery},
        wire::{self, Refused, Target, Written},
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

/// Writes the request for a provider of another protocol; `None` where it may pass as it came.
/// Nothing is asked yet, so that a provider without words for it is passed over at no cost.
///
/// # Errors
/// What the provider cannot be told; another may have words for it, or take it as it came.
pub fn rewrite<'a>(
    inbound: &'a Inbound,
    provider: &'a Provider,
) -> Result<Option<Box<Rewritten<'a>>>, Refusal> {
    let Some(endpoint) = needed(inbound, provider) else { return Ok(None) };
    let exchange = Exchange { provider, inbound, endpoint };
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
        let read = self.reading().asked.as_ref();
        read.map_err(|error| unsupported(&error.field, error.to_string()))
    }

    /// Read once, however many providers it is written for.
    fn reading(&self) -> &'a Read {
        self.inbound.reading.get_or_init(|| {
            let head = wire::Head {
                model: self.endpoint.model.as_deref(),
                delivery: self.endpoint.delivery,
            };
            let body = self.inbound.body.to_bytes();
            let wire = self.client_wire();
            let asked = match wire.embeddings().filter(|_| self.endpoint.operation.is_embed()) {
                Some(wire) => wire.read_request(&body, &head).map(Asked::Embedding),
                None => {
                    let read = wire.read_request(&body, &head).and_then(Conversation::bounded);
                    let distinct = read.map(Conversation::with_distinct_calls);
                    distinct.map(|conversation| Asked::Conversation(Box::new(conversation)))
                }
            };
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            Read {
                asked,
                id: format!("{:016x}", rand::random::<u64>()),
                at: since.map_or(0, |since| since.as_secs()),
            }
        })
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
        let wire = self.wire();
        let written = match self.endpoint.operation {
            Operation::CountTokens => wire.write_count(conversation, &self.target()),
            _ => wire.write_request(conversation, &self.target()).map(Some),
        };
        written.map_err(refusal)
    }

    fn target(&self) -> Target<'_> {
        let Provider { model, lossy, .. } = self.provider;
        Target { model, lossy: *lossy, seed: &self.reading().id }
    }

    fn client(&self, delivery: Delivery, include_usage: bool) -> wire::Client<'_> {
        let Read { id, at, .. } = self.reading();
        wire::Client { model: &self.inbound.alias, id, created: *at, delivery, include_usage }
    }

    /// The provider's.
    fn wire(&self) -> &'static dyn wire::Wire {
        spoken(self.endpoint, self.provider).wire()
    }

    fn client_wire(&self) -> &'static dyn wire::Wire {
        self.endpoint.protocol.wire()
    }

    fn own(&self) -> &ErrorClasses {
        &self.provider.own_classes
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
