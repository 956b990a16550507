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
}

impl Endpoint {
    /// The endpoint at this path, if it is one that can be translated.
    pub fn find(path: &str, query: Option<&str>) -> Option<Self> {
        ENDPOINTS.iter().find_map(|row| row.matches(path, query))
    }
}

/// One row of the table: how a path is recognised and what it means.
struct Row {
    path: &'static str,
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
        let (model, model_span) = match self.path.split_once("{model}") {
            None => (path == self.path).then_some((None, None))?,
            Some((before, after)) => {
                let written = path.strip_prefix(before)?.strip_suffix(after)?;
                let named = percent_decode_str(written).decode_utf8().ok()?.into_owned();
                let span = before.len()..before.len() + written.len();
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
}

const fn row(path: &'static str, protocol: Protocol, operation: Operation, delivery: Asked) -> Row {
    Row { path, protocol, operation, delivery }
}

/// The table of client endpoints.
#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1/chat/completions", Protocol::OpenAi, Operation::Generate, Asked::Body),
    row("/v1/messages", Protocol::Anthropic, Operation::Generate, Asked::Body),
    row("/v1/messages/count_tokens", Protocol::Anthropic, Operation::CountTokens, Asked::Whole),
    row("/v1beta/models/{model}:generateContent", Protocol::Gemini, Operation::Generate, Asked::Whole),
    row("/v1beta/models/{model}:streamGenerateContent", Protocol::Gemini, Operation::Generate, Asked::Query),
    row("/v1beta/models/{model}:countTokens", Protocol::Gemini, Operation::CountTokens, Asked::Whole),
    row("/v1/models/{model}:generateContent", Protocol::Gemini, Operation::Generate, Asked::Whole),
    row("/v1/models/{model}:streamGenerateContent", Protocol::Gemini, Operation::Generate, Asked::Query),
    row("/v1/models/{model}:countTokens", Protocol::Gemini, Operation::CountTokens, Asked::Whole),
    row("/v2/chat", Protocol::Cohere, Operation::Generate, Asked::Body),
    row("/v1/responses", Protocol::OpenAiResponses, Operation::Generate, Asked::Body),
    row("/v1/responses/input_tokens", Protocol::OpenAiResponses, Operation::CountTokens, Asked::Whole),
    row("/model/{model}/converse", Protocol::Bedrock, Operation::Generate, Asked::Whole),
    row("/model/{model}/converse-stream", Protocol::Bedrock, Operation::Generate, Asked::Events),
    row("/model/{model}/count-tokens", Protocol::Bedrock, Operation::CountTokens, Asked::Whole),
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
        for unknown in ["/v1/chat/completions/", "/V1/messages", "/v1/embeddings", "/", ""] {
            assert_eq!(Endpoint::find(unknown, None), None, "{unknown}");
        }
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
