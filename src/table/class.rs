//! What kind of failure an error is: told from its status and from its own `code` and `type`, the same
//! whether it is passed on or translated.
//!
//! Never from prose: a sentence says what a person should know, and providers reword them.

use http::HeaderMap;
use serde_json::Value;

use crate::failure::{Class, ErrorClasses};
use crate::protocol::loose::bare_name;

/// The class of an answer with `status`, these headers and this error body.
pub fn of_answer(status: u16, headers: &HeaderMap, body: &[u8], own: &ErrorClasses) -> Class {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut words = words(&value);
    let in_header = headers.get(TYPE_HEADER).and_then(|name| name.to_str().ok());
    words.extend(in_header.map(|name| bare_name(name).to_owned()));
    if let Some(class) = words.iter().find_map(|word| own.get(&**word)) {
        return *class;
    }
    match words.iter().find_map(|word| of_code(word)) {
        // A number that says 400 is more particular than a type that only names a family.
        Some(Class::RateLimit | Class::Overloaded | Class::Server)
            if Class::of_status(status) == Class::Client && words.contains(&status.to_string()) =>
        {
            Class::Client
        }
        Some(class) => class,
        None => Class::of_status(status),
    }
}

/// The class that the file gives to the error of this body, if it names one of its codes.
pub fn of_own(body: &[u8], own: &ErrorClasses) -> Option<Class> {
    if own.is_empty() {
        return None;
    }
    let value: Value = serde_json::from_slice(body).ok()?;
    words(&value).iter().find_map(|word| own.get(&**word).copied())
}

/// The error's codes and types, the most particular first.
fn words(value: &Value) -> Vec<String> {
    let value = value.get(0).unwrap_or(value);
    let error = match &value["error"] {
        Value::Null => &value["response"]["error"],
        error => error,
    };
    let details = error["details"].as_array().into_iter().flatten();
    let in_details = details.flat_map(|detail| {
        let violations = detail["violations"].as_array().into_iter().flatten();
        violations.map(|violation| &violation["quotaId"]).chain([&detail["reason"]])
    });
    let places = [
        &error["code"],
        &error["type"],
        &error["status"],
        &value["code"],
        &value["__type"],
        &value["type"],
    ];
    let word = |value: &Value| match value {
        Value::String(text) => Some(bare_name(text).to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let particular = [&error["innererror"]["code"]].into_iter().chain(in_details);
    particular.chain(places).filter_map(word).collect()
}

/// The class that a code stands for with every vendor that writes it.
pub fn of_code(word: &str) -> Option<Class> {
    if word.contains(A_DAYS_QUOTA) {
        return Some(Class::Quota);
    }
    KNOWN.iter().find(|(_, words)| words.contains(&word)).map(|&(class, _)| class)
}

/// Where Bedrock names an error.
const TYPE_HEADER: &str = "x-amzn-errortype";
/// In the name of a limit of Gemini's that no short wait renews.
const A_DAYS_QUOTA: &str = "PerDay";
/// Codes and types as OpenAI, Azure, Anthropic, Gemini, Bedrock, OpenRouter, DeepSeek and DashScope
/// write them.
const KNOWN: [(Class, &[&str]); 7] = [
    (
        Class::ContentFilter,
        &[
            "content_filter",
            "content_policy_violation",
            "ResponsibleAIPolicyViolation",
            "data_inspection_failed",
            "DataInspectionFailed",
            "moderation_blocked",
            "image_content_policy_violation",
        ],
    ),
    (
        Class::ContextWindow,
        &[
            "context_length_exceeded",
            "context_window_exceeded",
            "string_above_max_length",
            "request_too_large",
            "model_context_window_exceeded",
        ],
    ),
    (
        Class::Quota,
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
        Class::RateLimit,
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
    (
        Class::Overloaded,
        &[
            "overloaded_error",
            "overloaded",
            "engine_overloaded",
            "UNAVAILABLE",
            "ModelNotReadyException",
        ],
    ),
    (
        Class::Credential,
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
    (
        Class::Server,
        &[
            "server_error",
            "internal_error",
            "INTERNAL",
            "InternalServerException",
            "ModelErrorException",
            "ModelStreamErrorException",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_types_decide_before_the_status() {
        let own = ErrorClasses::from([("1113".into(), Class::Quota)]);
        for (status, body, class) in [
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, Class::Quota),
            (
                429,
                r#"{"error":{"type":"requests","code":"rate_limit_exceeded"}}"#,
                Class::RateLimit,
            ),
            (429, r#"{"error":{"message":"You exceeded your quota"}}"#, Class::RateLimit),
            (400, r#"{"error":{"code":"context_length_exceeded"}}"#, Class::ContextWindow),
            (400, r#"{"error":{"message":"prompt is too long"}}"#, Class::Client),
            (400, r#"{"error":{"code":"content_filter","type":null}}"#, Class::ContentFilter),
            (
                400,
                r#"{"error":{"code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                Class::ContentFilter,
            ),
            (529, r#"{"type":"error","error":{"type":"overloaded_error"}}"#, Class::Overloaded),
            (502, r#"{"type":"error","error":{"type":"overloaded_error"}}"#, Class::Overloaded),
            (400, r#"{"error":{"code":1113}}"#, Class::Quota),
            (400, r#"{"error":{"code":"1113"}}"#, Class::Quota),
            (400, r#"[{"error":{"status":"RESOURCE_EXHAUSTED","code":429}}]"#, Class::RateLimit),
            (
                400,
                r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
                Class::Credential,
            ),
            (
                429,
                r#"{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"RequestsPerDay-Free"}]}]}}"#,
                Class::Quota,
            ),
            (424, r#"{"__type":"com.amazon#ModelErrorException","message":"m"}"#, Class::Server),
            (400, r#"{"response":{"error":{"code":"server_error"}}}"#, Class::Server),
            (403, r#"{"error":{"type":"permission_error"}}"#, Class::Credential),
            (403, r#"{"error":{"code":"content_policy_violation"}}"#, Class::ContentFilter),
            (400, r#"{"error":{"type":"rate_limit_error","code":400}}"#, Class::Client),
            (404, "not json", Class::Client),
            (503, "", Class::Server),
        ] {
            let headers = HeaderMap::new();
            assert_eq!(
                of_answer(status, &headers, body.as_bytes(), &own),
                class,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_name_in_the_headers_is_a_type() {
        for (name, class) in [
            ("ServiceQuotaExceededException", Class::Quota),
            ("ModelErrorException:http://internal.amazon.com/", Class::Server),
            ("com.amazon.coral#ValidationException", Class::Client),
        ] {
            let headers =
                HeaderMap::from_iter([(TYPE_HEADER.parse().unwrap(), name.parse().unwrap())]);
            let own = ErrorClasses::new();
            assert_eq!(of_answer(400, &headers, b"{\"message\":\"x\"}", &own), class, "{name}");
        }
    }

    #[test]
    fn no_word_has_two_classes() {
        let mut all: Vec<&str> = KNOWN.iter().flat_map(|(_, words)| *words).copied().collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
