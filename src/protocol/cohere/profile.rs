//! The profile of Cohere v2 chat.
//!
//! It is data about everything except bodies.

use super::finish::read_finish;
use crate::guard::stream::Texts;
use crate::protocol::chat::proof;
use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Word, word};
use crate::protocol::fields::{Field, Means};
use crate::protocol::profile::{Profile, Said, Stream};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::usage::{Count, Form, Place};

/// The profile of this protocol.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    telemetry: "cohere",
    foreign_proofs: &["\"thought_signature\""],
    given_back: Some(proof::GIVEN_BACK),
    proofs_are_of_calls: true,
    declared: super::declared::DECLARED,
    words: WORDS,
    hosts: &["api.cohere.com", "api.cohere.ai"],
    speaks_at: &[("api.cohere.", "")],
    spoken: [SPOKEN, SPOKEN],
    stream: Stream {
        ends: &["\"message-end\""],
        places: &[&["type"]],
        last: &["\"message-end\""],
        tells_errors: false,
        said: SAID,
        ..Stream::USUAL
    },
    usage: &USAGE,
    reasons: &REASONS,
    streamed: &STREAMED,
    ..Profile::USUAL
};

/// Why a model stopped.
static REASONS: Reasons = Reasons {
    read: |reason| read_finish(reason).ok(),
    events: &[&["delta", "finish_reason"]],
    whole: &[reasons::Place::early("\"finish_reason\""), reasons::Place::late("\"finish_reason\"")],
    ..Reasons::NONE
};

/// Billed tokens are fewer than used ones, so they count only without the others.
pub(super) static USAGE: Form = Form {
    fields: &["\"usage\"", "\"meta\""],
    places: &[
        Place(Count::Input, "tokens", "input_tokens"),
        Place(Count::Input, "billed_units", "input_tokens"),
        Place(Count::Output, "tokens", "output_tokens"),
        Place(Count::Output, "billed_units", "output_tokens"),
        Place(Count::CacheRead, "", "cached_tokens"),
    ],
    deepest: 1,
    cache_is_beside: false,
    ..Form::USUAL
};

/// The flat fields of a request, in the order in which they are written.
pub(super) static FIELDS: [Field; 8] = [
    Field::new(&["max_tokens"], Means::MaxTokens),
    Field::new(&["stop_sequences"], Means::Stop),
    Field::new(&["temperature"], Means::Temperature),
    // The limits themselves are not accepted.
    Field::new(&["p"], Means::TopP).nearest(0.01, MOST_P),
    Field::new(&["k"], Means::TopK).zero_is_unsaid(),
    Field::new(&["seed"], Means::Seed).unsigned(),
    Field::new(&["presence_penalty"], Means::PresencePenalty).within(0.0, 1.0),
    Field::new(&["frequency_penalty"], Means::FrequencyPenalty).within(0.0, 1.0),
];

/// The largest `p`, which means all.
pub(super) const MOST_P: f64 = 0.99;

const SAID: &[Said] = &[
    Said::of_type("message-start", &[]),
    Said::of_type("content-start", &[&["delta"]]),
    Said::of_type("content-delta", &[&["delta"]]),
    Said::of_type("content-end", &[]),
    Said::of_type("tool-plan-delta", &[&["delta"]]),
];

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v2/chat", Operation::Generate, Asked::Body),
    row("/v2/embed", Operation::Embed, Asked::Whole),
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    word("embed", F::Inference),
    word("generate", F::Inference),
    word("classify", F::Inference),
    word("summarize", F::Inference),
    word("tokenize", F::Inference),
    word("detokenize", F::Inference),
    word("embed-jobs", F::Batches),
    word("datasets", F::Files).with_forms(),
    word("finetuning", F::FineTuning),
    word("check-api-key", F::Administration),
];

/// Behind which a model speaks.
const SPOKEN: &[&str] = &["\"text\"", "\"thinking\"", "\"arguments\"", "\"tool_plan\"", "\"name\""];

/// Where events carry pieces of texts.
static STREAMED: Texts = Texts {
    places: &[
        &["delta", "message", "content", "text"],
        &["delta", "message", "content", "thinking"],
        &["delta", "message", "tool_calls", "function", "arguments"],
        &["delta", "message", "tool_plan"],
    ],
    ids: &["index"],
    ends: &["-end"],
    finishes: &[],
};
