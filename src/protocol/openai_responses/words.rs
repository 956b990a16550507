//! The allowed values of answer fields that are enumerations.
//!
//! It is data.

pub(super) const TIERS: &[&str] =
    &["auto", "default", "flex", "scale", "priority", "fast", "ultrafast", "standard", "batch"];
pub(super) const RETENTION: &[&str] = &["in_memory", "in-memory", "24h"];
pub(super) const CHOICE: &[&str] = &["auto", "none", "required"];
pub(super) const TRUNCATION: &[&str] = &["auto", "disabled"];
pub(super) const INCOMPLETE: &[&str] =
    &["max_output_tokens", "content_filter", "max_tool_calls", "max_messages", "steered"];
pub(super) const LEVELS: &[&str] = &["low", "medium", "high"];
pub(super) const EFFORT: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
pub(super) const SUMMARY: &[&str] = &["auto", "concise", "detailed", "none"];
pub(super) const FORMATS: &[&str] = &["text", "json_schema", "json_object", "grammar", "python"];
pub(super) const TOOLS: &[&str] = &[
    "function",
    "custom",
    "namespace",
    "tool_search",
    "file_search",
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "computer",
    "computer_use",
    "computer_use_preview",
    "code_interpreter",
    "image_generation",
    "local_shell",
    "shell",
    "apply_patch",
    "mcp",
    "allowed_tools",
    "programmatic_tool_calling",
];
pub(super) const CONTENT_TYPES: &[&str] = &["text", "image"];
pub(super) const PICTURE_ACTIONS: &[&str] = &["generate", "edit", "auto"];
pub(super) const BACKGROUND: &[&str] = &["transparent", "opaque", "auto"];
pub(super) const MODERATION: &[&str] = &["auto", "low"];
pub(super) const IMAGE_FORMATS: &[&str] = &["png", "webp", "jpeg", "gif", "svg"];
pub(super) const QUALITY: &[&str] =
    &["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"];
pub(super) const STATUS: &[&str] = &[
    "in_progress",
    "completed",
    "incomplete",
    "failed",
    "searching",
    "generating",
    "interpreting",
    "calling",
    "queued",
    "cancelled",
];
pub(super) const ROLES: &[&str] =
    &["assistant", "user", "system", "developer", "tool", "critic", "discriminator", "unknown"];
pub(super) const PHASES: &[&str] = &["commentary", "final_answer"];
pub(super) const EXECUTION: &[&str] = &["client", "server"];
pub(super) const DETAIL: &[&str] = &["low", "high", "auto", "original"];
pub(super) const ACTIONS: &[&str] = &[
    "search",
    "open_page",
    "find",
    "find_in_page",
    "exec",
    "click",
    "double_click",
    "drag",
    "keypress",
    "move",
    "screenshot",
    "scroll",
    "type",
    "wait",
];
pub(super) const BUTTONS: &[&str] = &["left", "right", "wheel", "back", "forward"];
pub(super) const OPERATIONS: &[&str] = &["create_file", "delete_file", "update_file"];
pub(super) const SOURCES: &[&str] = &["url", "api"];
pub(super) const OUTPUTS: &[&str] = &["logs", "image"];
pub(super) const CONTEXTS: &[&str] = &["auto", "current_turn", "all_turns"];
pub(super) const MODES: &[&str] = &["standard", "pro"];
pub(super) const CALLERS: &[&str] = &["direct", "program", "programmatic"];
pub(super) const ENVIRONMENTS: &[&str] = &["local", "container_reference"];
pub(super) const TOOL_ERRORS: &[&str] = &[
    "http_error",
    "mcp_protocol_error",
    "mcp_tool_execution_error",
    "image_generation_error",
    "image_generation_server_error",
    "image_generation_user_error",
    "invalid_request_error",
    "rate_limit_error",
    "server_error",
];
pub(super) const UNWANTED: &[&str] = &[
    "harassment",
    "hate",
    "illicit",
    "self-harm",
    "self_harm",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];
pub(super) const PROGRAMS: &[&str] = &["standard", "daybreak_blue", "daybreak_red"];
pub(super) const REMOVALS: &[&str] = &[
    "organization_mismatch",
    "end_user_mismatch",
    "model_mismatch",
    "prefix_mismatch",
    "turn_boundary",
];
pub(super) const LOOKUPS: &[&str] =
    &["cache_hit", "cache_miss", "comparison_response_not_found", "unavailable"];
pub(super) const MISSES: &[&str] = &[
    "model_changed",
    "prompt_cache_key_changed",
    "tools_changed",
    "text_format_changed",
    "reasoning_effort_changed",
    "verbosity_changed",
    "context_compacted",
    "input_changed",
    "service_tier_changed",
];
