//! Which paths belong to which protocol, and what they request. Headers and bodies are not
//! examined.

pub(crate) mod spelled;

use std::{borrow::Cow, ops::Range};

use percent_encoding::percent_decode_str;

use super::Protocol;
use super::conversation::Delivery;
use crate::path;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The client's protocol.
    pub protocol: Protocol,
    /// What is to be done.
    pub operation: Operation,
    /// The model, where the path names it, decoded.
    pub model: Option<String>,
    /// The place of the model in the path, as written.
    pub(crate) model_span: Option<Range<usize>>,
    /// The delivery, if the path says so.
    pub delivery: Option<Delivery>,
    /// Whether the path has more than the protocol's own, which may name a model.
    pub(crate) is_odd: bool,
}

/// What a client wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The next turn of a conversation.
    Generate,
    /// The number of tokens of a conversation.
    CountTokens,
    /// Vectors for texts.
    Embed,
    /// An operation that only this protocol has.
    Native,
}

impl Operation {
    /// Whether vectors are asked for.
    pub(crate) fn is_embed(self) -> bool {
        self == Self::Embed
    }
}

impl Endpoint {
    /// The endpoint at this path, if it is a protocol's.
    pub fn find(path: &str, query: Option<&str>) -> Option<Self> {
        Self::at(path, query).map(|(endpoint, _)| endpoint)
    }

    /// The path as OpenTelemetry writes a route: with `{model}` where one is named.
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "spans alone read it"))]
    pub(crate) fn route(path: &str, query: Option<&str>) -> Option<Cow<'static, str>> {
        let (_, row) = Self::at(path, query)?;
        Some(match row.behind {
            None => row.path.into(),
            Some(behind) => format!("{}{{model}}{behind}", row.path).into(),
        })
    }

    fn at(path: &str, query: Option<&str>) -> Option<(Self, &'static Row)> {
        Protocol::ALL.iter().find_map(|&protocol| {
            let rows = protocol.profile().endpoints;
            rows.iter().find_map(|row| Some((row.matches(protocol, path, query)?, row)))
        })
    }

    /// The same for a client that identifies itself, since a few paths belong to several protocols.
    #[must_use]
    pub(crate) fn said_to_be(self, protocol: Protocol) -> Self {
        match self.operation {
            Operation::Native if protocol.profile().shares_paths => Self { protocol, ..self },
            _ => self,
        }
    }

    /// Whether its path names this model, which need not be the alias: a header may have named that.
    pub(crate) fn names(&self, model: &str) -> bool {
        self.model.as_deref() == Some(model)
    }

    /// Whether its path names an Azure deployment, which is the alias, whatever model the body
    /// names.
    pub(crate) fn names_deployment(&self) -> bool {
        self.model_span.is_some() && self.protocol.profile().is_openais
    }

    /// Whether a provider of that protocol can serve it, unchanged or translated.
    pub(crate) fn is_served_by(&self, provider: Protocol) -> bool {
        match self.operation {
            Operation::Generate | Operation::CountTokens => true,
            Operation::Embed => {
                provider == self.protocol || provider.codec().embeddings().is_some()
            }
            Operation::Native => self.passes_to(provider),
        }
    }

    /// Whether a provider of that protocol has the same path and form. OpenAI's endpoints belong to
    /// providers of both OpenAI protocols.
    pub(crate) fn passes_to(&self, provider: Protocol) -> bool {
        let openais = |protocol: Protocol| protocol.profile().is_openais;
        let shared = matches!(self.operation, Operation::Embed | Operation::Native);
        provider == self.protocol || (shared && openais(provider) && openais(self.protocol))
    }
}

/// One path of a protocol.
#[derive(Debug)]
pub(crate) struct Row {
    /// The path, or the part before the model.
    path: &'static str,
    /// What stands behind the model, where the path names one.
    behind: Option<&'static str>,
    operation: Operation,
    delivery: Asked,
}

/// What decides whether the answer is a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    /// The body.
    Body,
    /// The path: no stream.
    Whole,
    /// The path: events.
    Events,
    /// The path: events with `alt=sse`, else one JSON array.
    Query,
}

impl Row {
    /// Its path, where clients ask there for an answer and name the model in the body.
    pub(super) fn asked_at(&self) -> Option<&'static str> {
        let is_it = self.behind.is_none()
            && self.operation == Operation::Generate
            && matches!(self.delivery, Asked::Body);
        is_it.then_some(self.path)
    }

    /// The fixed segments of its path.
    pub(super) fn segments(&self) -> impl Iterator<Item = &'static str> {
        let behind = self.behind.unwrap_or_default();
        self.path
            .split('/')
            .chain(behind.split(['/', ':']))
            .filter(|it| !it.is_empty() && *it != "*")
    }

    fn matches(&self, protocol: Protocol, path: &str, query: Option<&str>) -> Option<Endpoint> {
        let (model, model_span) = match self.behind {
            None => self.is_at(protocol, path).then_some((None, None))?,
            Some(behind) => {
                let written = path.strip_prefix(self.path)?.strip_suffix(behind)?;
                let named = percent_decode_str(written).decode_utf8().ok()?.into_owned();
                let span = self.path.len()..self.path.len() + written.len();
                (Some(named).filter(|named| !named.is_empty()), Some(span))
            }
        };
        let delivery = match self.delivery {
            Asked::Body => None,
            Asked::Whole => Some(Delivery::Whole),
            Asked::Events => Some(Delivery::Events),
            Asked::Query if query.is_some_and(asks_events) => Some(Delivery::Events),
            Asked::Query => Some(Delivery::Array),
        };
        let operation = self.operation;
        Some(Endpoint { protocol, operation, model, model_span, delivery, is_odd: false })
    }

    /// Whether this is the row's path, or below it where it ends in `*`. Clients of OpenAI's
    /// protocols have `/v1` in their base URL, and some forget it.
    fn is_at(&self, protocol: Protocol, path: &str) -> bool {
        let is_openais = protocol.profile().is_openais;
        let bare = self.path.strip_prefix("/v1").filter(|_| is_openais);
        [Some(self.path), bare].into_iter().flatten().any(|row| match row.strip_suffix('*') {
            None => path == row,
            Some(above) => path.starts_with(above),
        })
    }
}

/// Whether a query asks for events, in any spelling that its vendor reads.
fn asks_events(query: &str) -> bool {
    query.split('&').any(|pair| pair == "alt=sse" || ALT_SSE.contains(&&*path::decoded(pair)))
}

/// A row. In the path, `{model}` is the model, and `*` at the end matches any rest.
pub(crate) const fn row(path: &'static str, operation: Operation, delivery: Asked) -> Row {
    let mut at = 0;
    while at < path.len() && path.as_bytes()[at] != b'{' {
        at += 1;
    }
    let (path, rest) = path.split_at(at);
    let behind = if rest.is_empty() { None } else { Some(rest.split_at("{model}".len()).1) };
    Row { path, behind, operation, delivery }
}

const ALT_SSE: [&str; 2] = ["alt=sse", "$alt=sse"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_each_protocol_gives_its_endpoint() {
        let found = Endpoint::find("/v1/messages/count_tokens", None).unwrap();
        assert_eq!(
            (found.protocol, found.operation),
            (Protocol::Anthropic, Operation::CountTokens)
        );
        assert_eq!(found.delivery, Some(Delivery::Whole));
        let found = Endpoint::find("/v1/chat/completions", Some("x=1")).unwrap();
        assert_eq!((found.protocol, found.delivery), (Protocol::OpenAi, None));
        assert_eq!(Endpoint::find("/chat/completions", None), Some(found));
        assert_eq!(Endpoint::find("/messages", None), None);
        let found = Endpoint::find("/openai/deployments/a%2Fb/embeddings", None).unwrap();
        assert_eq!((found.operation, found.model.as_deref()), (Operation::Embed, Some("a/b")));
        assert!(found.names_deployment() && found.model_span == Some(20..25));
        let found = Endpoint::find("/openai/v1/responses", None).unwrap();
        assert_eq!(found.protocol, Protocol::OpenAiResponses);
        assert_eq!(Endpoint::find("/openai/deployments//embeddings", None).unwrap().model, None);
        for unknown in ["/v1/chat/completions/", "/V1/messages", "/v1/audio", "/v1/rerank", "/", ""]
        {
            assert_eq!(Endpoint::find(unknown, None), None, "{unknown}");
        }
    }

    #[test]
    fn an_endpoint_knows_who_serves_it() {
        let served = |path| {
            let endpoint = Endpoint::find(path, None).unwrap();
            let served = Protocol::ALL.iter().filter(|protocol| endpoint.is_served_by(**protocol));
            served.map(|protocol| protocol.name()).collect::<Vec<_>>()
        };
        assert_eq!(served("/v1/chat/completions").len(), Protocol::ALL.len());
        for path in [
            "/v1/embeddings",
            "/v2/embed",
            "/v1beta/models/m:embedContent",
            "/v1/models/m:batchEmbedContents",
            "/model/m/invoke",
        ] {
            let all = ["openai", "openai_responses", "gemini", "bedrock", "cohere"];
            assert_eq!(served(path), all, "{path}");
        }
        for path in
            ["/v1/completions", "/v1/audio/speech", "/v1/images/edits", "/v1/files/f/content"]
        {
            assert_eq!(served(path), ["openai", "openai_responses"], "{path}");
        }
        let files = Endpoint::find("/v1/files", None).unwrap().said_to_be(Protocol::Anthropic);
        assert!(files.is_served_by(Protocol::Anthropic) && !files.is_served_by(Protocol::OpenAi));
    }

    #[test]
    fn embeddings_pass_untouched_to_whoever_has_them_in_the_same_form() {
        let openai = Endpoint::find("/v1/embeddings", None).unwrap();
        assert!(openai.passes_to(Protocol::OpenAi) && openai.passes_to(Protocol::OpenAiResponses));
        assert!(!openai.passes_to(Protocol::Cohere));
        let chat = Endpoint::find("/v1/chat/completions", None).unwrap();
        assert!(!chat.passes_to(Protocol::OpenAiResponses));
    }

    #[test]
    fn a_path_may_name_the_model_and_the_delivery() {
        let row = row("/m/{model}:go", Operation::Generate, Asked::Query);
        let found = row.matches(Protocol::OpenAi, "/m/a%2Fb%3Ac:go", None).unwrap();
        assert_eq!(found.model.as_deref(), Some("a/b:c"));
        assert_eq!(found.delivery, Some(Delivery::Array));
        let found = row.matches(Protocol::OpenAi, "/m/a/b:go", Some("key=1&alt=sse")).unwrap();
        assert_eq!((found.model.as_deref(), found.delivery), (Some("a/b"), Some(Delivery::Events)));
        assert_eq!(row.matches(Protocol::OpenAi, "/m/a", None), None);
        assert_eq!(row.matches(Protocol::OpenAi, "/m/%ff:go", None), None);
    }
}
