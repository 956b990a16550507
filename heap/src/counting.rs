//! An allocator that counts, for tests and fuzz targets that hold a bound on memory: how many bytes
//! each thread holds, and the most it has held.
//!
//! The router does not use it.
#![expect(unsafe_code, reason = "the trait of allocators is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator, counted per thread. What another thread frees is counted there.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    // Neither needs a destructor, so that an allocation is counted at any time of a thread's life.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Runs `work` and gives its result, with the most bytes that it held beside those held before.
pub fn most_held<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let done = work();
    (done, usize::try_from(MOST.get() - before).unwrap_or(0))
}

fn count(change: isize) {
    let held = HELD.get() + change;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

/// What an allocation takes: glibc keeps eight bytes beside each, in steps of sixteen, at least 32.
fn taken(bytes: usize) -> isize {
    let stepped = (bytes + 8).next_multiple_of(16).max(32);
    isize::try_from(stepped).unwrap_or(isize::MAX / 4)
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(taken(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(taken(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-taken(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Large ones are moved by their pages; of small ones both are held for a moment.
        if size < MOVED_BY_PAGES {
            count(taken(size));
            count(-taken(layout.size()));
        } else {
            count(taken(size) - taken(layout.size()));
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// From here on glibc maps an allocation by itself, as `keep_end` sets it.
const MOVED_BY_PAGES: usize = 4 << 20;
