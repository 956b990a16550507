//! The tokens of attempts that were given up before their answer was accepted: another provider was quicker,
//! time ran out, the client left. What they had told by then has to be paid for.
//!
//! An attempt that ends by itself says so itself.

use std::sync::Mutex;

use super::{locked::locked, resends::place};
use crate::{protocol::conversation::Usage, table::Provider};

/// What attempts of one request had told when they were given up, until the trail tells of it. Without any it
/// is as small as an empty list.
#[derive(Debug, Default)]
pub(crate) struct GivenUp(Mutex<Vec<(usize, Usage)>>);

impl GivenUp {
    /// The attempt at this provider is given up, and had told these.
    pub(super) fn note(&self, provider: &Provider, usage: Usage) {
        locked(&self.0).push((place(provider), usage));
    }

    /// What the attempt at this provider had told that was given up last.
    pub(crate) fn take(&self, provider: &Provider) -> Option<Usage> {
        let mut noted = locked(&self.0);
        let its = noted.extract_if(.., |(its, _)| *its == place(provider));
        its.last().map(|(_, usage)| usage)
    }
}
