//! Raises the limit of file descriptors to the system's maximum, since each request in flight takes
//! two.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one.
pub(super) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(from) = current.filter(|current| maximum.is_none_or(|most| *current < most)) else {
        return;
    };
    // Some systems report an unlimited hard limit and allow less.
    let to = maximum.unwrap_or(ENOUGH).max(from);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(to), maximum }) {
        Ok(()) => tracing::debug!(from, to, "raised the limit of file descriptors"),
        Err(error) => {
            tracing::debug!(from, to, %error, "could not raise the limit of file descriptors")
        }
    }
}

const ENOUGH: u64 = 1_048_576;
