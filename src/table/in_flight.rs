//! How many requests each account may have in flight through an alias.
//!
//! It counts nothing: the count outlives a reload and is in `live`.

use std::collections::BTreeMap;

/// The numbers of one alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InFlightLimits {
    /// For accounts without a number of their own.
    usual: Option<u32>,
    /// By the account's name.
    own: BTreeMap<String, u32>,
}

impl InFlightLimits {
    /// `None` where nothing is limited.
    pub(crate) fn new(usual: Option<u32>, own: Option<BTreeMap<String, u32>>) -> Option<Box<Self>> {
        let own = own.unwrap_or_default();
        (usual.is_some() || !own.is_empty()).then(|| Box::new(Self { usual, own }))
    }

    /// The most for this account.
    pub(crate) fn of(&self, account: &str) -> Option<u32> {
        self.own.get(account).copied().or(self.usual)
    }
}

/// The label of a key that names its account.
pub(crate) const ACCOUNT: &str = "account";
