//! The answer fields of OpenAI Chat Completions, legacy completions and embeddings, including those
//! of compatible vendors for reasoning and citations.
//!
//! It is data.

use super::wanted;
use crate::protocol::Operation;
use crate::protocol::strict::moderation::MODERATION;
use crate::protocol::strict::shape::{
    Declared, Field, Fill,
    Shape::{
        self, Arguments, Either, Flag, Fragment, List, Map, Model, Number, Object, OneOf, Scalar,
        Text,
    },
    Words, fill, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared::of(Operation::Generate, &wanted::CHAT, &COMPLETION).streamed(&CHUNK),
    Declared::of(Operation::Embed, &wanted::EMBEDDING, &EMBEDDINGS),
    Declared::of(Operation::Native, &wanted::LEGACY, &LEGACY).streamed(&LEGACY).at("/completions"),
];

static COMPLETION: Shape = Object(&[
    fill("id", Text, Fill::Id("chatcmpl-")),
    fill("object", Shape::Words(&WHOLE), Fill::Json("\"chat.completion\"")),
    fill("created", Number, Fill::Created),
    fill("model", Model, Fill::Model),
    must("choices", List(&CHOICE)),
    may("usage", USAGE),
    may("service_tier", OneOf(TIERS)),
    may("system_fingerprint", Text),
    may("citations", List(&Text)),
    may("moderation", MODERATION),
    may("metadata", Map(&Scalar)),
]);

static CHUNK: Shape = Object(&[
    fill("id", Text, Fill::Id("chatcmpl-")),
    fill("object", Shape::Words(&PART), Fill::Json("\"chat.completion.chunk\"")),
    fill("created", Number, Fill::Created),
    fill("model", Model, Fill::Model),
    may("service_tier", OneOf(TIERS)),
    may("system_fingerprint", Text),
    must("choices", List(&DELTA_CHOICE)),
    may("usage", USAGE),
    may("obfuscation", Text),
    may("citations", List(&Text)),
    may("moderation", MODERATION),
]);

static CHOICE: Shape = Object(&[
    fill("index", Number, Fill::Index),
    must("message", Shape::Within(&MESSAGE)),
    may("logprobs", Shape::Within(&LOGPROBS)),
    may("finish_reason", Shape::Words(&FINISH)),
]);

static DELTA_CHOICE: Shape = Object(&[
    fill("index", Number, Fill::Index),
    fill("delta", Shape::Within(&DELTA), Fill::Json("{}")),
    may("logprobs", Shape::Within(&LOGPROBS)),
    may("finish_reason", Shape::Words(&FINISH)),
]);

static MESSAGE: Shape = Object(&[
    fill("role", Shape::Words(&ASSISTANT), Fill::Json("\"assistant\"")),
    may("content", Shape::Within(&CONTENT)),
    may("refusal", Text),
    may("reasoning_content", Text),
    may("reasoning", Text),
    may("tool_calls", List(&CALL)),
    may("function_call", Object(&[may("name", Text), may("arguments", Arguments)])),
    may("audio", AUDIO),
    may("annotations", List(&ANNOTATION)),
    may("extra_content", EXTRA),
]);

static DELTA: Shape = Object(&[
    may("role", Shape::Words(&ASSISTANT)),
    may("content", Shape::Within(&CONTENT)),
    may("refusal", Text),
    may("reasoning_content", Text),
    may("reasoning", Text),
    may("tool_calls", List(&CALL_DELTA)),
    may("function_call", Object(&[may("name", Text), may("arguments", Fragment)])),
    may("audio", AUDIO),
    may("annotations", List(&ANNOTATION)),
    may("extra_content", EXTRA),
]);

/// Where Gemini's own chat completions say what has to come back with the next turn.
const EXTRA: Shape =
    Object(&[may("google", Object(&[may("thought_signature", Text), may("thought", Flag)]))]);

static CONTENT: Shape = Either(&[Text, List(&PIECE)]);
static PIECE: Shape = Object(&[
    may("type", Shape::Tag(&["text", "thinking", "refusal", "output_text"])),
    may("text", Text),
    may("thinking", Either(&[Text, List(&THOUGHT)])),
    may("refusal", Text),
]);
static THOUGHT: Shape = Object(&[may("type", Shape::Tag(&["text"])), may("text", Text)]);

static CALL: Shape = Object(&[
    may("index", Number),
    may("id", Text),
    fill("type", Shape::Words(&CALL_KINDS), Fill::Json("\"function\"")),
    may("function", Object(&[may("name", Text), fill("arguments", Arguments, NO_ARGUMENTS)])),
    may("custom", CUSTOM),
    may("extra_content", EXTRA),
]);

static CALL_DELTA: Shape = Object(&[
    fill("index", Number, Fill::Index),
    may("id", Text),
    may("type", Shape::Words(&CALL_KINDS)),
    may("function", Object(&[may("name", Text), may("arguments", Fragment)])),
    may("custom", CUSTOM),
    may("extra_content", EXTRA),
]);

const CUSTOM: Shape = Object(&[may("name", Text), may("input", Text)]);
const NO_ARGUMENTS: Fill = Fill::Json("\"{}\"");

const AUDIO: Shape = Object(&[
    may("id", Text),
    may("data", Text),
    may("expires_at", Number),
    may("transcript", Text),
]);

static ANNOTATION: Shape = Object(&[
    may("type", Shape::Tag(&["url_citation"])),
    may(
        "url_citation",
        Object(&[
            may("start_index", Number),
            may("end_index", Number),
            may("title", Text),
            may("url", Text),
        ]),
    ),
]);

/// How probable each token was: of chat completions, and of those that came before.
static LOGPROBS: Shape = Object(&[
    may("content", List(&TOKEN)),
    may("refusal", List(&TOKEN)),
    may("tokens", List(&Text)),
    may("token_logprobs", List(&Number)),
    may("top_logprobs", List(&Map(&Number))),
    may("text_offset", List(&Number)),
]);
static TOKEN: Shape = Object(&[
    may("token", Text),
    may("logprob", Number),
    may("bytes", List(&Number)),
    may("top_logprobs", List(&TOP)),
]);
static TOP: Shape =
    Object(&[may("token", Text), may("logprob", Number), may("bytes", List(&Number))]);

const USAGE: Shape = Object(&[
    may("prompt_tokens", Number),
    may("completion_tokens", Number),
    may("total_tokens", Number),
    may("prompt_tokens_details", Object(DETAILS)),
    may("completion_tokens_details", Object(DETAILS)),
    may("prompt_cache_hit_tokens", Number),
    may("prompt_cache_miss_tokens", Number),
]);
const DETAILS: &[Field] = &[
    may("cached_tokens", Number),
    may("cache_write_tokens", Number),
    may("audio_tokens", Number),
    may("text_tokens", Number),
    may("image_tokens", Number),
    may("reasoning_tokens", Number),
    may("accepted_prediction_tokens", Number),
    may("rejected_prediction_tokens", Number),
];

static LEGACY: Shape = Object(&[
    fill("id", Text, Fill::Id("cmpl-")),
    fill("object", Shape::Words(&LEGACY_WHOLE), Fill::Json("\"text_completion\"")),
    fill("created", Number, Fill::Created),
    fill("model", Model, Fill::Model),
    must("choices", List(&LEGACY_CHOICE)),
    may("usage", USAGE),
    may("system_fingerprint", Text),
]);
static LEGACY_CHOICE: Shape = Object(&[
    fill("text", Text, Fill::Json("\"\"")),
    fill("index", Number, Fill::Index),
    may("logprobs", Shape::Within(&LOGPROBS)),
    may("finish_reason", Shape::Words(&FINISH)),
]);

static EMBEDDINGS: Shape = Object(&[
    fill("object", Shape::Words(&LISTED), Fill::Json("\"list\"")),
    must("data", List(&EMBEDDING)),
    fill("model", Model, Fill::Model),
    may("usage", USAGE),
]);
static EMBEDDING: Shape = Object(&[
    fill("object", Shape::Words(&EMBEDDED), Fill::Json("\"embedding\"")),
    fill("index", Number, Fill::Index),
    must("embedding", Either(&[List(&Number), Text])),
    may("truncated", Flag),
]);

/// How a request is served: OpenAI's words, and those of others that speak its protocol.
const TIERS: &[&str] = &[
    "auto",
    "default",
    "flex",
    "scale",
    "priority",
    "fast",
    "ultrafast",
    "standard",
    "batch",
    "on_demand",
    "performance",
];

static WHOLE: Words = Words::only(&["chat.completion"], "chat.completion");
static PART: Words = Words::only(&["chat.completion.chunk"], "chat.completion.chunk");
static LEGACY_WHOLE: Words = Words::only(&["text_completion"], "text_completion");
static LISTED: Words = Words::only(&["list"], "list");
static EMBEDDED: Words = Words::only(&["embedding"], "embedding");
static ASSISTANT: Words = Words::only(&["assistant"], "assistant");
static CALL_KINDS: Words = Words::only(&["function", "custom"], "function");
static FINISH: Words = Words {
    known: &[
        "stop",
        "length",
        "tool_calls",
        "content_filter",
        "function_call",
        // Of other vendors of this protocol: an answer that broke off does not look like a whole one.
        "error",
        "insufficient_system_resource",
    ],
    near: &[
        ("error", "error"),
        ("length", "length"),
        ("max", "length"),
        ("tool", "tool_calls"),
        ("function", "tool_calls"),
        ("filter", "content_filter"),
        ("safety", "content_filter"),
        ("refus", "content_filter"),
        ("block", "content_filter"),
    ],
    usual: "stop",
};
