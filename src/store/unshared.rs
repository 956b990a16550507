//! The shared store of a build without it.

use std::sync::Arc;

use super::terms::SharedTerms;
use crate::live::{Meters, health::news::News, limit::leases::Leases};

/// It never is.
#[derive(Debug)]
pub(super) enum Link {}

impl Link {
    pub(super) fn start(
        _: SharedTerms,
        _: Arc<Leases>,
        _: Arc<News>,
        _: Arc<Meters>,
    ) -> Result<Self, String> {
        Err("cannot be a server: this binary was built without the feature `redis`".to_owned())
    }

    pub(super) fn is_of(&self, _: &SharedTerms) -> bool {
        match *self {}
    }
}

/// A problem of an address and its hint; not checked here.
pub(crate) fn wrong_address(_: &str) -> Option<(&'static str, &'static str)> {
    None
}
