//! A client of one protocol at a provider of another: the request is read once and written anew
//! for each attempt; the answer is read and written in the client's protocol.
//!
//! It knows no protocol: it joins one's reader with another's writer. The commit point is the same
//! as without translation: nothing goes out before the first content.

mod embedding;
mod foreign;
mod own_words;
mod stream;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use self::own_words::OwnWords;
pub use self::stream::TranslatedBody;
use super::{
    answer::{Answer, AnswerBody, Fault, Source},
    attempt,
    client::Client,
    failed::{self, Failed},
    request::{Asked, Inbound, Prepared, Read},
};
use crate::{
    body::Pieces,
    protocol::{
        Endpoint, Operation, Protocol,
        conversation::{Conversation, Delivery, Failure as Said, Kind},
        wire::{self, Reading, Refused, Target, Written},
    },
    table::{
        Class, Place, Provider,
        class::{self, OwnClasses},
        fallback::Failure,
    },
};

/// Whether a provider has to be spoken to in another protocol than the client's.
pub fn needed<'a>(inbound: &'a Inbound, provider: &Provider) -> Option<&'a Endpoint> {
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

/// Tries one provider of another protocol.
pub async fn run(
    client: &Client,
    provider: &Provider,
    inbound: &Inbound,
    endpoint: &Endpoint,
) -> Result<Answer, Failed> {
    let exchange = Exchange { client, provider, inbound, endpoint };
    match exchange.asked()? {
        Asked::Conversation(conversation) => exchange.converse(conversation).await,
        Asked::Embedding(embedding) => embedding::run(&exchange, embedding).await,
    }
}

/// One request on its way between two protocols.
struct Exchange<'a> {
    client: &'a Client,
    provider: &'a Provider,
    inbound: &'a Inbound,
    endpoint: &'a Endpoint,
}

impl Exchange<'_> {
    fn asked(&self) -> Result<&Asked, Failed> {
        self.reading().asked.as_ref().map_err(|error| {
            let failed = self.client_fault(&error.field, error.to_string());
            match self.endpoint.operation {
                // Whoever speaks the client's protocol takes it as it came, and can judge it.
                Operation::Embed | Operation::Native => Failed { class: Class::Unfit, ..failed },
                Operation::Generate | Operation::CountTokens => failed,
            }
        })
    }

    /// Read once, however many providers it is written for.
    fn reading(&self) -> &Read {
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
                    let read = wire.read_request(&body, &head);
                    read.map(|conversation| Asked::Conversation(Box::new(conversation)))
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

    async fn converse(&self, conversation: &Conversation) -> Result<Answer, Failed> {
        let Some(written) = self.written(conversation)? else {
            return Ok(self.counted(conversation.estimate_tokens(), Vec::new()));
        };
        let Written { path_and_query, headers, body, mut dropped, reading } = written;
        let headers = headers.into_iter().filter_map(header_of).collect();
        let prepared = Prepared { path: path_and_query, headers, body: Bytes::from(body) };
        let answer = self.ask(&prepared, conversation.is_stream()).await?;
        let answer = self.read(answer, reading, conversation, &mut dropped).await?;
        Ok(naming(answer, &dropped))
    }

    /// The provider's answer, or the error that it is.
    async fn ask(&self, prepared: &Prepared, stream: bool) -> Result<Box<Answer>, Failed> {
        let Self { client, provider, inbound, .. } = *self;
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
        let body = answer.body.held().iter().flatten().copied().collect::<Bytes>();
        let status = status.as_u16();
        let said = self.wire().read_error(status, &answer.headers, &body);
        let class = class::of_answer(status, &answer.headers, &body, self.own());
        let failure = Failure::Status(status);
        Err(Failed { failure, class, ..self.failed(&answer.headers, &said) })
    }

    /// The request for the provider; `None` where it cannot count and the router estimates.
    fn written(&self, conversation: &Conversation) -> Result<Option<Written>, Failed> {
        let wire = self.wire();
        let written = match self.endpoint.operation {
            Operation::CountTokens => wire.write_count(conversation, &self.target()),
            _ => wire.write_request(conversation, &self.target()).map(Some),
        };
        written.map_err(|refused| self.unfit(&refused))
    }

    fn target(&self) -> Target<'_> {
        let Provider { model, lossy, .. } = self.provider;
        Target { model, lossy: *lossy, seed: &self.reading().id }
    }

    /// Reads the answer in the provider's protocol and writes it in the client's. What that has no
    /// place for is `dropped`: it has been paid for, so nobody else is asked.
    async fn read(
        &self,
        mut answer: Box<Answer>,
        reading: Reading,
        asked: &Conversation,
        dropped: &mut Vec<String>,
    ) -> Result<Answer, Failed> {
        let wire = self.wire();
        let client = self.client(asked.delivery, asked.include_usage);
        if self.endpoint.operation == Operation::CountTokens {
            let body = attempt::collect(&mut answer).await?;
            return match wire.read_count(&body) {
                Ok(tokens) => Ok(self.counted(tokens, relayed(&answer.headers))),
                Err(said) => {
                    Err(self.failed(&answer.headers, &said).in_own_words(&body, self.own()))
                }
            };
        }
        if asked.is_stream() {
            return self.stream(answer, reading, &client).await;
        }
        let body = attempt::collect(&mut answer).await?;
        match wire.read_response(&body, &reading) {
            Ok(reply) => {
                for medium in reply.media().filter(|it| !self.client_wire().has_place_for(it)) {
                    let name = medium.kind.name();
                    if !dropped.iter().any(|dropped| dropped == name) {
                        dropped.push(name.to_owned());
                    }
                }
                let body = self.client_wire().write_response(&reply, &client);
                Ok(self.whole(StatusCode::OK, body, relayed(&answer.headers)))
            }
            Err(said) => Err(self.failed(&answer.headers, &said).in_own_words(&body, self.own())),
        }
    }

    /// Holds the stream until its first content, as for a stream that is not translated.
    async fn stream(
        &self,
        answer: Box<Answer>,
        reading: Reading,
        client: &wire::Client<'_>,
    ) -> Result<Answer, Failed> {
        let reader = self.wire().stream_reader(reading);
        let writer = self.client_wire().stream_writer(client);
        let headers = relayed(&answer.headers);
        let words = OwnWords::new(&self.provider.own_classes);
        let mut body = TranslatedBody::new(answer.body, reader, writer, words);
        if let Err((said, fault)) = body.open().await {
            let Fault { failure, class } = fault;
            return Err(Failed { failure, class, ..self.failed(&HeaderMap::new(), &said) });
        }
        let mut answer = Answer::bare(StatusCode::OK);
        answer.headers.extend(headers);
        let media_type = self.client_wire().content_type(client.delivery);
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer.body = AnswerBody::new(Source::Translated(Box::new(body)), FOREVER);
        answer.watched = false;
        Ok(answer)
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

    fn own(&self) -> &OwnClasses {
        &self.provider.own_classes
    }

    fn counted(&self, tokens: u64, headers: Vec<(HeaderName, HeaderValue)>) -> Answer {
        self.whole(StatusCode::OK, self.client_wire().write_counted(tokens), headers)
    }

    /// What the provider said went wrong, as the client's protocol says it.
    fn failed(&self, headers: &HeaderMap, said: &Said) -> Failed {
        let request_id = self.inbound.request_id.to_str().unwrap_or_default();
        let written = self.client_wire().write_error(said, request_id);
        let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut answer = self.whole(status, written.body, relayed(headers));
        answer.headers.extend(written.headers.into_iter().filter_map(header_of));
        let Fault { failure, class } = fault_of(said);
        Failed {
            failure,
            class,
            retry_after: said.retry_after.or_else(|| failed::retry_after(headers)),
            cause: said.message.clone(),
            answer: Some(Box::new(answer)),
        }
    }

    /// The provider has no words for what the client asks; another may.
    fn unfit(&self, refused: &Refused) -> Failed {
        let failed = self.client_fault(&refused.field, refused.to_string());
        Failed { class: Class::Unfit, ..failed }
    }

    fn client_fault(&self, field: &str, message: String) -> Failed {
        let mut said = Said::new(Kind::InvalidRequest, message);
        said.param = (!field.is_empty()).then(|| field.to_owned());
        self.failed(&HeaderMap::new(), &said)
    }

    fn whole(
        &self,
        status: StatusCode,
        body: Vec<u8>,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Answer {
        let mut answer = Answer::bare(status);
        answer.headers.extend(headers);
        answer.replace_body("application/json", Bytes::from(body));
        answer
    }
}

/// The answer, with the names of what its provider could not be told.
fn naming(mut answer: Answer, dropped: &[String]) -> Answer {
    let names: Vec<_> =
        dropped.iter().map(|name| utf8_percent_encode(name, NOT_IN_NAMES).to_string()).collect();
    if !names.is_empty()
        && let Ok(names) = HeaderValue::try_from(names.join(","))
    {
        answer.headers.insert(DROPPED, names);
    }
    answer
}

fn fault_of(said: &Said) -> Fault {
    let failure = match said.kind {
        Kind::Cut => Failure::Reset,
        Kind::Malformed => Failure::Malformed(None),
        _ => Failure::Status(said.status),
    };
    Fault { failure, class: class_of(said) }
}

/// The class of an error in a stream or in a 200.
fn class_of(said: &Said) -> Class {
    match said.kind {
        Kind::InvalidRequest | Kind::NotFound => Class::Client,
        Kind::TooLarge => Class::ContextWindow,
        // The kind may have been read from a sentence, which decides nothing.
        Kind::ContextWindow => {
            said.code.as_deref().and_then(class::of_code).unwrap_or(Class::Client)
        }
        Kind::ContentFilter => Class::ContentFilter,
        Kind::Authentication | Kind::Permission => Class::Credential,
        Kind::RateLimit => Class::RateLimit,
        Kind::Quota => Class::Quota,
        Kind::Timeout => Class::Timeout,
        Kind::Overloaded => Class::Overloaded,
        Kind::Unavailable | Kind::Server => Class::Server,
        Kind::Cut => Class::Unreachable,
        Kind::Malformed => Class::Malformed,
    }
}

/// Headers about limits are of use in any protocol; everything else speaks of the other one.
fn relayed(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let about_limits = |name: &HeaderName| {
        let name = name.as_str();
        name.starts_with("x-ratelimit-")
            || name.starts_with("anthropic-ratelimit-")
            || name.starts_with("retry-after")
    };
    let kept = headers.iter().filter(|(name, _)| about_limits(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn header_of((name, value): (&'static str, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
}

/// The fields that a provider could not be given.
const DROPPED: HeaderName = HeaderName::from_static("x-onwards-dropped");
/// What no header can hold, and what stands between the names. Clients choose their fields' names.
const NOT_IN_NAMES: &AsciiSet = &CONTROLS.add(b',').add(b'%');
/// The provider's own silence is timed inside.
const FOREVER: Duration = Duration::from_secs(86_400);
