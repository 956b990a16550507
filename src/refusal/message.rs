//! The sentence of each refusal: what is wrong, and what the client can do.

use super::{
    Refusal,
    shown::{lacking, no_model, not_as_required, queue_full, shortened},
};

impl Refusal {
    /// The sentence for the client.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::InvalidJson(what) => format!("The request body cannot be read: {what}."),
            Self::Ambiguous(why) => {
                format!("The request could be read in two ways: {why}. Send it in one.")
            }
            Self::UnsupportedType(what) => format!("The request body is not accepted: {what}."),
            Self::OtherModel(other) => format!(
                "The request also names the model `{}`: name the same model in path, query and body.",
                shortened(other)
            ),
            Self::ModelNotFound { asked, near } => no_model(asked, near),
            Self::Policy(label) => not_as_required(label),
            Self::Lacking(capability) => lacking(capability),
            Self::PayloadTooLarge(limit) => {
                format!("The request body is larger than the {limit} bytes allowed.")
            }
            Self::Unsupported { message, .. } | Self::Invalid { message, .. } => message.clone(),
            Self::LimitNeeded { param, budget } => format!(
                "This effort uses {budget} tokens for thinking: set `{param}` to more than that."
            ),
            Self::RateLimit { whose, .. } => {
                format!("Too many requests for this {}; try again later.", whose.noun())
            }
            Self::ConcurrencyLimit { whose } => {
                format!("Too many requests at once for this {}; try again later.", whose.noun())
            }
            Self::QueueFull { whose, .. } => queue_full(*whose),
            Self::Spent(spent) => spent.message(),
            Self::AllFailed { how, .. } => how.sentence().into(),
            _ => self.of_request().or_else(|| self.of_serving()).unwrap_or(UNNAMED).into(),
        }
    }

    /// The fixed sentence for a request that the client has to change.
    fn of_request(&self) -> Option<&'static str> {
        Some(match self {
            Self::MissingModel => "The request must name a model: set `model` to a string.",
            Self::DuplicateModel => "The request names `model` more than once.",
            Self::InvalidModelOverride => {
                "The header `model-override` is not UTF-8: send the alias as UTF-8 text."
            }
            Self::InvalidPath => {
                "The request path is not allowed: it holds dot segments, a scheme or an authority."
            }
            Self::MissingApiKey => {
                "This model needs an API key: send `Authorization: Bearer <key>`."
            }
            Self::InvalidApiKey => "The API key is unknown.",
            Self::KeyExpired => "This API key has expired: ask the operator for a new one.",
            Self::KeyDisabled => "This API key is disabled: ask the operator.",
            Self::Forbidden => "This API key may not use this model.",
            Self::EndpointNotAllowed => {
                "This model is not available at this endpoint: the operator can allow it with \
                `endpoints`."
            }
            Self::UnsupportedEndpoint => {
                "This model does not support this endpoint: its providers speak protocols without \
                an equivalent."
            }
            Self::NotFound => "Nothing is served at this path, and the request names no model.",
            Self::UnknownEndpoint => {
                "This path is not served: strict mode serves only the endpoints of conversations \
                and embeddings."
            }
            Self::MethodNotAllowed => "This method is not allowed.",
            Self::UpgradeRefused => "WebSockets are not supported: send the request over HTTP.",
            Self::ClientLeft => "The request body ended early.",
            Self::RequestTimeout => "The request body did not arrive in time.",
            Self::UnsupportedEncoding => {
                "The body's `Content-Encoding` is not supported: send it as `gzip`, `deflate`, \
                `br` or `zstd`, or without one."
            }
            _ => return None,
        })
    }

    /// The fixed sentence for a valid request that could not be served.
    fn of_serving(&self) -> Option<&'static str> {
        Some(match self {
            Self::InFlightLimit => {
                "Your account has reached its limit of requests in flight for this model; try \
                again when one of them has ended."
            }
            Self::UpstreamUnreachable => "The provider of this model cannot be reached.",
            Self::UpstreamBrokeOff => {
                "The provider of this model broke off before its answer was complete."
            }
            Self::UpstreamMalformed => "The provider of this model sent an invalid answer.",
            Self::UpstreamTimeout => "The provider of this model did not answer in time.",
            Self::NoProviders => "This model has no provider.",
            Self::StoreUnavailable => "The limits cannot be checked at the moment; try again.",
            Self::NoRoom => "The router has no memory left for another request body; try again.",
            Self::ShuttingDown => "The router is shutting down; try again.",
            Self::Internal => "The router failed to serve this request.",
            _ => return None,
        })
    }
}

const UNNAMED: &str = "The request cannot be served.";
