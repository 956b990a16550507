//! The headers in which a vendor says how much of its limits is left.
//!
//! It is data; `upstream::headroom` reads it.

/// Headers of one vendor that speak of limits.
#[derive(Debug)]
pub struct Limits {
    /// How the name of each of them begins.
    pub start: &'static str,
    /// Its limits.
    pub limits: &'static [Limit],
}

/// The headers of one limit.
#[derive(Debug)]
pub struct Limit {
    /// What is left of it.
    pub remaining: &'static str,
    /// The whole of it.
    pub limit: &'static str,
    /// When it is whole again.
    pub reset: &'static str,
}
