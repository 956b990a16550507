//! The profile of Anthropic Messages.
//!
//! It is data about everything except bodies.

use super::finish::read_finish;
use super::foreign::GIVEN_BACK;
use crate::guard::stream::Texts;
use crate::protocol::codec::Platform;
use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Word, word};
use crate::protocol::fields::{Field, Means};
use crate::protocol::limits::{Limit, Limits};
use crate::protocol::profile::{Profile, Said, Stream, WholeMark};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::usage::{Count, Form, Place};

/// The profile of this protocol.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    telemetry: "anthropic",
    declared: super::declared::DECLARED,
    words: WORDS,
    hosts: &["api.anthropic.com"],
    speaks_at: &[("api.anthropic.", ".com")],
    also_at: &[
        ("bedrock-runtime.", Platform::Bedrock),
        ("bedrock-runtime-fips.", Platform::Bedrock),
        ("bedrock-mantle.", Platform::Bedrock),
    ],
    has_betas: true,
    credential: ("x-api-key", ""),
    own_headers: Some("anthropic-"),
    told_by: Some("anthropic-version"),
    shares_paths: true,
    // Reasoning without a proof is refused like another vendor's proof.
    foreign_proofs: &["\"onwards#", "\"signature\":\"\"", "\"signature\": \"\""],
    thinks: &["\"enabled\""],
    given_back: Some(GIVEN_BACK),
    tells_prompt_first: true,
    cache_mark: Some(WholeMark {
        member: r#""cache_control":{"type":"ephemeral"}"#,
        known_by: "\"cache_control\"",
    }),
    prompt: &["system", "messages"],
    spoken: [
        &["\"text\"", "\"partial_json\"", "\"thinking\"", "\"name\""],
        &["\"text\"", "\"thinking\"", "\"input\"", "\"name\""],
    ],
    stream: Stream {
        ends: &["\"message_stop\"", "\"type\":\"error\"", "\"type\": \"error\""],
        places: &[&["type"]],
        last: &["\"message_stop\""],
        errors: &["\"type\":\"error\"", "\"type\": \"error\"", "\"response.failed\""],
        announcements: &["message_start", "ping"],
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
    read: |reason| Some(read_finish(reason)),
    events: &[&["delta", "stop_reason"]],
    beside_usage: true,
    whole: &[reasons::Place::late("\"stop_reason\"")],
};

pub(super) static USAGE: Form = Form {
    fields: &["\"usage\""],
    places: &[
        Place(Count::Input, "", "input_tokens"),
        Place(Count::Output, "", "output_tokens"),
        Place(Count::CacheRead, "", "cache_read_input_tokens"),
        Place(Count::CacheWrite, "", "cache_creation_input_tokens"),
    ],
    deepest: 1,
    cache_is_beside: true,
    apart: Some(("iterations", "compaction")),
    ..Form::USUAL
};

/// Anthropic's headers about limits.
pub(in crate::protocol) const LIMITS: Limits = Limits {
    start: "anthropic-ratelimit-",
    limits: &[
        Limit {
            remaining: "anthropic-ratelimit-requests-remaining",
            limit: "anthropic-ratelimit-requests-limit",
            reset: "anthropic-ratelimit-requests-reset",
        },
        Limit {
            remaining: "anthropic-ratelimit-tokens-remaining",
            limit: "anthropic-ratelimit-tokens-limit",
            reset: "anthropic-ratelimit-tokens-reset",
        },
        Limit {
            remaining: "anthropic-ratelimit-input-tokens-remaining",
            limit: "anthropic-ratelimit-input-tokens-limit",
            reset: "anthropic-ratelimit-input-tokens-reset",
        },
        Limit {
            remaining: "anthropic-ratelimit-output-tokens-remaining",
            limit: "anthropic-ratelimit-output-tokens-limit",
            reset: "anthropic-ratelimit-output-tokens-reset",
        },
        // It says `rejected` in place of a number.
        Limit {
            remaining: "anthropic-ratelimit-unified-status",
            limit: "anthropic-ratelimit-unified-limit",
            reset: "anthropic-ratelimit-unified-reset",
        },
    ],
};

/// The flat fields of a request, in the order in which they are written.
pub(super) static FIELDS: [Field; 5] = [
    Field::new(&["max_tokens"], Means::MaxTokens),
    Field::new(&["temperature"], Means::Temperature),
    Field::new(&["top_p"], Means::TopP),
    Field::new(&["top_k"], Means::TopK),
    Field::new(&["stop_sequences"], Means::Stop),
];

const SAID: &[Said] = &[
    Said::of_type("content_block_start", &[&["content_block"]]),
    Said::of_type("content_block_delta", &[&["delta"]]),
    Said::of_type("content_block_stop", &[]),
    Said::of_type("message_delta", &[&["delta", "stop_reason"]]),
];

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1/messages", Operation::Generate, Asked::Body),
    row("/v1/messages/count_tokens", Operation::CountTokens, Asked::Whole),
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    word("messages", F::Inference)
        .only(&["", "count_tokens"], F::Batches)
        .naming(&[&["requests", "*", "params", "model"]]),
    word("complete", F::Inference),
    word("agents", F::Assistants).naming(&[&["model", "id"], &["agent", "model"]]),
    word("sessions", F::Assistants).naming(&[&["agent", "model"]]),
    word("environments", F::Assistants),
];

/// Where events carry pieces of texts.
static STREAMED: Texts = Texts {
    places: &[&["delta", "text"], &["delta", "partial_json"], &["delta", "thinking"]],
    ids: &["index"],
    ends: &["content_block_stop", "message_delta", "message_stop"],
    finishes: &[],
};
