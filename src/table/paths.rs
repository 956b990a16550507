//! Paths whose requests are a target's, whether they name a model or not.

use std::collections::HashMap;

use http::HeaderValue;

/// Where the requests of each path go.
#[derive(Debug, Default)]
pub(crate) struct Paths(pub(super) HashMap<Box<str>, Led>);

/// Where the requests of a path go.
#[derive(Debug, Clone)]
pub(crate) struct Led {
    /// The alias that they ask for.
    pub(crate) alias: HeaderValue,
    /// The path that they stand for: what their clients speak asks there.
    pub(crate) path: &'static str,
}

impl Paths {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the requests of this path go.
    pub(crate) fn led(&self, path: &str) -> Option<&Led> {
        self.0.get(path)
    }
}
