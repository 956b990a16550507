//! What a provider of AWS is asked with: a region, and an access key pair instead of a token.
//!
//! Nothing is signed here; `sigv4` does that for each attempt.

use crate::{secret::Secret, sigv4::Pair};

crate::secret::unseen!(Keys, Aws);

/// An access key pair, and the token that a temporary one comes with.
#[derive(Clone)]
pub(crate) struct Keys {
    /// The public half: it stands in every signature.
    pub(crate) access_key_id: String,
    /// The secret half.
    pub(crate) secret_access_key: Secret,
    /// The token of a temporary pair.
    pub(crate) session_token: Option<Secret>,
}

impl Keys {
    /// The pair in the clear, to sign or to verify with.
    pub(crate) fn pair(&self) -> Pair<'_> {
        Pair {
            access_key_id: &self.access_key_id,
            secret_access_key: self.secret_access_key.expose(),
            session_token: self.session_token.as_ref().map(Secret::expose),
        }
    }
}

/// Where and as whom requests are signed.
#[derive(Clone)]
pub(crate) struct Aws {
    /// Such as `eu-west-1`.
    pub(crate) region: String,
    /// The pair; one that is not known is fetched.
    pub(crate) keys: Option<Keys>,
}
