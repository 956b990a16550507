//! The fields in which vendors accept further models, on any path.

use crate::protocol::family::Nested;

/// Fields for further models beside `model`: OpenRouter's models and plugins, LiteLLM's fallbacks,
/// Vercel's gateway, and tools at two places.
pub(super) const FURTHER: Nested = &[
    &["models"],
    &["models", "*"],
    &["models", "*", "model"],
    &["models", "*", "id"],
    &["fallbacks"],
    &["fallbacks", "*", "*"],
    &["fallbacks", "*"],
    &["fallbacks", "*", "model"],
    &["fallbacks", "*", "*", "*"],
    &["fallback_models", "*"],
    &["fallback_model"],
    &["context_window_fallbacks", "*"],
    &["context_window_fallbacks", "*", "*", "*"],
    &["content_policy_fallbacks", "*"],
    &["content_policy_fallbacks", "*", "*", "*"],
    &["plugins", "*", "model"],
    &["plugins", "*", "models", "*"],
    &["plugins", "*", "analysis_models", "*"],
    &["extra_body", "model"],
    &["extra_body", "models", "*"],
    &["extra_body", "fallbacks", "*"],
    &["extra_body", "fallback_model"],
    &["extra_body", "fallback_models", "*"],
    &["provider_options", "gateway", "fallbacks", "*"],
    &["provider_options", "gateway", "models", "*"],
    &["model_list", "*", "model_name"],
    &["model_list", "*", "litellm_params", "model"],
    &["model_id"],
    &["model_name"],
    &["model_uid"],
    &["engine"],
    &["engine_id"],
    &["deployment"],
    &["deployment_id"],
    &["deployment_name"],
    &["litellm_params", "model"],
    &["functions", "*", "model"],
    &["tools", "*", "model"],
    &["tools", "*", "*", "model"],
    &["tools", "*", "*", "models", "*"],
];
/// Tools that run a model of their own: OpenAI's image tool, Anthropic's advisor, and OpenRouter's,
/// which has it among its parameters.
pub(super) const IN_TOOLS: Nested =
    &[&["*", "model"], &["*", "*", "model"], &["*", "*", "models", "*"]];
