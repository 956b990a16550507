//! What strict mode and its like do, as it was compiled. `None` in their places: nothing.

/// What is done with the answers of a provider: they are cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strict {
    /// Whether its errors are masked, too, and its headers.
    pub(crate) masks: bool,
}

/// How requests to an alias are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checks {
    /// Whether a field that no protocol declares is refused.
    pub(crate) refuses_unknown: bool,
}
