//! The stored form of one window.

use crate::live::Level;

/// The level of one window, and whose it is.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// Such as `key:ann`.
    pub(super) holder: String,
    /// Such as `dollars/month@UTC`.
    pub(super) window: String,
    /// Its level.
    pub(super) level: Level,
}
