//! The fields that answers of OpenAI Responses have, whole and in events.
//!
//! It is data.

mod items;
mod tool;

use self::{
    items::{ANNOTATION, BEGUN, CONTENT, ITEM_OBJECT, TOKEN},
    tool::TOOL,
};
use super::{wanted, words};
use crate::protocol::Operation;
use crate::protocol::strict::forms::is_size;
use crate::protocol::strict::moderation::MODERATION;
use crate::protocol::strict::shape::{
    Declared, Field, Fill,
    Shape::{
        self, Any, Either, Fault, Flag, Like, List, Map, Model, Number, Object, OneOf, Scalar, Text,
    },
    Words, bound, fill, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared::of(Operation::Generate, &wanted::REQUEST, &RESPONSE).streamed_by_name(&EVENT),
    Declared::of(Operation::CountTokens, &wanted::REQUEST, &COUNTED),
];

static COUNTED: Shape = Object(&[
    fill("object", Shape::Words(&COUNT), Fill::Json("\"response.input_tokens\"")),
    must("input_tokens", Number),
]);
static COUNT: Words = Words::only(&["response.input_tokens"], "response.input_tokens");

/// A whole answer: one without output would be an empty one.
static RESPONSE: Shape = Object(&ANSWER);
static ANSWER: [Field; FIELDS] = response(must("output", List(&ITEM_OBJECT)));
/// The same in an event, before there is any.
static STARTED: Shape = Object(&PARTIAL);
static PARTIAL: [Field; FIELDS] = response(fill("output", List(&ITEM_OBJECT), Fill::Json("[]")));
const FIELDS: usize = 43;

const fn response(output: Field) -> [Field; FIELDS] {
    [
        fill("id", Text, Fill::Id("resp_")),
        fill("object", Shape::Words(&WHOLE), Fill::Json("\"response\"")),
        fill("created_at", Number, Fill::Created),
        may("status", Shape::Words(&STATUS)),
        may("background", Flag),
        may("completed_at", Number),
        may("conversation", CONVERSATION),
        may("error", Fault),
        may("incomplete_details", INCOMPLETE),
        may("instructions", Any),
        may("max_output_tokens", Number),
        may("max_tool_calls", Number),
        fill("model", Model, Fill::Model),
        output,
        may("output_text", Text),
        may("parallel_tool_calls", Flag),
        may("previous_response_id", Text),
        may("prompt", Any),
        may("prompt_cache_key", Text),
        may("prompt_cache_retention", OneOf(words::RETENTION)),
        may("reasoning", REASONING),
        may("safety_identifier", Text),
        may("service_tier", OneOf(words::TIERS)),
        may("store", Flag),
        may("temperature", Number),
        may("text", TEXT),
        may("tool_choice", Either(&[OneOf(words::CHOICE), TOOL])),
        may("tools", List(&TOOL)),
        may("top_logprobs", Number),
        may("top_p", Number),
        may("truncation", OneOf(words::TRUNCATION)),
        may("usage", USAGE),
        may("user", Text),
        may("metadata", Map(&Scalar)),
        may("presence_penalty", Number),
        may("frequency_penalty", Number),
        may("moderation", MODERATION),
        may("access_programs", PROGRAMS),
        may("image", COMPRESSION),
        may("input_transformations", List(&TRANSFORMED)),
        may("prompt_cache_diagnostics", MISSED),
        may("prompt_cache_options", CACHE_OPTIONS),
        may("tool_usage", TOOL_USAGE),
    ]
}

const PROGRAMS: Shape = Object(&[may("cyber", OneOf(words::PROGRAMS))]);
const COMPRESSION: Shape = Object(&[may("context_compression", OneOf(&["enabled", "disabled"]))]);
/// What was taken out of the client's input.
static TRANSFORMED: Shape = Object(&[
    may("id", Text),
    may("type", OneOf(&["reasoning"])),
    may("action", OneOf(&["removed"])),
    may("reason", OneOf(words::REMOVALS)),
]);
/// Why a prompt was not found in the cache.
const MISSED: Shape = Object(&[
    may("type", OneOf(words::LOOKUPS)),
    may("reason", OneOf(words::MISSES)),
    may("cache_missed_tokens", Number),
    may("comparison_reusable_tokens", Number),
]);
const CACHE_OPTIONS: Shape = Object(&[
    may("mode", OneOf(&["implicit", "explicit"])),
    may("ttl", OneOf(&["30m", "12h"])),
    may("comparison_response_id", Text),
]);
const TOOL_USAGE: Shape = Object(&[
    may(
        "image_gen",
        Object(&[
            may("input_tokens", Number),
            may("input_tokens_details", Object(OF_IMAGES)),
            may("output_tokens", Number),
            may("output_tokens_details", Object(OF_IMAGES)),
            may("cached_tokens", Number),
            may("cached_tokens_details", Object(OF_IMAGES)),
            may("total_tokens", Number),
        ]),
    ),
    may("web_search", Object(&[may("num_requests", Number)])),
]);
const OF_IMAGES: &[Field] = &[
    may("image_tokens", Number),
    may("text_tokens", Number),
    may("cached_image_tokens", Number),
    may("cached_text_tokens", Number),
];

const CONVERSATION: Shape = Object(&[may("id", Text)]);
const INCOMPLETE: Shape = Object(&[may("reason", OneOf(words::INCOMPLETE))]);
const TEXT: Shape = Object(&[may("format", FORMAT), may("verbosity", OneOf(words::LEVELS))]);
const REASONING: Shape = Object(&[
    may("effort", OneOf(words::EFFORT)),
    may("context", OneOf(words::CONTEXTS)),
    may("mode", OneOf(words::MODES)),
    may("summary", OneOf(words::SUMMARY)),
    may("generate_summary", OneOf(words::SUMMARY)),
]);

const FORMAT: Shape = Object(&[
    may("type", OneOf(words::FORMATS)),
    may("name", Text),
    may("description", Text),
    may("schema", Any),
    may("strict", Flag),
]);

const USAGE: Shape = Object(&[
    may("input_tokens", Number),
    may(
        "input_tokens_details",
        Object(&[
            may("cached_tokens", Number),
            may("cache_write_tokens", Number),
            may(
                "cache_write_tokens_details",
                Object(&[may("ttl_30m_tokens", Number), may("ttl_12h_tokens", Number)]),
            ),
        ]),
    ),
    may("output_tokens", Number),
    may("output_tokens_details", Object(&[may("reasoning_tokens", Number)])),
    may("total_tokens", Number),
]);

/// An event of any type.
static EVENT: Shape = Object(&[
    must("type", Shape::Tag(EVENTS)),
    may("sequence_number", Number),
    bound("response", Shape::Within(&STARTED)),
    may("output_index", Number),
    bound("item", Object(&BEGUN)),
    may("item_id", Text),
    may("content_index", Number),
    may("summary_index", Number),
    may("annotation_index", Number),
    bound("annotation", Shape::Within(&ANNOTATION)),
    bound("part", Shape::Within(&CONTENT)),
    may("delta", Either(&[Text, Object(&[may("stdout", Text), may("stderr", Text)])])),
    may("text", Text),
    may("refusal", Text),
    may("arguments", Text),
    may("name", Text),
    may("input", Text),
    may("code", Text),
    may("logprobs", List(&TOKEN)),
    may("partial_image_b64", Text),
    may("partial_image_index", Number),
    may("background", OneOf(words::BACKGROUND)),
    may("output_format", OneOf(words::IMAGE_FORMATS)),
    may("quality", OneOf(words::QUALITY)),
    may("size", Like(is_size)),
    may("status", OneOf(words::STATUS)),
    may("command", Text),
    may("command_index", Number),
    may("output", Any),
    may("usage", USAGE),
    may("obfuscation", Text),
]);

#[rustfmt::skip]
const EVENTS: &[&str] = &[
    "response.output_text.delta", "response.function_call_arguments.delta",
    "response.reasoning_summary_text.delta", "response.reasoning_text.delta",
    "response.created", "response.in_progress", "response.queued", "response.completed",
    "response.incomplete", "response.output_item.added", "response.output_item.done",
    "response.content_part.added", "response.content_part.done", "response.output_text.done",
    "response.output_text.annotation.added", "response.refusal.delta", "response.refusal.done",
    "response.function_call_arguments.done", "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done", "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done", "response.reasoning_summary_text.done",
    "response.reasoning_text.done", "response.file_search_call.in_progress",
    "response.file_search_call.searching", "response.file_search_call.completed",
    "response.web_search_call.in_progress", "response.web_search_call.searching",
    "response.web_search_call.completed", "response.image_generation_call.in_progress",
    "response.image_generation_call.generating", "response.image_generation_call.partial_image",
    "response.image_generation_call.completed", "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done", "response.mcp_call.in_progress",
    "response.mcp_call.completed", "response.mcp_call.failed",
    "response.mcp_list_tools.in_progress", "response.mcp_list_tools.completed",
    "response.mcp_list_tools.failed", "response.code_interpreter_call.in_progress",
    "response.code_interpreter_call.interpreting", "response.code_interpreter_call.completed",
    "response.code_interpreter_call_code.delta", "response.code_interpreter_call_code.done",
    "response.audio.delta", "response.audio.done", "response.audio.transcript.delta",
    "response.audio.transcript.done", "response.compaction.compacting",
    "response.shell_call_command.added", "response.shell_call_command.delta",
    "response.shell_call_command.done", "response.shell_call_output_content.delta",
    "response.shell_call_output_content.done",
];

static WHOLE: Words = Words::only(&["response"], "response");
static STATUS: Words = Words::only(
    &["completed", "failed", "in_progress", "cancelled", "queued", "incomplete"],
    "completed",
);
