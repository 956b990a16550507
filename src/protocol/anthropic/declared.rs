//! The fields that answers of Anthropic Messages have, whole and in events.
//!
//! It is data.

use super::{wanted, words};
use crate::protocol::Operation;
use crate::protocol::strict::forms::is_time;
use crate::protocol::strict::shape::{
    Declared, Field, Fill,
    Shape::{self, Any, Either, Flag, Like, List, Model, Number, Object, OneOf, Text},
    Words, bound, fill, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared::of(Operation::Generate, &wanted::REQUEST, &MESSAGE).streamed_by_name(&EVENT),
    Declared::of(Operation::CountTokens, &wanted::COUNTED, &COUNTED),
];

static COUNTED: Shape = Object(&[
    must("input_tokens", Number),
    may("context_management", Object(&[may("original_input_tokens", Number)])),
]);

static MESSAGE: Shape = Object(&WHOLE);
static WHOLE: [Field; 12] = message(must("content", List(&BLOCK)));
/// The message that a stream begins with, before there is any content.
static BEGUN: Shape = Object(&EMPTY);
static EMPTY: [Field; 12] = message(fill("content", List(&BLOCK), Fill::Json("[]")));

const fn message(content: Field) -> [Field; 12] {
    [
        fill("id", Text, Fill::Id("msg_")),
        fill("type", Shape::Words(&MESSAGE_TYPE), Fill::Json("\"message\"")),
        fill("role", Shape::Words(&ASSISTANT), Fill::Json("\"assistant\"")),
        fill("model", Model, Fill::Model),
        content,
        may("stop_reason", Shape::Words(&STOP)),
        may("stop_sequence", Text),
        may("stop_details", DETAILS),
        may("usage", USAGE),
        may("container", CONTAINER),
        may("context_management", Shape::Within(&EDITED)),
        may("diagnostics", DIAGNOSTICS),
    ]
}

/// Why the prompt was not in the cache.
const DIAGNOSTICS: Shape = Object(&[may(
    "cache_miss_reason",
    Object(&[may("type", OneOf(words::MISSES)), may("cache_missed_input_tokens", Number)]),
)]);

/// An event of any type.
static EVENT: Shape = Object(&[
    must(
        "type",
        Shape::Tag(&[
            "content_block_delta",
            "content_block_start",
            "content_block_stop",
            "message_start",
            "message_delta",
            "message_stop",
            "ping",
        ]),
    ),
    may("index", Number),
    bound("delta", Shape::Within(&DELTA)),
    bound("content_block", Shape::Within(&BLOCK)),
    bound("message", Shape::Within(&BEGUN)),
    may("usage", USAGE),
    may("context_management", Shape::Within(&EDITED)),
]);

static DELTA: Shape = Object(&[
    may(
        "type",
        Shape::Tag(&[
            "text_delta",
            "input_json_delta",
            "thinking_delta",
            "signature_delta",
            "citations_delta",
            "compaction_delta",
        ]),
    ),
    may("text", Text),
    may("partial_json", Text),
    may("thinking", Text),
    may("signature", Text),
    bound("citation", Shape::Within(&CITATION)),
    may("content", Text),
    may("encrypted_content", Text),
    may("estimated_tokens", Number),
    may("stop_reason", Shape::Words(&STOP)),
    may("stop_sequence", Text),
    may("stop_details", DETAILS),
    may("container", CONTAINER),
]);

/// A block of any type: which of these it has depends on its type.
static BLOCK: Shape = Object(&[
    must(
        "type",
        Shape::Tag(&[
            "text",
            "thinking",
            "redacted_thinking",
            "tool_use",
            "server_tool_use",
            "web_search_tool_result",
            "web_fetch_tool_result",
            "code_execution_tool_result",
            "bash_code_execution_tool_result",
            "text_editor_code_execution_tool_result",
            "tool_search_tool_result",
            "mcp_tool_use",
            "mcp_tool_result",
            "container_upload",
            "compaction",
            "advisor_tool_result",
            "mcp_tool_listing",
            "fallback",
        ]),
    ),
    may("text", Text),
    may("citations", List(&CITATION)),
    may("thinking", Text),
    may("signature", Text),
    may("data", Text),
    may("id", Text),
    may("name", Text),
    may("input", Any),
    may("caller", Object(&[may("type", OneOf(words::CALLERS)), may("tool_id", Text)])),
    may("tool_use_id", Text),
    may("content", Shape::Within(&CONTENT)),
    may("server_name", Text),
    may("is_error", Flag),
    may("file_id", Text),
    may("toolset_name", Text),
    may("encrypted_content", Text),
    may("mcp_server_name", Text),
    may("tools", List(&LISTED)),
    may("from", Object(&[may("model", Model)])),
    may("to", Object(&[may("model", Model)])),
    may("trigger", DETAILS),
]);
static LISTED: Shape =
    Object(&[may("name", Text), may("description", Text), may("input_schema", Any)]);

static CONTENT: Shape = Either(&[Text, List(&RESULT), Shape::Within(&RESULT)]);
/// What a tool of the vendor has found or done.
static RESULT: Shape = Object(&[
    may("type", OneOf(words::RESULTS)),
    may("url", Text),
    may("title", Text),
    may("encrypted_content", Text),
    may("encrypted_stdout", Text),
    may("page_age", Text),
    may("error_code", OneOf(words::FAULTS)),
    may("error_message", Text),
    may("stdout", Text),
    may("stderr", Text),
    may("return_code", Number),
    may("content", Either(&[Text, List(&RESULT), Shape::Within(&RESULT)])),
    may("file_id", Text),
    may("file_type", OneOf(words::FILES)),
    may("text", Text),
    may("citations", Either(&[List(&CITATION), Object(&[may("enabled", Flag)])])),
    may("retrieved_at", Like(is_time)),
    may(
        "source",
        Object(&[
            may("type", OneOf(words::SOURCES)),
            may("media_type", OneOf(words::MEDIA)),
            may("data", Text),
        ]),
    ),
    may("start_line", Number),
    may("num_lines", Number),
    may("total_lines", Number),
    may("is_file_update", Flag),
    may("old_start", Number),
    may("old_lines", Number),
    may("new_start", Number),
    may("new_lines", Number),
    may("lines", List(&Text)),
    may("tool_references", List(&REFERENCE)),
    may("tool_name", Text),
    may("stop_reason", OneOf(STOP.known)),
]);
static REFERENCE: Shape = Object(&[may("type", OneOf(words::REFERENCES)), may("tool_name", Text)]);

static CITATION: Shape = Object(&[
    may(
        "type",
        Shape::Tag(&[
            "char_location",
            "page_location",
            "content_block_location",
            "web_search_result_location",
            "search_result_location",
        ]),
    ),
    may("cited_text", Text),
    may("document_index", Number),
    may("document_title", Text),
    may("start_char_index", Number),
    may("end_char_index", Number),
    may("start_page_number", Number),
    may("end_page_number", Number),
    may("start_block_index", Number),
    may("end_block_index", Number),
    may("file_id", Text),
    may("url", Text),
    may("title", Text),
    may("encrypted_index", Text),
    may("source", Text),
    may("search_result_index", Number),
]);

const USAGE: Shape = Object(&[
    may("input_tokens", Number),
    may("cache_creation_input_tokens", Number),
    may("cache_read_input_tokens", Number),
    may("cache_creation", CREATED),
    may("output_tokens", Number),
    may("output_tokens_details", Object(&[may("thinking_tokens", Number)])),
    may(
        "server_tool_use",
        Object(&[may("web_search_requests", Number), may("web_fetch_requests", Number)]),
    ),
    may("service_tier", OneOf(words::TIERS)),
    may("inference_geo", OneOf(words::PLACES)),
    may("speed", OneOf(words::SPEEDS)),
    may("iterations", List(&ITERATION)),
    may("fallback_credit", Object(&[may("status", CREDIT)])),
]);
const CREDIT: Shape =
    Object(&[may("type", OneOf(words::CREDITS)), may("reason", OneOf(words::UNCREDITED))]);
/// One sampling of several that an answer took.
const ITERATION: Shape = Object(&[
    may("type", OneOf(words::ITERATIONS)),
    may("input_tokens", Number),
    may("output_tokens", Number),
    may("cache_creation_input_tokens", Number),
    may("cache_read_input_tokens", Number),
    may("cache_creation", CREATED),
]);
const CREATED: Shape =
    Object(&[may("ephemeral_5m_input_tokens", Number), may("ephemeral_1h_input_tokens", Number)]);
const DETAILS: Shape = Object(&[
    may("type", OneOf(words::DETAILS)),
    may("category", OneOf(words::CATEGORIES)),
    may("explanation", Text),
    may("fallback_credit_token", Text),
    may("fallback_has_prefill_claim", Flag),
]);
const CONTAINER: Shape =
    Object(&[may("id", Text), may("expires_at", Like(is_time)), may("skills", List(&SKILL))]);
const SKILL: Shape = Object(&[
    may("skill_id", Like(is_skill)),
    may("type", OneOf(words::SKILL_SOURCES)),
    may("version", Like(is_version)),
]);

/// One of the vendor's own skills, or the id of another.
fn is_skill(id: &[u8]) -> bool {
    let own = id.strip_prefix(b"skill_");
    words::SKILLS.iter().any(|skill| skill.as_bytes() == id)
        || own.is_some_and(|own| own.len() <= 64 && own.iter().all(u8::is_ascii_alphanumeric))
}

/// A moment, a date, or the newest.
fn is_version(version: &[u8]) -> bool {
    version == b"latest" || (version.len() <= 32 && version.iter().all(u8::is_ascii_digit))
}
static EDITED: Shape = Object(&[may("applied_edits", List(&EDIT))]);
static EDIT: Shape = Object(&[
    may("type", OneOf(words::EDITS)),
    may("cleared_tool_uses", Number),
    may("cleared_thinking_turns", Number),
    may("cleared_input_tokens", Number),
]);

static MESSAGE_TYPE: Words = Words::only(&["message"], "message");
static ASSISTANT: Words = Words::only(&["assistant"], "assistant");
static STOP: Words = Words {
    known: &[
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
        "compaction",
    ],
    near: &[
        ("length", "max_tokens"),
        ("max", "max_tokens"),
        ("tool", "tool_use"),
        ("function", "tool_use"),
        ("filter", "refusal"),
        ("safety", "refusal"),
        ("refus", "refusal"),
        ("block", "refusal"),
        ("pause", "pause_turn"),
    ],
    usual: "end_turn",
};
