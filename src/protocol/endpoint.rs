//! Which paths of a client are which protocol's, and what they ask for.
//!
//! It never looks at a header or a body: a client's protocol is what its path says.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::Protocol;
use super::conversation::Delivery;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The client's protocol.
    pub protocol: Protocol,
    /// What is to be done.
    pub operation: Operation,
    /// The model, where the path names it, decoded.
    pub model: Option<String>,
    /// Where in the path it stands, as it is written.
    pub model_span: Option<Range<usize>>,
    /// How the answer is wanted, where the path says so.
    pub delivery: Option<Delivery>,
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
    /// Something that no other protocol has a word for.
    Native,
}

impl Operation {
    /// Whether vectors are asked for.
    pub fn is_embed(self) -> bool {
        self == Self::Embed
    }
}

impl Endpoint {
    /// The endpoint at this path, if it is a protocol's.
    pub fn find(path: &str, query: Option<&str>) -> Option<Self> {
        ENDPOINTS.iter().find_map(|row| row.matches(path, query))
    }

    /// The same, for a client that says itself that it speaks Anthropic's: a few paths are both's.
    #[must_use]
    pub fn said_to_be_anthropics(self) -> Self {
        match self.operation {
            Operation::Native => Self { protocol: Protocol::Anthropic, ..self },
            _ => self,
        }
    }

    /// Whether a provider of that protocol can serve it, as it came or translated.
    pub fn is_served_by(&self, provider: Protocol) -> bool {
        match self.operation {
            Operation::Generate | Operation::CountTokens => true,
            Operation::Embed => provider == self.protocol || provider.wire().embeddings().is_some(),
            Operation::Native => self.passes_to(provider),
        }
    }

    /// Whether a provider of that protocol has it at the same path and in the same form. OpenAI's
    /// is at home with providers of both of OpenAI's protocols.
    pub fn passes_to(&self, provider: Protocol) -> bool {
        let openai = |protocol| matches!(protocol, Protocol::OpenAi | Protocol::OpenAiResponses);
        let shared = matches!(self.operation, Operation::Embed | Operation::Native);
        provider == self.protocol || (shared && openai(provider) && openai(self.protocol))
    }
}

/// One row of the table: how a path is recognised and what it means.
struct Row {
    /// The path, or what stands before the model in it.
    path: &'static str,
    /// What stands behind the model, where the path names one.
    behind: Option<&'static str>,
    protocol: Protocol,
    operation: Operation,
    delivery: Asked,
}

/// Who says whether the answer is a stream.
#[derive(Clone, Copy)]
enum Asked {
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
    fn matches(&self, path: &str, query: Option<&str>) -> Option<Endpoint> {
        let (model, model_span) = match self.behind {
            None => self.is_at(path).then_some((None, None))?,
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
            Asked::Query if query.is_some_and(|q| q.split('&').any(|pair| pair == "alt=sse")) => {
                Some(Delivery::Events)
            }
            Asked::Query => Some(Delivery::Array),
        };
        let Self { protocol, operation, .. } = *self;
        Some(Endpoint { protocol, operation, model, model_span, delivery })
    }

    /// Whether this is the row's path, or below it where it ends in `*`. Clients of OpenAI's
    /// protocols have `/v1` in their base URL, and some forget it.
    fn is_at(&self, path: &str) -> bool {
        let openai = matches!(self.protocol, Protocol::OpenAi | Protocol::OpenAiResponses);
        let bare = self.path.strip_prefix("/v1").filter(|_| openai);
        [Some(self.path), bare].into_iter().flatten().any(|row| match row.strip_suffix('*') {
            None => path == row,
            Some(above) => path.starts_with(above),
        })
    }
}

/// A row, from a path with `{model}` where it names one.
const fn row(path: &'static str, protocol: Protocol, operation: Operation, delivery: Asked) -> Row {
    let mut at = 0;
    while at < path.len() && path.as_bytes()[at] != b'{' {
        at += 1;
    }
    let (path, rest) = path.split_at(at);
    let behind = if rest.is_empty() { None } else { Some(rest.split_at("{model}".len()).1) };
    Row { path, behind, protocol, operation, delivery }
}

/// The table of client endpoints.
#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1/chat/completions", Protocol::OpenAi, Operation::Generate, Asked::Body),
    row("/v1/embeddings", Protocol::OpenAi, Operation::Embed, Asked::Whole),
    row("/v1/messages", Protocol::Anthropic, Operation::Generate, Asked::Body),
    row("/v1/messages/count_tokens", Protocol::Anthropic, Operation::CountTokens, Asked::Whole),
    row("/v1beta/models/{model}:generateContent", Protocol::Gemini, Operation::Generate, Asked::Whole),
    row("/v1beta/models/{model}:streamGenerateContent", Protocol::Gemini, Operation::Generate, Asked::Query),
    row("/v1beta/models/{model}:countTokens", Protocol::Gemini, Operation::CountTokens, Asked::Whole),
    row("/v1beta/models/{model}:embedContent", Protocol::Gemini, Operation::Embed, Asked::Whole),
    row("/v1beta/models/{model}:batchEmbedContents", Protocol::Gemini, Operation::Embed, Asked::Whole),
    row("/v1/models/{model}:generateContent", Protocol::Gemini, Operation::Generate, Asked::Whole),
    row("/v1/models/{model}:streamGenerateContent", Protocol::Gemini, Operation::Generate, Asked::Query),
    row("/v1/models/{model}:countTokens", Protocol::Gemini, Operation::CountTokens, Asked::Whole),
    row("/v1/models/{model}:embedContent", Protocol::Gemini, Operation::Embed, Asked::Whole),
    row("/v1/models/{model}:batchEmbedContents", Protocol::Gemini, Operation::Embed, Asked::Whole),
    row("/v2/chat", Protocol::Cohere, Operation::Generate, Asked::Body),
    row("/v2/embed", Protocol::Cohere, Operation::Embed, Asked::Whole),
    row("/v1/responses", Protocol::OpenAiResponses, Operation::Generate, Asked::Body),
    row("/v1/responses/input_tokens", Protocol::OpenAiResponses, Operation::CountTokens, Asked::Whole),
    row("/model/{model}/converse", Protocol::Bedrock, Operation::Generate, Asked::Whole),
    row("/model/{model}/converse-stream", Protocol::Bedrock, Operation::Generate, Asked::Events),
    row("/model/{model}/count-tokens", Protocol::Bedrock, Operation::CountTokens, Asked::Whole),
    row("/model/{model}/invoke", Protocol::Bedrock, Operation::Embed, Asked::Whole),
    row("/v1/completions", Protocol::OpenAi, Operation::Native, Asked::Body),
    row("/v1/moderations", Protocol::OpenAi, Operation::Native, Asked::Whole),
    row("/v1/audio/*", Protocol::OpenAi, Operation::Native, Asked::Body),
    row("/v1/images/*", Protocol::OpenAi, Operation::Native, Asked::Body),
    row("/v1/files", Protocol::OpenAi, Operation::Native, Asked::Whole),
    row("/v1/files/*", Protocol::OpenAi, Operation::Native, Asked::Whole),
    row("/v1/uploads", Protocol::OpenAi, Operation::Native, Asked::Whole),
    row("/v1/uploads/*", Protocol::OpenAi, Operation::Native, Asked::Whole),
    row("/v1/batches", Protocol::OpenAi, Operation::Native, Asked::Whole),
    row("/v1/batches/*", Protocol::OpenAi, Operation::Native, Asked::Whole),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found() {
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
            let all = ["openai", "gemini", "cohere", "openai_responses", "bedrock"];
            assert_eq!(served(path), all, "{path}");
        }
        for path in
            ["/v1/completions", "/v1/audio/speech", "/v1/images/edits", "/v1/files/f/content"]
        {
            assert_eq!(served(path), ["openai", "openai_responses"], "{path}");
        }
        let files = Endpoint::find("/v1/files", None).unwrap().said_to_be_anthropics();
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
        let row = row("/m/{model}:go", Protocol::OpenAi, Operation::Generate, Asked::Query);
        let found = row.matches("/m/a%2Fb%3Ac:go", None).unwrap();
        assert_eq!(found.model.as_deref(), Some("a/b:c"));
        assert_eq!(found.delivery, Some(Delivery::Array));
        let found = row.matches("/m/a/b:go", Some("key=1&alt=sse")).unwrap();
        assert_eq!((found.model.as_deref(), found.delivery), (Some("a/b"), Some(Delivery::Events)));
        assert_eq!(row.matches("/m/a", None), None);
        assert_eq!(row.matches("/m/%ff:go", None), None);
    }
}
