//! What is written of one window.

use crate::live::Level;

/// The level of one window, and whose it is.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// Such as `key:ann`.
    pub(super) holder: String,
    /// Such as `dollars/month@UTC`.
    pub(super) window: String,
    /// What it has counted.
    pub(super) level: Level,
}
