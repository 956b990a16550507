//! Compiles the credentials of a provider other than a token: a pair that signs, or a credential
//! that is fetched.
//!
//! Equal sources are one identity, which is fetched once for all its providers.

use std::{borrow::Cow, sync::Arc};

use super::{Compiler, aws::Signed};
use crate::{
    config::{Path, raw},
    protocol::Protocol,
    table::{
        Place,
        aws::Aws,
        identity::{ContainerToken, Identity, ServiceAccount, Source},
    },
};

/// The credentials of a provider.
#[derive(Default)]
pub(super) struct Known {
    pub(crate) aws: Option<Aws>,
    pub(crate) identity: Option<Arc<Identity>>,
}

impl Compiler<'_> {
    pub(super) fn known(
        &mut self,
        endpoint: &raw::Endpoint,
        protocol: Protocol,
        place: &Place,
        path: &Path,
    ) -> Known {
        let signed = self.aws(endpoint, protocol, place, path);
        let google = self.gcp(endpoint, path);
        let (aws, source) = match signed {
            Some(Signed { aws, source }) => (Some(aws), source),
            None => (None, google),
        };
        Known { aws, identity: source.map(|source| self.identity(source)) }
    }

    fn identity(&self, source: Source) -> Arc<Identity> {
        let digest = digest(&source);
        Arc::new(Identity { id: self.draft.identity(&digest), digest, source })
    }
}

/// A digest, since the source may hold secrets.
fn digest(source: &Source) -> String {
    let parts: Vec<Cow<'_, str>> = match source {
        Source::Container { url, token: None } => vec![url.into()],
        Source::Container { url, token: Some(ContainerToken::Fixed(token)) } => {
            vec![url.into(), token.expose().into()]
        }
        Source::Container { url, token: Some(ContainerToken::File(file)) } => {
            vec![url.into(), file.to_string_lossy()]
        }
        Source::WebIdentity { sts, role_arn, session, token_file } => {
            vec![sts.into(), role_arn.into(), session.into(), token_file.to_string_lossy()]
        }
        Source::Instance { endpoint } => vec![endpoint.into()],
        Source::ServiceAccount(account) => {
            let ServiceAccount { email, fingerprint, token_uri, scope, .. } = &**account;
            vec![email.into(), fingerprint.into(), token_uri.into(), scope.into()]
        }
        Source::Metadata { endpoint, scope } => vec![endpoint.into(), scope.into()],
    };
    let mut hasher = blake3::Hasher::new();
    for part in std::iter::once(Cow::Borrowed(source.name())).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
