//! How much free memory the process keeps for the bodies to come.
//!
//! It holds no memory itself.

use std::hint::black_box;

/// Lets the C library keep what a few large bodies need.
///
/// glibc hands free memory at the end of its heap back to the kernel as soon as there is a little of
/// it, and every large body then pays for its pages anew. It learns how much to keep from the largest
/// block that was ever returned to it: twice its size. Other C libraries do not mind.
pub(super) fn keep_room_for_bodies() {
    drop(black_box(Vec::<u8>::with_capacity(LARGEST)));
}

/// Measured: with less, bodies of 1 MB cost up to a quarter more; with more, memory stays behind.
const LARGEST: usize = 2_000_000;
