//! The AWS region and credentials of a provider. `sigv4` signs each attempt with them.

use crate::{secret::Secret, sigv4::Pair};

crate::secret::unseen!(Keys, Aws);

/// An access key pair, with the session token of temporary credentials.
#[derive(Clone)]
pub(crate) struct Keys {
    /// The public part, which stands in every signature.
    pub(crate) access_key_id: String,
    /// The secret part.
    pub(crate) secret_access_key: Secret,
    /// The session token of temporary credentials.
    pub(crate) session_token: Option<Secret>,
}

impl Keys {
    /// The pair in plain text, to sign or verify.
    pub(crate) fn pair(&self) -> Pair<'_> {
        Pair {
            access_key_id: &self.access_key_id,
            secret_access_key: self.secret_access_key.expose(),
            session_token: self.session_token.as_ref().map(Secret::expose),
        }
    }
}

/// The region and credentials for signing.
#[derive(Clone)]
pub(crate) struct Aws {
    /// Such as `eu-west-1`.
    pub(crate) region: String,
    /// The pair; `None` if it has to be fetched.
    pub(crate) keys: Option<Keys>,
}
