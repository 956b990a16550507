//! Limits on the requests in flight of each account.
//!
//! The count outlives a reload and is in `live`.

use std::collections::BTreeMap;

/// The limits of one alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InFlightLimits {
    /// For accounts without a limit of their own.
    usual: Option<u32>,
    /// By account name.
    own: BTreeMap<String, u32>,
}

impl InFlightLimits {
    /// `None` if there is no limit.
    pub(crate) fn new(usual: Option<u32>, own: Option<BTreeMap<String, u32>>) -> Option<Box<Self>> {
        let own = own.unwrap_or_default();
        (usual.is_some() || !own.is_empty()).then(|| Box::new(Self { usual, own }))
    }

    /// The limit for this account.
    pub(crate) fn of(&self, account: &str) -> Option<u32> {
        self.own.get(account).copied().or(self.usual)
    }
}

/// The label of a key that holds its account.
pub(crate) const ACCOUNT: &str = "account";
