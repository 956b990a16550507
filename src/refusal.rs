//! Why the router itself refuses a request: one enum, one table.
//!
//! It builds no response (`serve::answer` does) and knows no protocol's error format.

mod all_failed;
mod message;
mod shown;
mod spent;
mod whose;

use std::time::Duration;

use http::StatusCode;

pub use all_failed::AllFailed;
pub(crate) use shown::{Word, drives_terminals};
pub use spent::Spent;
pub use whose::Whose;

/// Every reason for a refusal by the router itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The body is not the JSON object or form that the endpoint needs; the text says why.
    InvalidJson(String),
    /// The endpoint needs a model and the request names none.
    MissingModel,
    /// The body has more than one `model` key.
    DuplicateModel,
    /// A provider could read the request differently than the router does; the text says why.
    Ambiguous(&'static str),
    /// The endpoint does not accept this media type; the text says what to send.
    UnsupportedType(&'static str),
    /// The header that names the alias is not text.
    InvalidModelOverride,
    /// The path could leave the provider's base URL.
    InvalidPath,
    /// The alias needs a key and none was sent.
    MissingApiKey,
    /// The key is unknown.
    InvalidApiKey,
    /// The key has expired.
    KeyExpired,
    /// The operator has disabled the key or its team.
    KeyDisabled,
    /// The key is valid but may not use this alias, or a rule denies it.
    Forbidden,
    /// No provider has a label that the key, the alias or the request requires; holds the label's
    /// name.
    Policy(Box<str>),
    /// No allowed provider has a capability that the request needs; holds its name.
    Lacking(&'static str),
    /// The alias does not allow this kind of endpoint.
    EndpointNotAllowed,
    /// The request also names a model other than the alias; holds that model.
    OtherModel(String),
    /// Nothing is served at this path.
    NotFound,
    /// The alias does not exist.
    ModelNotFound {
        /// What the client asked for.
        asked: String,
        /// Similar aliases that the caller may use.
        near: Vec<String>,
    },
    /// `CONNECT`, `TRACE`, and `OPTIONS` unless cross-origin requests are configured.
    MethodNotAllowed,
    /// The client asks to upgrade the connection to another protocol.
    UpgradeRefused,
    /// The request body did not arrive in time.
    RequestTimeout,
    /// The client left while it sent its body. Nothing is refused, and no client reads an answer.
    ClientLeft,
    /// The body is too large; holds the limit in bytes.
    PayloadTooLarge(u64),
    /// The router cannot decode this content encoding.
    UnsupportedEncoding,
    /// No provider of the alias has a protocol that supports the endpoint.
    UnsupportedEndpoint,
    /// A field or value of one vendor that cannot be served here.
    Unsupported {
        /// The field, as the client names it.
        field: String,
        /// The sentence for the client.
        message: String,
    },
    /// The request is invalid for its endpoint.
    Invalid {
        /// The path of the invalid field in the body.
        param: String,
        /// The sentence for the client.
        message: String,
        /// The kind of mistake.
        code: &'static str,
    },
    /// The effort that is asked for needs a limit on output tokens.
    LimitNeeded {
        /// The field that sets the limit.
        param: &'static str,
        /// The limit must exceed this.
        budget: u64,
    },
    /// Strict mode serves only endpoints whose fields are known.
    UnknownEndpoint,
    /// A rate limit of the router.
    RateLimit {
        /// Whose limit it is.
        whose: Whose,
        /// When one more request may pass.
        retry_after: Duration,
    },
    /// A concurrency limit of the router.
    ConcurrencyLimit {
        /// Whose limit it is.
        whose: Whose,
    },
    /// The queue for a limit of the router is full.
    QueueFull {
        /// Whose limit they wait for.
        whose: Whose,
        /// When the waiting requests have probably been served.
        retry_after: Duration,
    },
    /// The caller's account has reached its limit of requests in flight.
    InFlightLimit,
    /// A token limit or a budget of the router is reached.
    Spent(Box<Spent>),
    /// Every attempt failed.
    AllFailed {
        /// What they have in common.
        how: AllFailed,
        /// The earliest time at which one of them may work again.
        retry_after: Duration,
    },
    /// The one provider could not be reached.
    UpstreamUnreachable,
    /// The one provider closed the connection before its answer was complete.
    UpstreamBrokeOff,
    /// The one provider's answer is invalid in its protocol.
    UpstreamMalformed,
    /// The one provider did not answer in time.
    UpstreamTimeout,
    /// The pool has no provider.
    NoProviders,
    /// The shared store does not answer, and requests with limits are refused without it.
    StoreUnavailable,
    /// The memory budget for request bodies is used up.
    NoRoom,
    /// The router is stopping.
    ShuttingDown,
    /// An error in the router. The request is lost; the process continues.
    Internal,
}

/// The fixed part of a refusal: one row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// HTTP status.
    pub status: StatusCode,
    /// The envelope's `type`.
    pub kind: &'static str,
    /// The envelope's `code`.
    pub code: &'static str,
    /// The envelope's `param`.
    pub param: Option<&'static str>,
}

impl Refusal {
    /// Status, type, code and param.
    pub fn row(&self) -> Row {
        use StatusCode as S;
        let (status, kind, code) = match self {
            Self::InvalidJson(_) | Self::ClientLeft => (S::BAD_REQUEST, INVALID, "invalid_json"),
            Self::MissingModel => (S::BAD_REQUEST, INVALID, "missing_model"),
            Self::DuplicateModel => (S::BAD_REQUEST, INVALID, "duplicate_model"),
            Self::InvalidModelOverride => (S::BAD_REQUEST, INVALID, "invalid_model_override"),
            Self::Ambiguous(_) => (S::BAD_REQUEST, INVALID, "ambiguous_request"),
            Self::UnsupportedType(_) => {
                (S::UNSUPPORTED_MEDIA_TYPE, INVALID, "unsupported_content_type")
            }
            Self::InvalidPath => (S::BAD_REQUEST, INVALID, "invalid_path"),
            Self::Unsupported { .. } => (S::BAD_REQUEST, INVALID, "unsupported_parameter"),
            Self::Invalid { code, .. } => (S::BAD_REQUEST, INVALID, *code),
            Self::LimitNeeded { .. } => {
                (S::UNPROCESSABLE_ENTITY, INVALID, "missing_required_parameter")
            }
            Self::UnknownEndpoint => (S::NOT_FOUND, INVALID, "not_found"),
            Self::UnsupportedEndpoint => (S::BAD_REQUEST, INVALID, "unsupported_endpoint"),
            Self::MissingApiKey => (S::UNAUTHORIZED, INVALID, "missing_api_key"),
            Self::InvalidApiKey => (S::UNAUTHORIZED, INVALID, "invalid_api_key"),
            Self::KeyExpired => (S::UNAUTHORIZED, INVALID, "key_expired"),
            Self::KeyDisabled => (S::UNAUTHORIZED, INVALID, "key_disabled"),
            Self::Forbidden => (S::FORBIDDEN, "permission_error", "forbidden"),
            Self::Policy(_) | Self::Lacking(_) => (S::FORBIDDEN, "permission_error", "policy"),
            Self::EndpointNotAllowed => (S::FORBIDDEN, "permission_error", "endpoint_not_allowed"),
            Self::OtherModel(_) => (S::BAD_REQUEST, INVALID, "model_mismatch"),
            Self::NotFound => (S::NOT_FOUND, INVALID, "not_found"),
            Self::ModelNotFound { .. } => (S::NOT_FOUND, INVALID, "model_not_found"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, INVALID, "method_not_allowed"),
            Self::UpgradeRefused => (S::UPGRADE_REQUIRED, INVALID, "upgrade_refused"),
            Self::RequestTimeout => (S::REQUEST_TIMEOUT, INVALID, "request_timeout"),
            Self::PayloadTooLarge(_) => (S::PAYLOAD_TOO_LARGE, INVALID, "payload_too_large"),
            Self::UnsupportedEncoding => {
                (S::UNSUPPORTED_MEDIA_TYPE, INVALID, "unsupported_content_encoding")
            }
            Self::RateLimit { .. }
            | Self::ConcurrencyLimit { .. }
            | Self::InFlightLimit
            | Self::QueueFull { .. } => (S::TOO_MANY_REQUESTS, LIMIT, self.limit_code()),
            Self::Spent(spent) => spent.row(),
            Self::AllFailed { how: AllFailed::RateLimited, .. } => {
                (S::TOO_MANY_REQUESTS, LIMIT, ALL_FAILED)
            }
            Self::AllFailed { how: AllFailed::TimedOut, .. } => {
                (S::GATEWAY_TIMEOUT, API, ALL_FAILED)
            }
            Self::AllFailed { how: AllFailed::Otherwise, .. } => {
                (S::SERVICE_UNAVAILABLE, API, ALL_FAILED)
            }
            Self::UpstreamUnreachable | Self::UpstreamBrokeOff => {
                (S::BAD_GATEWAY, API, "upstream_unreachable")
            }
            Self::UpstreamMalformed => (S::BAD_GATEWAY, API, "upstream_malformed"),
            Self::UpstreamTimeout => (S::GATEWAY_TIMEOUT, API, "upstream_timeout"),
            Self::NoProviders => (S::SERVICE_UNAVAILABLE, API, "no_providers"),
            Self::StoreUnavailable => (S::SERVICE_UNAVAILABLE, API, "store_unavailable"),
            Self::NoRoom => (S::SERVICE_UNAVAILABLE, API, "no_room"),
            Self::ShuttingDown => (S::SERVICE_UNAVAILABLE, API, "shutting_down"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, API, "internal_error"),
        };
        Row { status, kind, code, param: self.fixed_param() }
    }

    fn limit_code(&self) -> &'static str {
        match self {
            Self::QueueFull { .. } => "queue_full",
            Self::InFlightLimit => "inflight_limit_exceeded",
            Self::ConcurrencyLimit { .. } => "concurrency_limit_exceeded",
            _ => "rate_limit",
        }
    }

    /// The envelope's `param`, if it is a fixed word.
    fn fixed_param(&self) -> Option<&'static str> {
        match self {
            Self::MissingModel
            | Self::DuplicateModel
            | Self::ModelNotFound { .. }
            | Self::OtherModel(_) => Some("model"),
            Self::InvalidModelOverride => Some("model-override"),
            Self::LimitNeeded { param, .. } => Some(*param),
            Self::Spent(spent) => Some(spent.whose.as_str()),
            Self::RateLimit { whose, .. }
            | Self::ConcurrencyLimit { whose }
            | Self::QueueFull { whose, .. } => Some(whose.as_str()),
            _ => None,
        }
    }

    /// The envelope's `param`, including field names from the request.
    pub(crate) fn param(&self) -> Option<&str> {
        match self {
            Self::Invalid { param, .. } => (!param.is_empty()).then_some(param),
            Self::Unsupported { field, .. } => (!field.is_empty()).then_some(field),
            other => other.row().param,
        }
    }

    /// Whether a provider does not support the requested effort. It is passed over even if its pool
    /// has no fallback.
    pub(crate) fn is_of_effort(&self) -> bool {
        matches!(self, Self::Invalid { code: "unsupported_value", .. })
    }

    /// Whether sending the same request again cannot succeed.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Spent(spent) if spent.is_budget)
            || matches!(self.row().status.as_u16(), 400 | 401 | 403 | 404 | 405 | 413 | 415 | 426)
    }

    /// The value of `Retry-After`, if the refusal has one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimit { retry_after, .. }
            | Self::AllFailed { retry_after, .. }
            | Self::QueueFull { retry_after, .. } => Some(*retry_after),
            Self::Spent(spent) => spent.retry_after,
            Self::ConcurrencyLimit { .. }
            | Self::InFlightLimit
            | Self::NoRoom
            | Self::StoreUnavailable
            | Self::ShuttingDown
            | Self::NoProviders => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

const INVALID: &str = "invalid_request_error";
const LIMIT: &str = "rate_limit_error";
const API: &str = "api_error";
const ALL_FAILED: &str = "all_providers_failed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_429_of_ours_says_when_to_come_back() {
        for refusal in [
            Refusal::RateLimit { whose: Whose::Key, retry_after: Duration::from_secs(3) },
            Refusal::ConcurrencyLimit { whose: Whose::Pool },
            Refusal::QueueFull { whose: Whose::Pool, retry_after: Duration::from_secs(3) },
            Refusal::AllFailed { how: AllFailed::RateLimited, retry_after: Duration::from_secs(3) },
        ] {
            assert_eq!(refusal.row().status, StatusCode::TOO_MANY_REQUESTS);
            assert!(refusal.retry_after().is_some());
        }
    }
}
