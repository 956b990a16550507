//! The fields that requests of OpenAI Responses have. (developers.openai.com, API reference; 2026-11)
//!
//! It is data.

use crate::protocol::strict::want::{
    POSITIVE, SHARE,
    Want::{self, Any, Choice, Either, Flag, List, Map, Number, Object, Tagged, Text, Whole},
    Wanted, can, need,
};

pub(super) static REQUEST: Want = Object(&[
    can("model", Text),
    can("input", Either(&[Text, ITEMS])),
    can("access_programs", Map(&Any)),
    can("background", Flag),
    can("background_options", Map(&Any)),
    can("conversation", Either(&[Text, Object(&[need("id", Text)])])),
    can("image", Map(&Any)),
    can("include", TEXTS),
    can("instructions", Either(&[Text, ITEMS])),
    can("max_output_tokens", POSITIVE),
    can("max_tool_calls", POSITIVE),
    can("metadata", Map(&Any)),
    can("moderation", Map(&Any)),
    can("parallel_tool_calls", Flag),
    can("personality", Text),
    can("previous_response_id", Text),
    can("prompt", Map(&Any)),
    can("prompt_cache_key", Text),
    can("prompt_cache_options", Map(&Any)),
    can("prompt_cache_retention", Text),
    can(
        "reasoning",
        Object(&[
            can("effort", Choice(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
            can("summary", Text),
            can("generate_summary", Text),
            can("context", Text),
            can("mode", Text),
        ]),
    ),
    can("safety_identifier", Text),
    can("service_tier", Text),
    can("store", Flag),
    can("stream", Flag),
    can("stream_options", Map(&Any)),
    can("temperature", Number(0.0, 2.0)),
    can(
        "text",
        Object(&[can("format", FORMAT), can("verbosity", Choice(&["low", "medium", "high"]))]),
    ),
    can("tool_choice", Either(&[Text, Map(&Any)])),
    can("tools", List(&TOOL)),
    can("top_logprobs", Whole(0, 20)),
    can("top_p", SHARE),
    can("truncation", Choice(&["auto", "disabled"])),
    can("user", Text),
    can("context_management", Any),
]);

const ITEMS: Want = List(&ITEM);
/// An item of any type: those of the vendor's own tools are many and its own to judge.
static ITEM: Want = Object(&[
    can("type", Text),
    can("role", Choice(&["user", "assistant", "system", "developer"])),
    can("content", Either(&[Text, CONTENT])),
    can("id", Text),
    can("status", Text),
    can("call_id", Text),
    can("name", Text),
    can("namespace", Text),
    can("phase", Text),
    can("arguments", Either(&[Text, Map(&Any)])),
    can("input", Text),
    can("output", Any),
    can("summary", List(&SUMMARY)),
    can("encrypted_content", Text),
    can("action", Any),
    can("actions", Any),
    can("queries", Any),
    can("results", Any),
    can("code", Text),
    can("container_id", Text),
    can("outputs", Any),
    can("result", Text),
    can("operation", Any),
    can("acknowledged_safety_checks", Any),
    can("pending_safety_checks", Any),
    can("server_label", Text),
    can("tools", Any),
    can("error", Any),
    can("approval_request_id", Text),
    can("approve", Flag),
    can("reason", Text),
    can("max_output_length", Any),
    can("execution", Any),
    can("async", Any),
    can("background", Any),
    can("caller", Any),
    can("environment", Any),
    can("fingerprint", Any),
    can("output_format", Text),
    can("quality", Text),
    can("reasoning", Any),
    can("revised_prompt", Text),
    can("size", Text),
    can("svg_usage", Any),
    can("text", Any),
]);
const CONTENT: Want = List(&PART);
static PART: Want = Tagged(
    "type",
    &[
        ("input_text", &[need("text", Text), BREAKPOINT]),
        (
            "input_image",
            &[can("image_url", Text), can("file_id", Text), can("detail", Text), BREAKPOINT],
        ),
        (
            "input_file",
            &[
                can("file_id", Text),
                can("file_data", Text),
                can("file_url", Text),
                can("filename", Text),
                can("detail", Text),
                BREAKPOINT,
            ],
        ),
        ("input_audio", &[can("input_audio", Map(&Any)), BREAKPOINT]),
        ("output_text", &[need("text", Text), can("annotations", Any), can("logprobs", Any)]),
        ("refusal", &[need("refusal", Text)]),
        ("summary_text", &[need("text", Text)]),
        ("reasoning_text", &[need("text", Text)]),
        ("text", &[need("text", Text)]),
        ("computer_screenshot", &[can("image_url", Text), can("file_id", Text)]),
    ],
);
/// To where the vendor's cache keeps a prompt.
const BREAKPOINT: Wanted = can("prompt_cache_breakpoint", Map(&Any));
static SUMMARY: Want = Object(&[can("type", Text), need("text", Text)]);
const TEXTS: Want = List(&Text);
const FORMAT: Want = Tagged(
    "type",
    &[
        ("text", &[]),
        ("json_object", &[]),
        (
            "json_schema",
            &[
                need("name", Text),
                can("schema", Map(&Any)),
                can("description", Text),
                can("strict", Flag),
            ],
        ),
        ("grammar", &[]),
    ],
);
/// What further fields a tool has depends on its type, which vendors add to.
static TOOL: Want = Map(&Any);
