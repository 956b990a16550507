//! The profile of OpenAI Responses.
//!
//! It is data about everything except bodies.

use super::foreign::GIVEN_BACK;
use crate::guard::stream::Texts;
use crate::protocol::conversation::Finish;
use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Word, word};
use crate::protocol::fields::{Field, Means};
use crate::protocol::profile::{EffortField, OutputCap, Profile, Said, Stream};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::usage::{Count, Form, Place};

/// The profile of this protocol.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    declared: super::declared::DECLARED,
    words: WORDS,
    hosts: &[],
    speaks_at: &[],
    likely_end: Some("/responses"),
    is_openais: true,
    foreign_proofs: &["\"onwards#", "\"sealed#", "\"rs_onwards_"],
    given_back: Some(GIVEN_BACK),
    effort: Some(EffortField {
        key: "responses",
        at: &["reasoning", "effort"],
        limits: &["max_output_tokens"],
        native: &[
            &["reasoning_effort"],
            &["thinking"],
            &["thinking_token_budget"],
            &["thinking_budget"],
            &["enable_thinking"],
            &["chat_template_kwargs", "thinking"],
            &["chat_template_kwargs", "enable_thinking"],
        ],
    }),
    prompt: &["instructions", "input"],
    output: OutputCap { names: &["max_output_tokens"], ..OutputCap::USUAL },
    spoken: [
        &["\"delta\""],
        &["\"text\"", "\"arguments\"", "\"refusal\"", "\"input\"", "\"name\""],
    ],
    stream: Stream {
        ends: &[
            "\"response.completed\"",
            "\"response.failed\"",
            "\"response.incomplete\"",
            "\"type\":\"error\"",
            "\"type\": \"error\"",
        ],
        places: &[&["type"]],
        last: &["\"response.completed\"", "\"response.incomplete\""],
        errors: &["\"type\":\"error\"", "\"type\": \"error\"", "\"response.failed\""],
        tells_errors: false,
        announcements: &[
            "response.created",
            "response.in_progress",
            "response.queued",
            "keepalive",
            "codex.rate_limits",
        ],
        said: SAID,
        ..Stream::USUAL
    },
    usage: &USAGE,
    delivery: &["stream", "", "background"],
    reasons: &REASONS,
    streamed: &STREAMED,
    ..Profile::USUAL
};

/// Why a model stopped; a completed response does not say more.
static REASONS: Reasons = Reasons {
    read: |reason| match reason {
        "completed" => Some(Finish::Stop),
        "max_output_tokens" => Some(Finish::Length),
        "content_filter" => Some(Finish::ContentFilter),
        _ => None,
    },
    events: &[&["response", "status"], &["response", "incomplete_details", "reason"]],
    whole: &[reasons::Place::early("\"incomplete_details\""), reasons::Place::early("\"status\"")],
    ..Reasons::NONE
};

pub(super) static USAGE: Form = Form {
    fields: &["\"usage\""],
    places: &[
        Place(Count::Input, "", "input_tokens"),
        Place(Count::Output, "", "output_tokens"),
        Place(Count::CacheRead, "input_tokens_details", "cached_tokens"),
        Place(Count::CacheWrite, "input_tokens_details", "cache_write_tokens"),
        Place(Count::Reasoning, "output_tokens_details", "reasoning_tokens"),
        Place(Count::Total, "", "total_tokens"),
    ],
    deepest: 1,
    cache_is_beside: false,
    ..Form::USUAL
};

/// The flat fields of a request, in the order in which they are written.
pub(super) static FIELDS: [Field; 3] = [
    Field::new(&["max_output_tokens"], Means::MaxTokens).at_least(16),
    Field::new(&["temperature"], Means::Temperature),
    Field::new(&["top_p"], Means::TopP),
];

const SAID: &[Said] = &[
    Said::of_type("response.output_item.added", &[&["item"]]),
    Said::of_type("response.content_part.added", &[&["part"]]),
    Said::of_type("response.reasoning_summary_part.added", &[&["part"]]),
    Said::of_type("response.output_text.delta", &[&["delta"]]),
    Said::of_type("response.reasoning_text.delta", &[&["delta"]]),
    Said::of_type("response.reasoning_summary_text.delta", &[&["delta"]]),
    Said::of_type("response.refusal.delta", &[&["delta"]]),
    Said::of_type("response.function_call_arguments.delta", &[&["delta"]]),
];

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1/responses", Operation::Generate, Asked::Body),
    row("/v1/responses/input_tokens", Operation::CountTokens, Asked::Whole),
    row("/openai/v1/responses", Operation::Generate, Asked::Body),
    row("/openai/responses", Operation::Generate, Asked::Body),
    row("/v1/responses/compact", Operation::Native, Asked::Whole),
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    word("responses", F::Inference)
        .only(&["", "input_tokens", "compact"], F::Stored)
        .asked_by(&["input"]),
];

/// Where events carry pieces of texts.
static STREAMED: Texts = Texts {
    places: &[&["delta"]],
    ids: &["output_index", "content_index", "summary_index"],
    ends: &[".done", ".completed", ".incomplete", ".failed"],
    finishes: &[],
};
