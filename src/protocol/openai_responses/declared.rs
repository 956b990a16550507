//! The fields that answers of OpenAI Responses have, whole and in events.
//!
//! It is data.

use super::{wanted, words};
use crate::protocol::Operation;
use crate::protocol::strict::forms::is_size;
use crate::protocol::strict::shape::{
    Declared, Field, Fill,
    Shape::{
        self, Any, Either, Fault, Flag, Like, List, Map, Model, Number, Object, OneOf, Scalar, Text,
    },
    Words, bound, fill, may, must,
};

pub(in crate::protocol) const DECLARED: &[Declared] = &[
    Declared {
        operation: Operation::Generate,
        ends: "",
        request: &wanted::REQUEST,
        answer: &RESPONSE,
        event: Some(&EVENT),
        named: true,
    },
    Declared {
        operation: Operation::CountTokens,
        ends: "",
        request: &wanted::REQUEST,
        answer: &COUNTED,
        event: None,
        named: false,
    },
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
const FIELDS: usize = 36;

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
    ]
}

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

/// A tool as the client has offered it.
const TOOL: Shape = Object(&[
    may("type", OneOf(words::TOOLS)),
    may("name", Text),
    may("description", Text),
    may("parameters", Any),
    may("strict", Flag),
    may("mode", OneOf(words::CHOICE)),
    may("tools", Any),
    may("format", Any),
    may("vector_store_ids", List(&Text)),
    may("filters", Any),
    may("max_num_results", Number),
    may("ranking_options", Any),
    may("search_context_size", OneOf(words::LEVELS)),
    may("user_location", Any),
    may("search_content_types", List(&OneOf(words::CONTENT_TYPES))),
    may("display_height", Number),
    may("display_width", Number),
    may("environment", Any),
    may("container", Any),
    may("server_label", Text),
    may("server_url", Text),
    may("server_description", Text),
    may("connector_id", Text),
    may("allowed_tools", Any),
    may("require_approval", Any),
    may("background", OneOf(words::BACKGROUND)),
    may("input_fidelity", OneOf(words::LEVELS)),
    may("input_image_mask", Any),
    may("model", Text),
    may("moderation", OneOf(words::MODERATION)),
    may("output_compression", Number),
    may("output_format", OneOf(words::IMAGE_FORMATS)),
    may("partial_images", Number),
    may("quality", OneOf(words::QUALITY)),
    may("size", Like(is_size)),
    may("defer_loading", Flag),
    may("output_schema", Any),
    may("input_schema", Any),
    may("annotations", Any),
    may("external_web_access", Flag),
    may("allowed_callers", List(&OneOf(words::CALLERS))),
]);

const USAGE: Shape = Object(&[
    may("input_tokens", Number),
    may(
        "input_tokens_details",
        Object(&[may("cached_tokens", Number), may("cache_write_tokens", Number)]),
    ),
    may("output_tokens", Number),
    may("output_tokens_details", Object(&[may("reasoning_tokens", Number)])),
    may("total_tokens", Number),
]);

#[rustfmt::skip]
const ITEMS: &[&str] = &[
                "message",
                "reasoning",
                "function_call",
                "function_call_output",
                "file_search_call",
                "web_search_call",
                "computer_call",
                "computer_call_output",
                "image_generation_call",
                "code_interpreter_call",
                "local_shell_call",
                "local_shell_call_output",
                "shell_call",
                "shell_call_output",
                "apply_patch_call",
                "apply_patch_call_output",
                "mcp_call",
                "mcp_list_tools",
                "mcp_approval_request",
                "mcp_approval_response",
                "custom_tool_call",
                "custom_tool_call_output",
                "compaction",
                "tool_search_call",
                "tool_search_output",
                "program",
                "program_output",
                "additional_tools",
];

/// An item of any type: which of these it has depends on its type.
const fn item(arguments: Shape) -> [Field; 42] {
    [
        must("type", Shape::Tag(ITEMS)),
        may("id", Text),
        may("status", OneOf(words::STATUS)),
        may("role", OneOf(words::ROLES)),
        may("phase", OneOf(words::PHASES)),
        may("content", List(&CONTENT)),
        may("call_id", Text),
        may("name", Text),
        may("namespace", Text),
        may("arguments", arguments),
        may("input", Text),
        may("summary", List(&CONTENT)),
        may("encrypted_content", Text),
        may("output", Any),
        may("action", Shape::Within(&ACTED)),
        may("actions", List(&ACTION)),
        may("queries", List(&Text)),
        may("results", List(&FOUND)),
        may("code", Text),
        may("container_id", Text),
        may("outputs", List(&OUTPUT)),
        may("result", Text),
        may("revised_prompt", Text),
        may("background", OneOf(words::BACKGROUND)),
        may("output_format", OneOf(words::IMAGE_FORMATS)),
        may("quality", OneOf(words::QUALITY)),
        may("size", Like(is_size)),
        may("pending_safety_checks", List(&CHECK)),
        may("acknowledged_safety_checks", List(&CHECK)),
        may("server_label", Text),
        may("tools", List(&TOOL)),
        may("error", MCP_ERROR),
        may("fingerprint", Text),
        may("caller", CALLER),
        may("async", Flag),
        may("environment", ENVIRONMENT),
        may("approval_request_id", Text),
        may("approve", Flag),
        may("reason", Text),
        may("operation", OPERATION),
        may("max_output_length", Number),
        may("execution", OneOf(words::EXECUTION)),
    ]
}
static ITEM: [Field; 42] = item(Shape::Arguments);
/// An item in an event: a call that is under way has no arguments yet.
static BEGUN: [Field; 42] = item(Shape::Fragment);
static ITEM_OBJECT: Shape = Object(&ITEM);

static CONTENT: Shape = Object(&[
    must(
        "type",
        Shape::Tag(&[
            "output_text",
            "refusal",
            "summary_text",
            "reasoning_text",
            "text",
            "input_text",
            "input_image",
            "input_file",
            "output_audio",
        ]),
    ),
    may("text", Text),
    may("annotations", List(&ANNOTATION)),
    may("logprobs", List(&TOKEN)),
    may("refusal", Text),
    may("detail", OneOf(words::DETAIL)),
    may("image_url", Text),
    may("file_id", Text),
    may("file_url", Text),
    may("file_data", Text),
    may("filename", Text),
    may("data", Text),
    may("transcript", Text),
]);

static ANNOTATION: Shape = Object(&[
    may(
        "type",
        Shape::Tag(&["url_citation", "file_citation", "container_file_citation", "file_path"]),
    ),
    may("start_index", Number),
    may("end_index", Number),
    may("title", Text),
    may("url", Text),
    may("file_id", Text),
    may("filename", Text),
    may("index", Number),
    may("container_id", Text),
]);

static TOKEN: Shape = Object(&[
    may("token", Text),
    may("logprob", Number),
    may("bytes", List(&Number)),
    may("top_logprobs", List(&TOP)),
]);
static TOP: Shape =
    Object(&[may("token", Text), may("logprob", Number), may("bytes", List(&Number))]);

/// The action of the vendor's tool: an object for a search or a command, a word for an image.
static ACTED: Shape = Either(&[OneOf(words::PICTURE_ACTIONS), Shape::Within(&ACTION)]);

static ACTION: Shape = Object(&[
    may("type", OneOf(words::ACTIONS)),
    may("query", Text),
    may("queries", List(&Text)),
    may("sources", List(&SOURCE)),
    may("url", Text),
    may("pattern", Text),
    may("x", Number),
    may("y", Number),
    may("button", OneOf(words::BUTTONS)),
    may("path", List(&POINT)),
    may("keys", List(&Text)),
    may("text", Text),
    may("scroll_x", Number),
    may("scroll_y", Number),
    may("command", List(&Text)),
    may("commands", List(&Text)),
    may("env", Map(&Text)),
    may("timeout_ms", Number),
    may("max_output_length", Number),
    may("user", Text),
    may("working_directory", Text),
]);
const OPERATION: Shape =
    Object(&[may("type", OneOf(words::OPERATIONS)), may("path", Text), may("diff", Text)]);
static SOURCE: Shape =
    Object(&[may("type", OneOf(words::SOURCES)), may("url", Text), may("name", Text)]);
static POINT: Shape = Object(&[may("x", Number), may("y", Number)]);
static FOUND: Shape = Object(&[
    may("file_id", Text),
    may("filename", Text),
    may("score", Number),
    may("text", Text),
    may("attributes", Map(&Scalar)),
]);
static OUTPUT: Shape =
    Object(&[may("type", OneOf(words::OUTPUTS)), may("logs", Text), may("url", Text)]);
static CHECK: Shape = Object(&[may("id", Text), may("code", Text), may("message", Text)]);
const CALLER: Shape = Object(&[may("type", OneOf(words::CALLERS)), may("caller_id", Text)]);
const ENVIRONMENT: Shape =
    Object(&[may("type", OneOf(words::ENVIRONMENTS)), may("container_id", Text)]);

/// What went wrong with a tool: of which kind, and not what it says.
const MCP_ERROR: Shape =
    Either(&[OneOf(&[]), Object(&[may("type", OneOf(words::MCP_ERRORS)), may("code", CODE)])]);
/// A number alone.
const CODE: Shape = Either(&[Number, OneOf(&[])]);

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
