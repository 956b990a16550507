//! Services that inspect the texts of requests and responses.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, uri::PathAndQuery};

use super::Origin;
use crate::guard::OnFailure;

crate::secret::unseen!(Webhook);

/// A service that a guardrail calls.
pub(crate) struct Webhook {
    /// The origin of its connections.
    pub(crate) origin: Arc<Origin>,
    /// Its path, which may hold a credential.
    pub(crate) path: PathAndQuery,
    /// The headers of each call; their values are never shown.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The timeout of the whole call.
    pub(crate) timeout: Duration,
    /// What happens if the call fails.
    pub(crate) on_failure: OnFailure,
}
