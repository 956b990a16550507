//! How many descriptors the process may have: as many as the system allows it, since each request in
//! flight takes two.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one.
pub(super) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(from) = current.filter(|current| maximum.is_none_or(|most| *current < most)) else {
        return;
    };
    // Some systems call the hard limit endless and allow less.
    let to = maximum.unwrap_or(ENOUGH).max(from);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(to), maximum }) {
        Ok(()) => tracing::debug!(from, to, "the limit of descriptors is raised"),
        Err(error) => tracing::debug!(from, to, %error, "the limit of descriptors is not raised"),
    }
}

const ENOUGH: u64 = 1_048_576;
