//! The meaning of error words, in one table for all protocols, since compatible vendors and
//! gateways use each other's. No word has two meanings.

use crate::failure::{Class, Kind};

/// The kind of a code, a type or a status word.
pub(crate) fn kind_of(word: &str) -> Option<Kind> {
    row(word).map(|(kind, _)| kind)
}

/// The class of a word that has the same meaning at every vendor, whatever the status.
pub(crate) fn class_of(word: &str) -> Option<Class> {
    // Gemini's name of a limit that no short wait renews.
    if word.contains(A_DAYS_QUOTA) {
        return Some(Class::Quota);
    }
    row(word).and_then(|(_, class)| class)
}

/// Whether a sentence speaks of a request that is too long: most vendors have no code for it.
pub(crate) fn is_about_context(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let is_of_the_prompt = || message.contains("'messages") || message.contains("'input");
    CONTEXT_WORDS.iter().any(|words| message.contains(words))
        // OpenAI uses it for every text.
        || message.contains("string too long") && is_of_the_prompt()
}

/// Whether a message says that a model is unknown, if the status says that something is. Otherwise
/// only something that the request refers to, such as a file, can be missing.
pub(crate) fn is_about_model(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    (message.contains("model") || message.contains("deployment")) && !message.contains("file")
}

/// The name of a day's quota holds this.
pub(crate) const A_DAYS_QUOTA: &str = "PerDay";

fn row(word: &str) -> Option<(Kind, Option<Class>)> {
    let row = WORDS.iter().find(|(_, _, words)| words.contains(&word));
    row.map(|&(kind, class, _)| (kind, class))
}

/// Words of OpenAI, Azure, Anthropic, Gemini, Bedrock, OpenRouter, DeepSeek, DashScope and this
/// router. Without a class the word is vague, and the status is more precise.
const WORDS: [(Kind, Option<Class>, &[&str]); 20] = [
    (
        Kind::ContentFilter,
        Some(Class::ContentFilter),
        &[
            "content_filter",
            "content_policy_violation",
            "ResponsibleAIPolicyViolation",
            "data_inspection_failed",
            "DataInspectionFailed",
            "moderation_blocked",
            "image_content_policy_violation",
            "bio_policy",
            "misalignment_policy_violation",
        ],
    ),
    (
        Kind::ContextWindow,
        Some(Class::ContextWindow),
        &[
            "context_length_exceeded",
            "context_window_exceeded",
            "model_context_window_exceeded",
            "exceed_context_size_error",
        ],
    ),
    (Kind::TooLarge, Some(Class::ContextWindow), &["request_too_large"]),
    (
        Kind::Quota,
        Some(Class::Quota),
        &[
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
            "billing_error",
            "insufficient_balance",
            "Arrearage",
            "ServiceQuotaExceededException",
        ],
    ),
    (
        Kind::RateLimit,
        Some(Class::RateLimit),
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "too_many_requests",
            "RESOURCE_EXHAUSTED",
            "ThrottlingException",
            "TooManyRequestsException",
            "Throttling",
        ],
    ),
    (Kind::RateLimit, None, &["tokens", "requests"]),
    (
        Kind::Overloaded,
        Some(Class::Overloaded),
        &[
            "overloaded_error",
            "overloaded",
            "engine_overloaded",
            "server_is_overloaded",
            "slow_down",
        ],
    ),
    (Kind::Unavailable, Some(Class::Overloaded), &["UNAVAILABLE", "ModelNotReadyException"]),
    (Kind::Unavailable, None, &["service_unavailable", "ServiceUnavailableException"]),
    (
        Kind::Authentication,
        Some(Class::Credential),
        &[
            "invalid_api_key",
            "authentication_error",
            "account_deactivated",
            "UNAUTHENTICATED",
            "API_KEY_INVALID",
            "API_KEY_EXPIRED",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "IncompleteSignatureException",
            "MissingAuthenticationTokenException",
            "ExpiredTokenException",
            "InvalidApiKey",
        ],
    ),
    (Kind::Permission, None, &["permission_error", "PERMISSION_DENIED", "AccessDeniedException"]),
    (
        Kind::NotFound,
        Some(Class::ModelMissing),
        &[
            "model_not_found",
            "model_not_available",
            "model_decommissioned",
            "model_terminated",
            "invalid_model",
            "unknown_model",
            "DeploymentNotFound",
            "ModelNotFound",
        ],
    ),
    (
        Kind::NotFound,
        None,
        &["not_found_error", "NOT_FOUND", "ResourceNotFoundException", "NotFoundError"],
    ),
    // The provider could not fetch or read media of the request.
    (
        Kind::InvalidRequest,
        Some(Class::Client),
        &[
            "invalid_image_url",
            "failed_to_download_image",
            "image_download_failed",
            "image_file_not_found",
            "image_parse_error",
            "invalid_image",
            "invalid_image_format",
            "invalid_image_mode",
            "invalid_base64_image",
            "image_too_large",
            "image_too_small",
            "image_file_too_large",
            "unsupported_image_media_type",
            "empty_image_file",
        ],
    ),
    (
        Kind::InvalidRequest,
        None,
        &[
            "invalid_request_error",
            "invalid_prompt",
            "INVALID_ARGUMENT",
            "FAILED_PRECONDITION",
            "OUT_OF_RANGE",
            "ValidationException",
            "ConflictException",
        ],
    ),
    (
        Kind::Timeout,
        None,
        &["timeout_error", "upstream_timeout", "DEADLINE_EXCEEDED", "ModelTimeoutException"],
    ),
    (
        Kind::Server,
        Some(Class::Server),
        &[
            "server_error",
            "internal_error",
            "INTERNAL",
            "InternalServerException",
            "ModelErrorException",
            "ModelStreamErrorException",
        ],
    ),
    (Kind::Server, None, &["api_error", "InternalFailure"]),
    (Kind::Cut, None, &["upstream_unreachable"]),
    (Kind::Malformed, None, &["upstream_malformed"]),
];

const CONTEXT_WORDS: &[&str] = &[
    "context length",
    "context window",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "maximum number of tokens",
    "exceed context limit",
    "context size",
    "input token count",
    "input tokens exceed",
    "number of input tokens exceeds",
    "maximum prompt length",
    "maximum model length",
    "maximum input length",
    "maximum allowed input length",
    "expected maxlength",
    "reduce the length of the messages",
    "`max_new_tokens` must be",
    "prompt too long",
    "exceeds the maximum context",
    // Hugging Face, Z.ai, Moonshot, DashScope, Copilot.
    "`inputs` must have less than",
    "prompt exceeds max length",
    "exceeded model token limit",
    "range of input length should be",
    "prompt token count of",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_a_vendor_are_filters_of_content() {
        for word in ["bio_policy", "misalignment_policy_violation", "moderation_blocked"] {
            assert_eq!(kind_of(word), Some(Kind::ContentFilter), "{word}");
            assert_eq!(class_of(word), Some(Class::ContentFilter), "{word}");
        }
    }

    /// As vendors and servers say it; and what is not about the prompt.
    #[test]
    fn sentences_of_prompts_that_are_too_long_are_known() {
        for said in [
            "Input is too long for requested model.",
            "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000",
            "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
            "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "the request exceeds the available context size (4096 tokens), try increasing it",
            "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
            "Input validation error: `inputs` must have less than 1024 tokens. Given: 1500",
            "Prompt exceeds max length",
            "Invalid request: Your request exceeded model token limit: 8192",
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
            "prompt token count of 90000 exceeds the limit of 64000",
            "Invalid 'messages[1].content': string too long. Expected a string with maximum length 1048576.",
        ] {
            assert!(is_about_context(said), "{said}");
        }
        for said in [
            "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens",
            "max_tokens is too large: 5000. This model supports at most 4096 completion tokens.",
            "Invalid 'tools[13].function.description': string too long. Expected a string with maximum length 1024.",
            "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum",
            "A maximum of 100 PDF pages may be provided.",
        ] {
            assert!(!is_about_context(said), "{said}");
        }
    }

    #[test]
    fn no_word_has_two_meanings() {
        let mut all: Vec<&str> = WORDS.iter().flat_map(|(_, _, words)| *words).copied().collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
