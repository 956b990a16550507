//! The profile of Bedrock Converse.
//!
//! It is data about everything except bodies.

use super::finish::read_finish;
use super::foreign::GIVEN_BACK;
use crate::guard::stream::Texts;
use crate::models::betas::Elsewhere;
use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Nested, Word, word};
use crate::protocol::fields::{Field, Means};
use crate::protocol::in_path::InPath;
use crate::protocol::profile::{FrameGuard, InQuery, OutputCap, Profile, Stream};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::usage::{Count, Form, Place};

/// The profile of this protocol.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    telemetry: "aws.bedrock",
    declared: super::declared::DECLARED,
    frame_cleaner: Some(super::clean::cleaner),
    words: WORDS,
    hosts: &[".amazonaws.com"],
    speaks_at: &[("bedrock-runtime", ".amazonaws.com")],
    tells_betas: Some(Elsewhere::Converse),
    is_signed: true,
    in_path: InPath::SEGMENT,
    in_query: InQuery::Signature,
    request_id: Some("x-amzn-requestid"),
    // Raw, or in base64 if there is nothing else.
    foreign_proofs: &["\"onwards#", "\"b253YXJkcy"],
    given_back: Some(GIVEN_BACK),
    prompt: &["system", "messages"],
    tools: &["toolConfig"],
    output: OutputCap { object: &["inferenceConfig"], names: &["maxTokens"], ..OutputCap::USUAL },
    // Its frames know no comments.
    spoken: [SPOKEN, SPOKEN],
    stream: Stream { has_comments: false, frame_ends: FRAME_ENDS, ..Stream::USUAL },
    usage: &USAGE,
    usage_headers: Some(["x-amzn-bedrock-input-token-count", "x-amzn-bedrock-output-token-count"]),
    embeds_by: EMBEDS_BY,
    reasons: &REASONS,
    streamed: &STREAMED,
    frame_guard: Some(FrameGuard { guard: super::guarded::guard, hold: super::guarded::hold }),
    ..Profile::USUAL
};

/// Why a model stopped.
static REASONS: Reasons = Reasons {
    read: |reason| Some(read_finish(reason)),
    whole: &[reasons::Place::late("\"stopReason\"")],
    ..Reasons::NONE
};

pub(super) static USAGE: Form = Form {
    fields: &["\"usage\""],
    places: &[
        Place(Count::Input, "", "inputTokens"),
        Place(Count::Output, "", "outputTokens"),
        Place(Count::CacheRead, "", "cacheReadInputTokens"),
        Place(Count::CacheWrite, "", "cacheWriteInputTokens"),
        // Claude's own names, where it is asked in its own form.
        Place(Count::Input, "", "input_tokens"),
        Place(Count::Output, "", "output_tokens"),
        Place(Count::CacheRead, "", "cache_read_input_tokens"),
        Place(Count::CacheWrite, "", "cache_creation_input_tokens"),
    ],
    deepest: 1,
    cache_is_beside: true,
    ..Form::USUAL
};

/// The flat fields of a request's `inferenceConfig`, in the order in which they are written.
pub(super) static FIELDS: [Field; 4] = [
    Field::new(&["maxTokens"], Means::MaxTokens),
    Field::new(&["temperature"], Means::Temperature),
    Field::new(&["topP"], Means::TopP),
    Field::new(&["stopSequences"], Means::Stop),
];

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/model/{model}/converse", Operation::Generate, Asked::Whole),
    row("/model/{model}/converse-stream", Operation::Generate, Asked::Events),
    row("/model/{model}/count-tokens", Operation::CountTokens, Asked::Whole),
    row("/model/{model}/invoke", Operation::Embed, Asked::Whole),
];

/// What the models of Amazon and Cohere are given to embed.
const EMBEDS_BY: &[&[&str; 1]] = &[
    &["inputText"],
    &["inputImage"],
    &["texts"],
    &["images"],
    &["inputs"],
    &["singleEmbeddingParams"],
    &["segmentedEmbeddingParams"],
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    word("async-invoke", F::Batches).naming(&[&["modelId"]]),
    word("model-invocation-job", F::Batches).naming(&[&["modelId"]]),
    word("model-invocation-jobs", F::Batches),
    word("model-customization-jobs", F::FineTuning).naming(&[&["baseModelIdentifier"]]),
    word("guardrail", F::Inference),
    word("retrieveandgenerate", F::Inference).naming(RETRIEVED),
    word("retrieveandgeneratestream", F::Inference).naming(RETRIEVED),
    word("custom-models", F::Administration),
    word("imported-models", F::Administration),
    word("inference-profiles", F::Administration),
    word("provisioned-model-throughput", F::Administration),
    word("provisioned-model-throughputs", F::Administration),
    word("foundation-model-agreement", F::Administration),
    word("use-case-for-model-access", F::Administration),
    word("logging", F::Administration),
];

/// The model that writes about search results.
const RETRIEVED: Nested = &[
    &["retrieveAndGenerateConfiguration", "knowledgeBaseConfiguration", "modelArn"],
    &["retrieveAndGenerateConfiguration", "externalSourcesConfiguration", "modelArn"],
];

/// The frame with the stop reason, and exceptions.
const FRAME_ENDS: &[&[u8]] = &[
    b":event-type\x07\0\x0bmessageStop",
    b":message-type\x07\0\x09exception",
    b":message-type\x07\0\x05error",
];

/// Behind which a model speaks.
const SPOKEN: &[&str] = &["\"text\"", "\"input\"", "\"name\""];

/// Where events carry pieces of texts.
static STREAMED: Texts = Texts {
    places: &[
        &["delta", "text"],
        &["delta", "toolUse", "input"],
        &["delta", "reasoningContent", "text"],
    ],
    ids: &["contentBlockIndex"],
    ends: &["contentBlockStop", "messageStop"],
    finishes: &[],
};
