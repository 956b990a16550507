//! The fields of output items: messages, reasoning, calls, and what tools gave back.
//!
//! It is data.

use super::tool::TOOL;
use crate::protocol::openai_responses::words;
use crate::protocol::strict::forms::is_size;
use crate::protocol::strict::shape::{
    Field,
    Shape::{self, Any, Either, Flag, Like, List, Map, Number, Object, OneOf, Scalar, Text},
    may, must,
};

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
const fn item(arguments: Shape) -> [Field; 43] {
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
        may("error", TOOL_ERROR),
        may("svg_usage", SVG_USAGE),
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
static ITEM: [Field; 43] = item(Shape::Arguments);
/// An item in an event: a call that is under way has no arguments yet.
pub(super) static BEGUN: [Field; 43] = item(Shape::Fragment);
pub(super) static ITEM_OBJECT: Shape = Object(&ITEM);

pub(super) static CONTENT: Shape = Object(&[
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

pub(super) static ANNOTATION: Shape = Object(&[
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

pub(super) static TOKEN: Shape = Object(&[
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
const TOOL_ERROR: Shape = Either(&[
    OneOf(&[]),
    Object(&[
        may("type", OneOf(words::TOOL_ERRORS)),
        may("code", CODE),
        may("moderation_details", MODERATED),
    ]),
]);
/// A number, or the word for a picture that is not allowed.
const CODE: Shape = Either(&[Number, OneOf(&["moderation_blocked"])]);
const MODERATED: Shape = Object(&[
    may("categories", List(&OneOf(words::UNWANTED))),
    may("moderation_stage", OneOf(&["input", "output", "unknown"])),
]);
const SVG_USAGE: Shape = Object(&[
    may("input_tokens", Number),
    may("output_tokens", Number),
    may("reasoning_tokens", Number),
    may("total_tokens", Number),
]);
