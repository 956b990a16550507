//! The allowed values of answer fields that are enumerations.
//!
//! It is data.

pub(super) const CALLERS: &[&str] =
    &["direct", "code_execution_20250825", "code_execution_20260120", "code_execution_20260521"];
pub(super) const RESULTS: &[&str] = &[
    "text",
    "image",
    "document",
    "web_search_result",
    "web_search_tool_result_error",
    "web_fetch_result",
    "web_fetch_tool_result_error",
    "code_execution_result",
    "encrypted_code_execution_result",
    "code_execution_output",
    "code_execution_tool_result_error",
    "bash_code_execution_result",
    "bash_code_execution_output",
    "bash_code_execution_tool_result_error",
    "text_editor_code_execution_view_result",
    "text_editor_code_execution_create_result",
    "text_editor_code_execution_str_replace_result",
    "text_editor_code_execution_tool_result_error",
    "tool_search_tool_search_result",
    "tool_search_tool_result_error",
    "tool_reference",
    "search_result",
    "advisor_result",
    "advisor_redacted_result",
    "advisor_tool_result_error",
];
pub(super) const FAULTS: &[&str] = &[
    "invalid_tool_input",
    "unavailable",
    "max_uses_exceeded",
    "too_many_requests",
    "query_too_long",
    "request_too_large",
    "execution_time_exceeded",
    "output_file_too_large",
    "file_not_found",
    "content_too_large",
    "url_too_long",
    "url_not_allowed",
    "url_not_accessible",
    "url_not_in_prior_context",
    "unsupported_content_type",
    "prompt_too_long",
    "overloaded",
    "model_not_found",
];
pub(super) const FILES: &[&str] = &["text", "image", "pdf"];
pub(super) const SOURCES: &[&str] = &["base64", "text", "content", "url", "file"];
pub(super) const MEDIA: &[&str] =
    &["text/plain", "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"];
pub(super) const REFERENCES: &[&str] = &["tool_reference"];
pub(super) const TIERS: &[&str] = &["standard", "priority", "batch", "standard_only", "flex"];
pub(super) const PLACES: &[&str] = &["us", "eu", "global", "not_available"];
pub(super) const DETAILS: &[&str] = &["refusal"];
pub(super) const CATEGORIES: &[&str] =
    &["bio", "cyber", "frontier_llm", "general_harms", "reasoning_extraction"];
pub(super) const EDITS: &[&str] =
    &["clear_tool_uses_20250919", "clear_thinking_20251015", "compact_20260112"];
pub(super) const SPEEDS: &[&str] = &["standard", "fast"];
pub(super) const ITERATIONS: &[&str] =
    &["message", "compaction", "advisor_message", "fallback_message"];
pub(super) const CREDITS: &[&str] = &["redeemed", "not_applied"];
#[rustfmt::skip]
pub(super) const UNCREDITED: &[&str] = &[
    "body_mismatch", "continuation_excluded", "continuation_only", "expired", "invalid_target_model",
    "not_enabled", "reprice_unavailable", "temporarily_unavailable", "variant_fields_present",
    "wrong_organization", "wrong_platform", "wrong_workspace",
];
pub(super) const SKILL_SOURCES: &[&str] = &["anthropic", "custom"];
pub(super) const SKILLS: &[&str] = &["pptx", "xlsx", "docx", "pdf"];
pub(super) const MISSES: &[&str] = &[
    "model_changed",
    "system_changed",
    "tools_changed",
    "messages_changed",
    "previous_message_not_found",
    "unavailable",
];
