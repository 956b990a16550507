//! The service that speaks a protocol, where it matters: the Gemini API and Vertex AI do not accept
//! each other's signatures, and each OpenAI-compatible service knows only its own.

use std::fmt;

use super::Protocol;
use crate::models::tools::hash;

/// Where a protocol is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Service {
    /// Nothing is known of it, or it makes no difference.
    #[default]
    Unknown,
    /// Google's Gemini API.
    Google,
    /// Vertex AI.
    Vertex,
    /// One of the many that speak OpenAI's protocol, by its host.
    Host(u32),
}

/// How the services of a protocol differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Services {
    /// They accept each other's signatures, or make none.
    Alike,
    /// Google's Gemini API and Vertex AI.
    Googles,
    /// By their hosts, of which one may be Google's.
    ByHost,
}

impl Service {
    /// That of a provider at this host.
    pub(crate) fn of(protocol: Protocol, host: &str, on_vertex: bool) -> Self {
        let name = host.split(':').next().unwrap_or(host);
        if on_vertex || name.ends_with(VERTEX) {
            return Self::Vertex;
        }
        match protocol.profile().services {
            Services::Alike => Self::Unknown,
            Services::Googles => Self::Google,
            Services::ByHost if name.ends_with(GOOGLE) => Self::Google,
            Services::ByHost => Self::Host(hash(&host.to_ascii_lowercase())),
        }
    }

    /// Whether a signature made at one is valid at the other, as far as known.
    pub(crate) fn may_be(self, other: Self) -> bool {
        self == other || self == Self::Unknown || other == Self::Unknown
    }

    /// Whether it is Google, which knows the proofs of its calls in any protocol.
    pub(crate) fn is_googles(self) -> bool {
        matches!(self, Self::Google | Self::Vertex)
    }

    /// As [`fmt::Display`] writes it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "google" => Some(Self::Google),
            "vertex" => Some(Self::Vertex),
            _ => u32::from_str_radix(name.strip_prefix('h')?, 16).ok().map(Self::Host),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Google => f.write_str("google"),
            Self::Vertex => f.write_str("vertex"),
            Self::Host(hash) => write!(f, "h{hash:08x}"),
        }
    }
}

const GOOGLE: &str = "generativelanguage.googleapis.com";
const VERTEX: &str = "aiplatform.googleapis.com";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_is_told_by_protocol_and_host() {
        let [anthropic, gemini, openai] =
            ["anthropic", "gemini", "openai"].map(|name| Protocol::from_name(name).unwrap());
        for (protocol, host, service) in [
            (gemini, "generativelanguage.googleapis.com", Service::Google),
            (gemini, "127.0.0.1:8080", Service::Google),
            (gemini, "europe-west1-aiplatform.googleapis.com", Service::Vertex),
            (openai, "generativelanguage.googleapis.com:443", Service::Google),
            (openai, "aiplatform.googleapis.com", Service::Vertex),
            (anthropic, "api.anthropic.com", Service::Unknown),
        ] {
            assert_eq!(Service::of(protocol, host, false), service, "{protocol} {host}");
        }
        let [one, two] =
            ["openrouter.ai", "api.openai.com"].map(|it| Service::of(openai, it, false));
        assert_ne!(one, two);
        for service in [one, two, Service::Google, Service::Vertex] {
            assert_eq!(Service::from_name(&service.to_string()), Some(service));
        }
        assert!(!Service::Google.may_be(Service::Vertex));
    }
}
