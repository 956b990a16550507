//! Credentials that are fetched: each of them once for the whole process, before it expires, while
//! no request waits that need not.
//!
//! Here is the only place that asks metadata services and token endpoints. A provider's credential
//! that cannot be had is that provider's failure, and another one may be tried.

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

/// The credentials of every identity; one for the whole process.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// By `Identity::id`.
    kept: Numbered<Renewed<Credential>>,
    /// Built when the first credential is fetched: certificates take memory that most need not.
    client: OnceLock<reqwest::Client>,
}

impl Identities {
    /// The present credential of an identity. It is waited for only where there is no usable one.
    ///
    /// # Errors
    /// Why it cannot be had, for the operator.
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

    /// A provider has refused what it was asked with: it may have been withdrawn.
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
            ask::client().map_err(|error| Unfetched::unusable(super::dial::causes(&error)))?;
        Ok(self.client.get_or_init(|| built))
    }

    fn renewed(&self, identity: &Identity) -> Arc<Renewed<Credential>> {
        self.kept.of(&identity.id)
    }
}
