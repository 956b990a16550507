//! Paths that belong to targets.

use std::collections::HashMap;

use http::HeaderValue;

/// The target of each path.
#[derive(Debug, Default)]
pub(crate) struct Paths(pub(super) HashMap<Box<str>, Target>);

/// The target of a path.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The alias that they ask for.
    pub(crate) alias: HeaderValue,
    /// The standard path that it stands for in its protocol.
    pub(crate) path: &'static str,
}

impl Paths {
    /// Whether there are no such paths.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The target of this path.
    pub(crate) fn find(&self, path: &str) -> Option<&Target> {
        self.0.get(path)
    }
}
