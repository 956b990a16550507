//! The fields that answers of Bedrock Converse have, whole and in frames.
//!
//! It is data.

use super::{trace::TRACE, wanted};
use crate::protocol::Operation;
use crate::protocol::strict::shape::{
    Declared, Field, Fill,
    Shape::{self, Any, Either, List, Number, Object, OneOf, Text},
    Words, fill, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared::of(Operation::Generate, &wanted::REQUEST, &ANSWER).streamed(&ANSWER),
    Declared::of(Operation::CountTokens, &wanted::COUNTED, &COUNTED),
    Declared::of(Operation::Embed, &wanted::EMBEDDED, &EMBEDDED).at("/invoke"),
];

/// What a frame of each type holds.
pub(super) static FRAMES: [(&str, &Shape); 6] = [
    ("messageStart", &STARTED),
    ("contentBlockStart", &BLOCK_STARTED),
    ("contentBlockDelta", &BLOCK_MORE),
    ("contentBlockStop", &BLOCK_ENDED),
    ("messageStop", &STOPPED),
    ("metadata", &METADATA),
];

static COUNTED: Shape = Object(&[must("inputTokens", Number)]);
static ANSWER: Shape = Object(&[
    must(
        "output",
        Object(&[must(
            "message",
            Object(&[
                fill("role", Shape::Words(&ROLE), Fill::Json("\"assistant\"")),
                must("content", List(&BLOCK)),
            ]),
        )]),
    ),
    may("stopReason", Shape::Words(&STOP)),
    may("usage", Shape::Within(&USAGE)),
    may("metrics", METRICS),
    may("additionalModelResponseFields", Any),
    may("trace", Shape::Within(&TRACE)),
    may("performanceConfig", LATENCY),
    may("serviceTier", TIER),
]);

static STARTED: Shape = Object(&[fill("role", Shape::Words(&ROLE), Fill::Json("\"assistant\""))]);
static BLOCK_STARTED: Shape = Object(&[
    must("contentBlockIndex", Number),
    may(
        "start",
        Object(&[
            may("toolUse", Object(TOOL_USE)),
            may("toolResult", Object(&TOOL_RESULT)),
            may("image", Object(&[may("format", OneOf(FORMATS))])),
        ]),
    ),
]);
static BLOCK_MORE: Shape = Object(&[
    must("contentBlockIndex", Number),
    may(
        "delta",
        Object(&[
            may("text", Text),
            may("toolUse", Object(&[may("input", Text)])),
            may(
                "reasoningContent",
                Object(&[may("text", Text), may("signature", Text), may("redactedContent", Text)]),
            ),
            may("citation", Shape::Within(&CITATION)),
            may("toolResult", List(&BLOCK)),
            may("image", IMAGE),
        ]),
    ),
]);
static BLOCK_ENDED: Shape = Object(&[must("contentBlockIndex", Number)]);
static STOPPED: Shape =
    Object(&[must("stopReason", Shape::Words(&STOP)), may("additionalModelResponseFields", Any)]);
static METADATA: Shape = Object(&[
    may("usage", Shape::Within(&USAGE)),
    may("metrics", METRICS),
    may("trace", Shape::Within(&TRACE)),
    may("performanceConfig", LATENCY),
    may("serviceTier", TIER),
]);

static BLOCK: Shape = Object(&[
    may("text", Text),
    may("toolUse", Object(TOOL_USE)),
    may(
        "reasoningContent",
        Object(&[
            may("reasoningText", Object(&[may("text", Text), may("signature", Text)])),
            may("redactedContent", Text),
        ]),
    ),
    may("image", IMAGE),
    may("toolResult", Object(&TOOL_RESULT)),
    may(
        "citationsContent",
        Object(&[may("content", List(&TEXT)), may("citations", List(&CITATION))]),
    ),
    may("cachePoint", Object(&[may("type", OneOf(&["default"])), may("ttl", OneOf(TTLS))])),
    may("json", Any),
    may("video", IMAGE),
    may("audio", IMAGE),
    may("document", IMAGE),
]);
const TOOL_USE: &[Field] = &[
    may("toolUseId", Text),
    may("name", Text),
    may("input", Any),
    may("type", OneOf(&["server_tool_use"])),
];
static TOOL_RESULT: [Field; 4] = [
    may("toolUseId", Text),
    may("content", List(&BLOCK)),
    may("status", OneOf(&["success", "error"])),
    may("type", OneOf(&["nova_code_interpreter_result", "nova_grounding_result"])),
];
const IMAGE: Shape = Object(&[
    may("format", OneOf(FORMATS)),
    may("name", Text),
    may(
        "source",
        Object(&[
            may("bytes", Text),
            may("s3Location", Object(&[may("uri", Text), may("bucketOwner", Text)])),
        ]),
    ),
]);
static TEXT: Shape = Object(&[may("text", Text)]);
static CITATION: Shape = Object(&[
    may("title", Text),
    may("source", Text),
    may("sourceContent", List(&TEXT)),
    may("location", Shape::Within(&PLACES)),
]);
static PLACES: Shape = Object(&[
    may("documentChar", Shape::Within(&PLACE)),
    may("documentPage", Shape::Within(&PLACE)),
    may("documentChunk", Shape::Within(&PLACE)),
    may("searchResultLocation", Shape::Within(&PLACE)),
    may("web", Shape::Within(&PLACE)),
]);
static PLACE: Shape = Object(&[
    may("documentIndex", Number),
    may("searchResultIndex", Number),
    may("start", Number),
    may("end", Number),
    may("url", Text),
    may("domain", Text),
]);

static USAGE: Shape = Object(&[
    may("inputTokens", Number),
    may("outputTokens", Number),
    may("totalTokens", Number),
    may("cacheReadInputTokens", Number),
    may("cacheWriteInputTokens", Number),
    may("cacheDetails", List(&CACHED)),
]);
static CACHED: Shape = Object(&[may("ttl", OneOf(TTLS)), may("inputTokens", Number)]);
const METRICS: Shape = Object(&[may("latencyMs", Number)]);
const LATENCY: Shape = Object(&[may("latency", OneOf(&["standard", "optimized"]))]);
const TIER: Shape = Object(&[may("type", OneOf(&["default", "priority", "flex", "reserved"]))]);
const TTLS: &[&str] = &["5m", "1h"];
#[rustfmt::skip]
const FORMATS: &[&str] = &[
    "png", "jpeg", "gif", "webp",
    "pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md",
    "mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp",
    "mp3", "opus", "wav", "aac", "flac", "ogg", "mka", "x-aac", "m4a", "mpga", "pcm",
];

/// Vectors of Titan's and of Cohere's models.
static EMBEDDED: Shape = Object(&[
    may("embedding", List(&Number)),
    may("embeddingsByType", Shape::Within(&BY_TYPE)),
    may("inputTextTokenCount", Number),
    may("embeddings", Either(&[List(&VECTOR), Shape::Within(&BY_TYPE)])),
    may("id", Text),
    may("response_type", OneOf(&["embeddings_floats", "embeddings_by_type"])),
    may("texts", List(&Text)),
]);
static VECTOR: Shape = Either(&[List(&Number), Text]);
static NUMBERS_OR_VECTORS: Shape = List(&NUMBER_OR_VECTOR);
static NUMBER_OR_VECTOR: Shape = Either(&[Number, Text, List(&Number)]);
static BY_TYPE: Shape = Object(&[
    may("float", Shape::Within(&NUMBERS_OR_VECTORS)),
    may("binary", Shape::Within(&NUMBERS_OR_VECTORS)),
    may("int8", Shape::Within(&NUMBERS_OR_VECTORS)),
    may("uint8", Shape::Within(&NUMBERS_OR_VECTORS)),
    may("ubinary", Shape::Within(&NUMBERS_OR_VECTORS)),
    may("base64", Shape::Within(&NUMBERS_OR_VECTORS)),
]);

static ROLE: Words = Words::only(&["assistant", "user"], "assistant");
static STOP: Words = Words {
    known: &[
        "end_turn",
        "tool_use",
        "max_tokens",
        "stop_sequence",
        "guardrail_intervened",
        "content_filtered",
        "malformed_model_output",
        "malformed_tool_use",
        "model_context_window_exceeded",
    ],
    near: &[
        ("length", "max_tokens"),
        ("max", "max_tokens"),
        ("tool", "tool_use"),
        ("function", "tool_use"),
        ("filter", "content_filtered"),
        ("safety", "content_filtered"),
        ("refus", "content_filtered"),
        ("block", "content_filtered"),
    ],
    usual: "end_turn",
};
