//! Credentials that are fetched rather than configured: their identity and their source.
//!
//! `upstream::identity` fetches and caches them.

use std::{path::PathBuf, sync::Arc};

use rustls::sign::SigningKey;

use crate::{live::Number, secret::Secret};

crate::secret::unseen!(Source, ServiceAccount, ContainerToken);

/// A credential that is fetched. The registry numbers identities, so that a fetched credential
/// outlives a reload.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Unique for each identity.
    pub(crate) id: Arc<Number>,
    /// Distinguishes identities without revealing a secret.
    pub(crate) digest: String,
    /// The source.
    pub(crate) source: Source,
}

/// The source of a credential.
pub(crate) enum Source {
    /// The AWS container in which the router runs (ECS, EKS Pod Identity).
    Container {
        /// Requested with `GET`.
        url: String,
        /// The token for the request.
        token: Option<ContainerToken>,
    },
    /// AWS STS with a token of another identity provider (EKS service accounts).
    WebIdentity {
        /// STS, as an origin without a path.
        sts: String,
        /// The role.
        role_arn: String,
        /// The session's name in AWS logs.
        session: String,
        /// The file with the other provider's token, which is renewed from time to time.
        token_file: PathBuf,
    },
    /// The metadata service of the EC2 instance.
    Instance {
        /// Its origin, without a path.
        endpoint: String,
    },
    /// Google, for a service account with a known key.
    ServiceAccount(Box<ServiceAccount>),
    /// The metadata service of the Google machine, container or function.
    Metadata {
        /// Its origin, without a path.
        endpoint: String,
        /// The OAuth scope of the token.
        scope: String,
    },
}

/// The token for a container's credentials.
pub(crate) enum ContainerToken {
    /// A fixed token.
    Fixed(Secret),
    /// The current content of this file.
    File(PathBuf),
}

/// A Google service account.
pub(crate) struct ServiceAccount {
    /// Its email address.
    pub(crate) email: String,
    /// The ID of the key, if the file has it.
    pub(crate) key_id: Option<String>,
    /// The key.
    pub(crate) key: Arc<dyn SigningKey>,
    /// Distinguishes keys without revealing them.
    pub(crate) fingerprint: String,
    /// The endpoint that exchanges a signed assertion for a token.
    pub(crate) token_uri: String,
    /// The OAuth scope of the token.
    pub(crate) scope: String,
}

impl Source {
    /// The name in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Container { .. } => "the AWS container",
            Self::WebIdentity { .. } => "AWS STS",
            Self::Instance { .. } => "the AWS instance",
            Self::ServiceAccount(_) => "Google's service account",
            Self::Metadata { .. } => "Google's metadata server",
        }
    }
}
