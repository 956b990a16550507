//! A fetched credential, and the timestamps of vendors.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::table::aws::Keys;

/// A credential for a provider.
#[derive(Debug)]
pub(crate) enum Credential {
    /// The value of `authorization`.
    Bearer(HeaderValue),
    /// A key pair for signing.
    Keys(Keys),
}

/// The time of a Unix timestamp.
pub(super) fn since_epoch(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
