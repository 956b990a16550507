//! Services that are asked what is in the texts of requests and answers.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, uri::PathAndQuery};

use super::Origin;
use crate::guard::OnFailure;

crate::secret::unseen!(Webhook);

/// A service that a guardrail asks.
pub(crate) struct Webhook {
    /// Where its connections go.
    pub(crate) origin: Arc<Origin>,
    /// Where it is asked there; it may be a credential.
    pub(crate) path: PathAndQuery,
    /// Headers of each question, whose values are never shown.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// How long the whole of a question may take.
    pub(crate) timeout: Duration,
    /// What happens where it cannot be asked.
    pub(crate) on_failure: OnFailure,
}
