//! What a request has waited for so far.

use crate::{refusal::Refusal, table::ProviderRef};

/// What a request has waited for so far.
#[derive(Default)]
pub(super) struct Waits {
    /// Providers whose turn has come once; none is waited for twice.
    pub(super) served: Vec<ProviderRef>,
    /// Why the last wait was in vain; then there is no other.
    pub(super) turned: Option<Refusal>,
}
