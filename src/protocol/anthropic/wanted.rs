//! The fields that requests of Anthropic Messages have. (docs.anthropic.com, API reference; 2026-11)
//!
//! It is data.

use crate::protocol::strict::want::{
    COUNT, POSITIVE, SHARE,
    Want::{self, Any, Choice, Either, Flag, List, Map, Object, Some, Tagged, Text, Whole},
    can, need,
};

pub(super) static REQUEST: Want = Object(&[
    can("model", Text),
    need("messages", Some(&MESSAGE)),
    need("max_tokens", POSITIVE),
    can("system", Either(&[Text, BLOCKS])),
    can("stop_sequences", List(&Text)),
    can("stream", Flag),
    can("temperature", SHARE),
    can("top_k", COUNT),
    can("top_p", SHARE),
    can("tools", List(&TOOL)),
    can("tool_choice", TOOL_CHOICE),
    can("thinking", THINKING),
    can("metadata", Map(&Any)),
    can("diagnostics", Map(&Any)),
    can("service_tier", Text),
    can("container", Any),
    can("context_management", Any),
    can("mcp_servers", List(&Any)),
    can("output_config", Map(&Any)),
    can("output_format", Any),
    can("cache_control", Map(&Any)),
    can("inference_geo", Text),
    can("speed", Text),
]);

pub(super) static COUNTED: Want = Object(&[
    can("model", Text),
    need("messages", Some(&MESSAGE)),
    can("system", Either(&[Text, BLOCKS])),
    can("tools", List(&TOOL)),
    can("tool_choice", TOOL_CHOICE),
    can("thinking", THINKING),
    can("context_management", Any),
    can("mcp_servers", List(&Any)),
    can("output_config", Map(&Any)),
    can("output_format", Any),
    can("cache_control", Map(&Any)),
    can("speed", Text),
]);

static MESSAGE: Want = Object(&[
    need("role", Choice(&["user", "assistant", "system"])),
    need("content", Either(&[Text, BLOCKS])),
]);
const BLOCKS: Want = List(&BLOCK);
/// The vendor's own tools add types, whose fields the vendor checks.
static BLOCK: Want = Object(&[
    need("type", Text),
    can("text", Text),
    can("source", Any),
    can("id", Text),
    can("name", Text),
    can("input", Any),
    can("tool_use_id", Text),
    can("content", Any),
    can("is_error", Flag),
    can("thinking", Text),
    can("signature", Text),
    can("data", Text),
    can("cache_control", Map(&Any)),
    can("citations", Any),
    can("title", Any),
    can("context", Text),
    can("file_id", Text),
    can("server_name", Text),
    can("caller", Any),
    can("toolset_name", Text),
    can("transformations", Map(&Any)),
]);
static TOOL: Want = Object(&[
    can("type", Text),
    // A set of tools of a server has no name.
    can("name", Text),
    can("description", Text),
    can("input_schema", Map(&Any)),
    can("cache_control", Map(&Any)),
    can("strict", Flag),
    can("max_uses", COUNT),
    can("allowed_domains", Any),
    can("blocked_domains", Any),
    can("user_location", Any),
    can("citations", Any),
    can("max_content_tokens", COUNT),
    can("display_width_px", COUNT),
    can("display_height_px", COUNT),
    can("display_number", COUNT),
    can("enable_zoom", Flag),
    can("max_characters", COUNT),
    can("input_examples", Any),
    can("defer_loading", Flag),
    can("allowed_callers", Any),
    can("eager_input_streaming", Flag),
    can("mcp_server_name", Text),
    can("default_config", Any),
    can("configs", Any),
    can("response_inclusion", Text),
    can("url_sources", Any),
    can("use_cache", Flag),
]);
const TOOL_CHOICE: Want = Object(&[
    need("type", Choice(&["auto", "any", "tool", "none"])),
    can("name", Text),
    can("disable_parallel_tool_use", Flag),
]);
const THINKING: Want = Tagged(
    "type",
    &[
        ("enabled", &[need("budget_tokens", Whole(1024, i64::MAX)), can("display", Text)]),
        ("disabled", &[]),
        ("adaptive", &[can("display", Text)]),
        ("between_tools", &[can("display", Text)]),
    ],
);
