//! The settings of the shared store.

use std::time::Duration;

use crate::secret::Secret;

/// As the file says it.
#[derive(Debug, Clone)]
pub(crate) struct SharedTerms {
    /// The address, which may hold a password.
    pub(crate) url: Secret,
    /// The prefix of its keys.
    pub(crate) prefix: String,
    /// How long a request waits for it.
    pub(crate) timeout: Duration,
    /// Whether a replica goes on with its share of each limit when it does not answer, or refuses.
    pub(crate) decides_here: bool,
}

impl PartialEq for SharedTerms {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose() == other.url.expose()
            && self.prefix == other.prefix
            && self.timeout == other.timeout
            && self.decides_here == other.decides_here
    }
}
