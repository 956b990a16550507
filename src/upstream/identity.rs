//! Fetched credentials: each is fetched once for the process and renewed before it expires, without
//! waiting if the old one is still valid.
//!
//! Only this module calls metadata services and token endpoints. A credential that cannot be
//! fetched is a failure of its provider, and another provider may be tried.

mod credential;
mod renewed;
mod ask;
mod aws;
mod google;

use std::{
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use self::renewed::{Fetched, Renewed};
pub(crate) use self::{credential::Credential, renewed::Unfetched};
use super::numbered::Numbered;
use crate::table::identity::{Identity, Source};

/// The credentials of all identities of the process.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// By `Identity::id`.
    kept: Numbered<Renewed<Credential>>,
    /// Created at the first fetch, since its CA certificates take memory.
    client: OnceLock<reqwest::Client>,
}

impl Identities {
    /// The current credential of an identity. It waits only if none is valid.
    ///
    /// # Errors
    /// Why it is not available, for the operator.
    pub(crate) async fn credential(
        self: &Arc<Self>,
        identity: &Arc<Identity>,
    ) -> Result<Arc<Credential>, Unfetched> {
        let fetch = || {
            let (this, identity) = (Arc::clone(self), Arc::clone(identity));
            async move { this.fetch(&identity.source).await }
        };
        self.renewed(identity).get(fetch).await
    }

    /// A provider has refused the credential; it may have been revoked.
    pub(crate) fn invalidate(&self, identity: &Identity) {
        self.renewed(identity).invalidate();
    }

    async fn fetch(&self, source: &Source) -> Result<Fetched<Credential>, Unfetched> {
        let fetched = self.ask(source).await;
        let from = source.name();
        match &fetched {
            Ok(fetched) => {
                let left = fetched.expires.duration_since(SystemTime::now()).unwrap_or_default();
                tracing::info!(from, good_for_secs = left.as_secs(), "a credential was fetched");
            }
            Err(Unfetched { cause, .. }) => {
                tracing::warn!(from, %cause, "a credential cannot be fetched");
            }
        }
        fetched
    }

    async fn ask(&self, source: &Source) -> Result<Fetched<Credential>, Unfetched> {
        let client = self.client()?;
        match source {
            Source::Container { url, token } => aws::container(client, url, token.as_ref()).await,
            Source::WebIdentity { sts, role_arn, session, token_file } => {
                aws::web_identity(client, sts, role_arn, session, token_file).await
            }
            Source::Instance { endpoint } => aws::instance(client, endpoint).await,
            Source::ServiceAccount(account) => google::service_account(client, account).await,
            Source::Metadata { endpoint, scope } => google::metadata(client, endpoint, scope).await,
        }
    }

    fn client(&self) -> Result<&reqwest::Client, Unfetched> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built =
            ask::client().map_err(|error| Unfetched::unusable(super::barrier::causes(&error)))?;
        Ok(self.client.get_or_init(|| built))
    }

    fn renewed(&self, identity: &Identity) -> Arc<Renewed<Credential>> {
        self.kept.of(&identity.id)
    }
}
