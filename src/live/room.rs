//! How many bytes of request bodies the whole process holds: they are let in while there is room, so
//! that a crowd of large ones is told to come back before the system ends the process.
//!
//! It never waits, and leaves it to whoever reads a body from when on it counts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The room of a process.
#[derive(Debug)]
pub struct Room {
    most: u64,
    taken: AtomicU64,
}

/// What one body takes of it, given back on drop.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    bytes: u64,
}

impl Room {
    /// Room for so many bytes.
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicU64::new(0) })
    }

    /// Nothing of it yet.
    pub fn share(self: &Arc<Self>) -> Share {
        Share { room: Arc::clone(self), bytes: 0 }
    }
}

impl Share {
    /// Takes what a body of so many bytes needs; `false`: there is no room, and nothing more is taken.
    pub fn grow_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let grown = |taken: u64| taken.checked_add(more).filter(|taken| *taken <= self.room.most);
        let has_room =
            self.room.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if has_room {
            self.bytes += more;
        }
        has_room
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
        drop(one);
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
        assert!(!room.share().grow_to(u64::MAX));
    }
}
