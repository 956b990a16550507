//! Of which providers a controller steers the share of requests that they are asked first for.
//!
//! It knows no share: that outlives a reload and is in `live`.

/// How the first choices of a pool are steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steering {
    /// The one provider whose share is controlled; absent, each is.
    only: Option<usize>,
}

impl Steering {
    /// In definition order the first provider of the lowest tier alone is preferred; any other strategy may ask
    /// each first.
    pub(crate) fn new(tiers: impl Iterator<Item = u32>, in_definition_order: bool) -> Self {
        let first = tiers.enumerate().min_by_key(|(_, tier)| *tier).map(|(at, _)| at);
        Self { only: first.filter(|_| in_definition_order) }
    }

    /// Whether the share of the provider at this place is controlled.
    pub(crate) fn controls(self, at: usize) -> bool {
        self.only.is_none_or(|only| only == at)
    }
}
