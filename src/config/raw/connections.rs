//! The parts of the file about connections: TLS on both sides, cross-origin requests, idle
//! connections.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::{Secret, unseen};

unseen!(Tls, ProviderTls);

/// TLS for clients. Each value is the path of a PEM file, relative to this file, or the PEM text by
/// a reference.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Tls {
    /// The certificate chain.
    #[schemars(length(min = 1))]
    pub(crate) cert: String,
    /// Its private key.
    pub(crate) key: Secret,
    /// The CAs that sign client certificates; if set, each client needs a certificate.
    #[schemars(length(min = 1))]
    pub(crate) client_ca: Option<String>,
}

/// TLS to a provider. Each value is the path of a PEM file, relative to this file, or the PEM text
/// by a reference.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ProviderTls {
    /// The CAs that sign its certificate, instead of the system's.
    #[schemars(length(min = 1))]
    pub(crate) ca: Option<String>,
    /// The certificate chain that the router presents.
    #[schemars(length(min = 1))]
    pub(crate) cert: Option<String>,
    /// Its private key.
    pub(crate) key: Option<Secret>,
    /// The name in its certificate (the URL's host when absent).
    #[schemars(length(min = 1))]
    pub(crate) server_name: Option<String>,
}

/// Cross-origin requests from browsers.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Cors {
    /// The allowed origins, such as `https://app.example.com`; `*` allows any.
    #[schemars(length(min = 1))]
    pub(crate) origins: Vec<String>,
    /// The allowed request headers (any when absent).
    pub(crate) headers: Option<Vec<String>>,
}

/// The pool of idle upstream connections.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct HttpPool {
    /// Idle connections kept for each upstream host (100 when absent).
    #[schemars(extend("default" = 100))]
    pub(crate) max_idle_per_host: Option<u32>,
    /// Seconds after which an idle connection is closed (90 when absent).
    #[schemars(extend("default" = 90))]
    pub(crate) idle_timeout_secs: Option<u64>,
    /// Seconds after which a connection takes no new request, so that a changed DNS name is
    /// followed (300 when absent).
    #[schemars(extend("default" = 300))]
    pub(crate) max_age_secs: Option<u64>,
}
