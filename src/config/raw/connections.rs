//! What the file says about connections: TLS on both sides, pages in browsers, the pool of idle ones.
//!
//! It never decides anything, as the rest of `raw`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::{Secret, unseen};

unseen!(Tls, ProviderTls);

/// TLS for clients: files in PEM form, whose paths begin at this file, or their text by a reference.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Tls {
    /// The certificate, and those between it and its authority.
    #[schemars(length(min = 1))]
    pub(crate) cert: String,
    /// Its private key.
    pub(crate) key: Secret,
    /// The authorities that sign certificates of clients; with it, each client needs one.
    #[schemars(length(min = 1))]
    pub(crate) client_ca: Option<String>,
}

/// TLS to a provider: files in PEM form, whose paths begin at this file, or their text by a reference.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ProviderTls {
    /// The authorities that sign its certificate, in place of the system's.
    #[schemars(length(min = 1))]
    pub(crate) ca: Option<String>,
    /// The certificate that the router shows, and those between it and its authority.
    #[schemars(length(min = 1))]
    pub(crate) cert: Option<String>,
    /// Its private key.
    pub(crate) key: Option<Secret>,
    /// The name in its certificate (the URL's host when absent).
    #[schemars(length(min = 1))]
    pub(crate) server_name: Option<String>,
}

/// Pages that may call from a browser.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Cors {
    /// Their origins, such as `https://app.example.com`; `*` is any.
    #[schemars(length(min = 1))]
    pub(crate) origins: Vec<String>,
    /// The headers that they may send (whatever they ask for when absent).
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
    /// Seconds from its opening after which a connection takes no further request, so that a name that
    /// moved is followed (300 when absent).
    #[schemars(extend("default" = 300))]
    pub(crate) max_age_secs: Option<u64>,
}
