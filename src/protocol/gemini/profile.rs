//! The profile of Gemini `generateContent`.
//!
//! It is data about everything except bodies.

use super::finish::read_finish;
use super::foreign::GIVEN_BACK;
use crate::guard::stream::Texts;
use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Nested, Word, word};
use crate::protocol::fields::{Field, Means};
use crate::protocol::in_path::InPath;
use crate::protocol::mask::Mask;
use crate::protocol::profile::{InQuery, OutputCap, Profile, Said, Stream};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::service::Services;
use crate::protocol::usage::{Count, Form, Place};

/// The profile of this protocol.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    telemetry: "gcp.gemini",
    declared: super::declared::DECLARED,
    words: WORDS,
    hosts: &["generativelanguage.googleapis.com", "aiplatform.googleapis.com"],
    speaks_at: &[("generativelanguage.", ".googleapis.com")],
    credential: ("x-goog-api-key", ""),
    in_path: InPath::GOOGLES,
    in_query: InQuery::Key,
    likely_paths: &["/v1beta/", "/v1alpha/", "/upload/v1beta/", "/v1/models/"],
    told_by: Some("x-goog-api-key"),
    models_paths: Some(["/v1beta/models", "/v1beta/models/{*id}"]),
    below_models: Some("/operations/"),
    // In base64, with and without the mark of a seal.
    foreign_proofs: &["\"b253YXJkcy", "\"fm9ud2FyZHM"],
    given_back: Some(GIVEN_BACK),
    services: Services::Googles,
    prompt: &["contents"],
    output: OutputCap {
        object: &["generationConfig", "generation_config"],
        names: &["maxOutputTokens", "max_output_tokens"],
        newer: None,
        copies: &["candidateCount", "candidate_count"],
    },
    // Google's own libraries take a comment for a chunk.
    spoken: [SPOKEN, SPOKEN],
    stream: Stream {
        ends: &["\"finishReason\"", "\"blockReason\"", "\"error\""],
        places: &[
            &["candidates", "*", "finishReason"],
            &["promptFeedback", "blockReason"],
            &["error"],
        ],
        has_comments: false,
        said: SAID,
        ..Stream::USUAL
    },
    usage: &USAGE,
    mask: Some(MASK),
    reasons: &REASONS,
    streamed: &STREAMED,
    ..Profile::USUAL
};

/// Why a model stopped, or was not asked. A stream may be one array of chunks.
static REASONS: Reasons = Reasons {
    read: |reason| Some(read_finish(reason)),
    events: &[&["candidates", "*", "finishReason"], &["promptFeedback", "blockReason"]],
    whole: &[
        reasons::Place { key: "\"finishReason\"", deep: [3, 4], is_early: false },
        reasons::Place { key: "\"blockReason\"", deep: [2, 3], is_early: false },
    ],
    ..Reasons::NONE
};

pub(super) static USAGE: Form = Form {
    fields: &["\"usageMetadata\""],
    places: &[
        Place(Count::Input, "", "promptTokenCount"),
        Place(Count::MoreInput, "", "toolUsePromptTokenCount"),
        Place(Count::Output, "", "candidatesTokenCount"),
        Place(Count::ReasoningBeside, "", "thoughtsTokenCount"),
        Place(Count::CacheRead, "", "cachedContentTokenCount"),
        Place(Count::Total, "", "totalTokenCount"),
    ],
    deepest: 2,
    cache_is_beside: false,
    ..Form::USUAL
};

/// Google's system parameter for parts of an answer. Its header is written with dots.
const MASK: Mask = Mask {
    parameters: &["fields", "$fields"],
    header: "x-goog-fieldmask",
    read: &["usageMetadata"],
    read_of_turns: &[
        &["promptFeedback"],
        &["candidates", "index"],
        &["candidates", "finishReason"],
    ],
};

/// The flat fields of a request's `generationConfig`, in the order in which they are written.
pub(super) static FIELDS: [Field; 8] = [
    Field::new(&["temperature"], Means::Temperature),
    Field::new(&["topP", "top_p"], Means::TopP),
    // The vendor's own libraries write it with a fraction.
    Field::new(&["topK", "top_k"], Means::TopK).with_fraction(),
    Field::new(&["seed"], Means::Seed).signed_32(),
    Field::new(&["presencePenalty", "presence_penalty"], Means::PresencePenalty),
    Field::new(&["frequencyPenalty", "frequency_penalty"], Means::FrequencyPenalty),
    Field::new(&["maxOutputTokens", "max_output_tokens"], Means::MaxTokens),
    Field::new(&["stopSequences", "stop_sequences"], Means::Stop),
];

const SAID: &[Said] = &[
    Said::with_key(
        "candidates",
        &[&["candidates", "*", "content", "parts"], &["candidates", "*", "finishReason"]],
    ),
    Said::with_key("promptFeedback", &[&["promptFeedback", "blockReason"]]),
    Said::with_key("usageMetadata", &[]),
];

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1beta/models/{model}:generateContent", Operation::Generate, Asked::Whole),
    row("/v1beta/models/{model}:streamGenerateContent", Operation::Generate, Asked::Query),
    row("/v1beta/models/{model}:countTokens", Operation::CountTokens, Asked::Whole),
    row("/v1beta/models/{model}:embedContent", Operation::Embed, Asked::Whole),
    row("/v1beta/models/{model}:batchEmbedContents", Operation::Embed, Asked::Whole),
    row("/v1beta/cachedContents", Operation::Native, Asked::Whole),
    row("/v1/models/{model}:generateContent", Operation::Generate, Asked::Whole),
    row("/v1/models/{model}:streamGenerateContent", Operation::Generate, Asked::Query),
    row("/v1/models/{model}:countTokens", Operation::CountTokens, Asked::Whole),
    row("/v1/models/{model}:embedContent", Operation::Embed, Asked::Whole),
    row("/v1/models/{model}:batchEmbedContents", Operation::Embed, Asked::Whole),
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    word("models", F::Inference).naming(NESTED),
    word("tunedmodels", F::FineTuning).naming(NESTED),
    word("interactions", F::Inference).only(&[""], F::Stored),
    word("cachedcontents", F::Caches).naming(&[&["model"]]),
    word("auth_tokens", F::Realtime).naming(&[
        &["bidiGenerateContentSetup", "model"],
        &["liveConnectConstraints", "model"],
    ]),
    word("corpora", F::VectorStores),
    word("filesearchstores", F::VectorStores),
    word("operations", F::Batches),
    // On Vertex AI.
    word("batchpredictionjobs", F::Batches).naming(&[&["model"]]),
    word("tuningjobs", F::FineTuning).naming(&[&["baseModel"]]),
    word("reasoningengines", F::Assistants),
];

/// Where bodies name the model that their path names, once more.
const NESTED: Nested = &[
    &["model"],
    &["baseModel"],
    &["generateContentRequest", "model"],
    &["requests", "*", "model"],
    &["batch", "model"],
    &["batch", "inputConfig", "requests", "requests", "*", "model"],
    &["batch", "inputConfig", "requests", "requests", "*", "request", "model"],
];

/// Behind which a model speaks.
const SPOKEN: &[&str] = &["\"text\"", "\"args\"", "\"name\""];

/// Where events carry pieces of texts.
static STREAMED: Texts = Texts {
    places: &[
        &["candidates", "content", "parts", "text"],
        &["candidates", "content", "parts", "functionCall", "partialArgs", "stringValue"],
    ],
    ids: &["index", "thought", "jsonPath"],
    ends: &[],
    finishes: &["finishReason"],
};
