//! How many bytes of bodies the whole process holds, with what is built of them to translate them:
//! they are let in while there is room, so that a crowd of large ones is told to come back before the
//! system ends the process.
//!
//! It never waits, and leaves it to whoever reads a body from when on it counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// The room of a process.
#[derive(Debug)]
pub(crate) struct Room {
    most: u64,
    taken: AtomicU64,
}

/// What one body takes of it, given back on drop.
#[derive(Debug)]
pub(crate) struct Share {
    room: &'static Room,
    bytes: u64,
}

impl Room {
    /// Room for so many bytes, for as long as the process runs: a request that needs none does not
    /// count a reference to it.
    pub(crate) fn new(most: u64) -> &'static Self {
        Box::leak(Box::new(Self { most, taken: AtomicU64::new(0) }))
    }

    /// Nothing of it yet.
    pub(crate) fn share(&'static self) -> Share {
        Share { room: self, bytes: 0 }
    }
}

impl Share {
    /// Takes what a body of so many bytes needs; `false`: there is no room, and nothing more is taken.
    pub(crate) fn grow_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let grown = |taken: u64| taken.checked_add(more).filter(|taken| *taken <= self.room.most);
        let has_room =
            self.room.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if has_room {
            self.bytes += more;
        }
        has_room
    }

    /// Takes over what another holds.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Gives back what is more than so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let less = self.bytes.saturating_sub(bytes);
        self.room.taken.fetch_sub(less, Ordering::Relaxed);
        self.bytes -= less;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let room = Room::new(10);
        let (mut one, mut other) = (room.share(), room.share());
        assert!(one.grow_to(4) && one.grow_to(6) && other.grow_to(4));
        assert!(!one.grow_to(7), "ten are taken");
        assert!(one.grow_to(6), "what it has it keeps");
        drop(other);
        assert!(one.grow_to(10));
        one.shrink_to(7);
        one.shrink_to(9);
        assert_eq!(room.taken.load(Ordering::Relaxed), 7);
        drop(one);
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
        assert!(!room.share().grow_to(u64::MAX));
    }
}
