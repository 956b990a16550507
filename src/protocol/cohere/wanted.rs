//! The fields that requests of Cohere have. (docs.cohere.com, API v2; 2026-11)
//!
//! It is data.

use crate::protocol::strict::want::{
    POSITIVE, SHARE,
    Want::{self, Any, Choice, Either, Flag, List, Map, Object, Some, Tagged, Text, Whole},
    can, need,
};

pub(super) static REQUEST: Want = Object(&[
    can("model", Text),
    need("messages", Some(&MESSAGE)),
    can("stream", Flag),
    can("tools", List(&TOOL)),
    can("strict_tools", Flag),
    can("documents", Any),
    can("citation_options", Map(&Any)),
    can("response_format", Map(&Any)),
    can("safety_mode", Choice(&["CONTEXTUAL", "STRICT", "OFF"])),
    can("max_tokens", POSITIVE),
    can("stop_sequences", List(&Text)),
    can("temperature", SHARE),
    can("seed", Whole(0, i64::MAX)),
    can("frequency_penalty", SHARE),
    can("presence_penalty", SHARE),
    can("k", Whole(0, 500)),
    can("p", SHARE),
    can("logprobs", Flag),
    can("tool_choice", Choice(&["REQUIRED", "NONE"])),
    can("thinking", Map(&Any)),
    can("priority", Any),
    can("raw_prompting", Flag),
]);

static MESSAGE: Want = Tagged(
    "role",
    &[
        ("user", &[need("content", CONTENT)]),
        (
            "assistant",
            &[
                can("content", CONTENT),
                can("tool_calls", List(&CALL)),
                can("tool_plan", Text),
                can("citations", Any),
            ],
        ),
        ("system", &[need("content", CONTENT)]),
        ("tool", &[need("content", CONTENT), need("tool_call_id", Text)]),
    ],
);
const CONTENT: Want = Either(&[Text, BLOCKS]);
const BLOCKS: Want = List(&BLOCK);
static BLOCK: Want = Object(&[
    can("type", Text),
    can("text", Text),
    can("thinking", Text),
    can("image_url", Either(&[Text, Map(&Any)])),
    can("document", Any),
]);
static CALL: Want = Object(&[
    can("id", Text),
    can("type", Text),
    can("function", Object(&[can("name", Text), can("arguments", Text)])),
]);
static TOOL: Want = Object(&[
    can("type", Text),
    can(
        "function",
        Object(&[need("name", Text), can("description", Text), can("parameters", Map(&Any))]),
    ),
]);

pub(super) static EMBEDDED: Want = Object(&[
    can("model", Text),
    need("input_type", Text),
    can("texts", List(&Text)),
    can("images", List(&Text)),
    can("inputs", List(&Any)),
    can("embedding_types", List(&Text)),
    can("output_dimension", POSITIVE),
    can("max_tokens", POSITIVE),
    can("truncate", Choice(&["NONE", "START", "END", "LEFT", "RIGHT"])),
    can("priority", Any),
]);
