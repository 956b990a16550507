//! A credential that was fetched, and the moments that vendors name.
//!
//! It asks for nothing.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::table::aws::Keys;

/// What a provider is asked with.
#[derive(Debug)]
pub(crate) enum Credential {
    /// The value of `authorization`.
    Bearer(HeaderValue),
    /// What requests are signed with.
    Keys(Keys),
}

/// The moment of a Unix time.
pub(super) fn since_epoch(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
