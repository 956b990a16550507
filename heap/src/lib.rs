//! What the router asks of the C library's allocator: to keep what the next body needs, and to give
//! back the rest when a load is over.
//!
//! A package of its own: these calls are the only ones of the program that are `unsafe`, and the
//! router forbids that word. Where the C library is not glibc, nothing is asked.

pub mod counting;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub use glibc::{give_back_end, give_back_pages, keep_end};

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod elsewhere {
    /// Nothing to ask.
    pub fn keep_end() {}
    /// Nothing to ask.
    pub fn give_back_end() {}
    /// Nothing to ask.
    pub fn give_back_pages() {}
}
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub use elsewhere::{give_back_end, give_back_pages, keep_end};
