//! What a request has waited for so far.

use crate::{refusal::Refusal, table::ProviderRef};

/// What a request has waited for so far.
#[derive(Default)]
pub(super) struct Waits {
    /// Providers whose queue has served it once; it does not wait for one twice.
    pub(super) served: Vec<ProviderRef>,
    /// Why the last wait failed; no other follows.
    pub(super) turned: Option<Refusal>,
}
