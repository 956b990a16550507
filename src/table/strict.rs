//! Strict mode, compiled. `None` means off.

/// What happens to the responses of a provider: they are cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strict {
    /// Whether its errors and headers are masked too.
    pub(crate) masks: bool,
}

/// How requests to an alias are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checks {
    /// Whether a field that no protocol declares is refused.
    pub(crate) refuses_unknown: bool,
}
