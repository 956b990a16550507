//! Credentials that are fetched rather than written down: whose they are and who hands them out.
//!
//! Nothing is fetched here; `upstream::identity` does that, and keeps what it got.

use std::{path::PathBuf, sync::Arc};

use rustls::sign::SigningKey;

use crate::{live::Number, secret::Secret};

crate::secret::unseen!(Source, ServiceAccount, ContainerToken);

/// A credential that has to be fetched. Identities are numbered by the registry, so that what was
/// fetched outlives a reload.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Never given to two different identities.
    pub(crate) id: Arc<Number>,
    /// What tells it from others, and shows no secret.
    pub(crate) digest: String,
    /// Who hands it out.
    pub(crate) source: Source,
}

/// Who hands out a credential.
pub(crate) enum Source {
    /// The AWS container that the router runs in (ECS, EKS Pod Identity).
    Container {
        /// Asked with `GET`.
        url: String,
        /// What it wants to see.
        token: Option<ContainerToken>,
    },
    /// AWS STS, which takes the word of another identity provider (EKS service accounts).
    WebIdentity {
        /// STS, as an origin without a path.
        sts: String,
        /// The role.
        role_arn: String,
        /// What the session is called in AWS's logs.
        session: String,
        /// The other provider's word; it is written anew now and then.
        token_file: PathBuf,
    },
    /// The metadata service of the EC2 instance that the router runs on.
    Instance {
        /// Its origin, without a path.
        endpoint: String,
    },
    /// Google, for a service account whose key is known.
    ServiceAccount(Box<ServiceAccount>),
    /// The metadata service of the Google machine, container or function that the router runs on.
    Metadata {
        /// Its origin, without a path.
        endpoint: String,
        /// What the token shall be good for.
        scope: String,
    },
}

/// What a container's credentials are asked with.
pub(crate) enum ContainerToken {
    /// Always this.
    Fixed(Secret),
    /// What this file holds at the moment.
    File(PathBuf),
}

/// A Google service account.
pub(crate) struct ServiceAccount {
    /// Who it is.
    pub(crate) email: String,
    /// Which of its keys this is, where the file says so.
    pub(crate) key_id: Option<String>,
    /// The key.
    pub(crate) key: Arc<dyn SigningKey>,
    /// What tells the key from others, and does not show it.
    pub(crate) fingerprint: String,
    /// Where its signed word is changed for a token.
    pub(crate) token_uri: String,
    /// What the token shall be good for.
    pub(crate) scope: String,
}

impl Source {
    /// What it is called in the log.
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
