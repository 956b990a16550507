//! What the router asks of the C library's allocator: to keep what the next body needs, and to give
//! back the rest when a load is over. In front of it, each thread that serves keeps a few free blocks.
//! The system takes back the pages of code that only a load needs.
//!
//! A package of its own: this is the only part of the program that is `unsafe`, and the router forbids
//! that word. Where the C library is not glibc, nothing is asked of it.

mod blocks;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod code;
pub mod counting;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "glibc.rs"]
mod c_library;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod c_library {
    /// Nothing to ask.
    pub fn keep_end() {}
    /// Nothing to ask.
    pub(crate) fn give_back_end() {}
    /// Nothing to ask.
    pub fn give_back_pages() {}
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod code {
    /// Nothing to ask.
    pub fn give_back_code() {}
}

pub use blocks::{Keeping, keep_blocks};
pub use c_library::{give_back_pages, keep_end};
pub use code::give_back_code;

/// Gives back the blocks that this thread keeps, and what is free at the end of its heap.
pub fn give_back_end() {
    blocks::release();
    c_library::give_back_end();
}
