//! The system's allocator, with free blocks of middle sizes kept by each thread that serves.
//!
//! glibc keeps blocks of up to a kilobyte by thread and hands them out in a few instructions. Larger ones are cut
//! from the heap and joined to it again each time, in several hundred. A request needs four of them, always
//! of the same sizes: two pieces that are read, its future and its answer.
#![expect(unsafe_code, reason = "the trait of allocators is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ptr,
};

/// The system's allocator, but for free blocks above 1 KiB and up to 16 KiB: a thread that has called
/// [`keep_blocks`] keeps 128 KiB of each size at most.
#[derive(Debug)]
pub struct Keeping;

/// Lets this thread keep free blocks. To be called where requests are served: a thread that ends leaves
/// what it keeps behind.
pub fn keep_blocks() {
    KEPT.with(|kept| kept.is_on.set(true));
}

/// Gives the free blocks that this thread keeps back to the heap.
pub(crate) fn release() {
    KEPT.with(|kept| {
        for (class, shelf) in kept.shelves.iter().enumerate() {
            while let Some(block) = shelf.take() {
                // SAFETY: it was allocated by the system, which does not look at the size.
                unsafe { System.dealloc(block, Class(class).layout()) };
            }
        }
    });
}

/// Free blocks by size.
struct Kept {
    is_on: Cell<bool>,
    shelves: [Shelf; CLASSES],
}

/// Free blocks of one size: each holds the address of the next.
struct Shelf {
    first: Cell<*mut u8>,
    count: Cell<usize>,
}

thread_local! {
    // Without a destructor, so that an allocation works at any time of a thread's life.
    static KEPT: Kept = const {
        Kept {
            is_on: Cell::new(false),
            shelves: [const { Shelf { first: Cell::new(ptr::null_mut()), count: Cell::new(0) } }; CLASSES],
        }
    };
}

impl Shelf {
    #[inline]
    fn take(&self) -> Option<*mut u8> {
        let block = self.first.get();
        if block.is_null() {
            return None;
        }
        // SAFETY: `put` has written the next one's address into it, and nothing has used it since.
        self.first.set(unsafe { block.cast::<*mut u8>().read() });
        self.count.set(self.count.get() - 1);
        Some(block)
    }

    /// Keeps a block, unless there are so many; `false` where it does not.
    #[inline]
    fn put(&self, block: *mut u8, most: usize) -> bool {
        let count = self.count.get();
        if count >= most {
            return false;
        }
        // SAFETY: its owner has freed it; it is large enough, and aligned as every block of the system.
        unsafe { block.cast::<*mut u8>().write(self.first.get()) };
        self.first.set(block);
        self.count.set(count + 1);
        true
    }
}

/// A middle size, in steps of 256 bytes. Every block whose size is of it is allocated as large as its
/// largest, whichever thread does that: it may be kept by another.
#[derive(Clone, Copy)]
struct Class(usize);

impl Class {
    #[inline]
    fn of(size: usize, align: usize) -> Option<Self> {
        let is_middle = size.wrapping_sub(SMALL + 1) < LARGEST - SMALL && align <= ALIGN;
        is_middle.then(|| Self((size - 1) / STEP))
    }

    const fn size(self) -> usize {
        (self.0 + 1) * STEP
    }

    #[inline]
    fn layout(self) -> Layout {
        // SAFETY: a power of two, and a size that is far from the end of memory.
        unsafe { Layout::from_size_align_unchecked(self.size(), ALIGN) }
    }
}

// SAFETY: a block comes from the system, or from a thread's own shelf of blocks of its size that were freed; the
// system gets back what it gave.
unsafe impl GlobalAlloc for Keeping {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = Class::of(layout.size(), layout.align()) else {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        };
        let kept = KEPT.with(|kept| kept.shelves[class.0].take());
        // SAFETY: the size is not zero.
        kept.unwrap_or_else(|| unsafe { System.alloc(class.layout()) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let layout = Class::of(layout.size(), layout.align()).map_or(layout, Class::layout);
        // SAFETY: the caller's promise, for a size that is at least as large.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let is_kept = Class::of(layout.size(), layout.align()).is_some_and(|class| {
            let most = KEPT_BYTES / class.size();
            KEPT.with(|kept| kept.is_on.get() && kept.shelves[class.0].put(at, most))
        });
        if !is_kept {
            // SAFETY: the caller's promise; the system does not look at the size.
            unsafe { System.dealloc(at, layout) };
        }
    }

    #[inline]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let size = Class::of(size, layout.align()).map_or(size, Class::size);
        // SAFETY: the caller's promise, for a size that is at least as large.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// What glibc keeps by itself.
const SMALL: usize = 1024;
const LARGEST: usize = 16 * 1024;
const STEP: usize = 256;
const CLASSES: usize = LARGEST / STEP;
/// What every block of the system is aligned to.
const ALIGN: usize = 16;
/// What a thread keeps of one size at most.
const KEPT_BYTES: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    fn kept() -> usize {
        KEPT.with(|kept| kept.shelves.iter().map(|shelf| shelf.count.get()).sum())
    }

    #[test]
    fn middle_sizes_are_rounded_up_and_no_others() {
        for (size, align, class) in [
            (0, 1, None),
            (1024, 8, None),
            (1025, 8, Some(1280)),
            (2048, 16, Some(2048)),
            (5312, 16, Some(5376)),
            (8192, 1, Some(8192)),
            (16_384, 8, Some(16_384)),
            (16_385, 8, None),
            (4096, 32, None),
            (usize::MAX / 2, 1, None),
        ] {
            assert_eq!(Class::of(size, align).map(Class::size), class, "{size} by {align}");
        }
    }

    /// Blocks are used to their end and freed in any order; none is handed out twice.
    fn churn(seed: usize) {
        let mut held: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut random = seed;
        for nth in 0..4_000_usize {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (draw, mark) = (random >> 33, nth as u8);
            // SAFETY: sizes are not zero, and each block is freed once, with the layout that it has.
            unsafe {
                match draw % 4 {
                    0 | 1 if held.len() < 300 => {
                        let layout = layout(draw % 20_000 + 1, 1 << (draw % 6));
                        let block = if draw % 3 == 0 {
                            let block = Keeping.alloc_zeroed(layout);
                            assert!((0..layout.size()).all(|at| *block.add(at) == 0));
                            block
                        } else {
                            Keeping.alloc(layout)
                        };
                        assert_eq!(block as usize % layout.align(), 0);
                        block.write_bytes(mark, layout.size());
                        held.push((block, layout, mark));
                    }
                    2 if !held.is_empty() => {
                        let at = draw % held.len();
                        let (block, old, mark) = held[at];
                        let new = layout(draw % 20_000 + 1, old.align());
                        let block = Keeping.realloc(block, old, new.size());
                        let both = old.size().min(new.size());
                        assert!((0..both).all(|at| *block.add(at) == mark));
                        block.write_bytes(mark, new.size());
                        held[at] = (block, new, mark);
                    }
                    _ if !held.is_empty() => {
                        let (block, layout, mark) = held.swap_remove(draw % held.len());
                        assert!((0..layout.size()).all(|at| *block.add(at) == mark));
                        Keeping.dealloc(block, layout);
                    }
                    _ => {}
                }
            }
        }
        for (block, layout, _) in held {
            // SAFETY: as above.
            unsafe { Keeping.dealloc(block, layout) };
        }
    }

    #[test]
    fn blocks_are_handed_out_once_and_kept_by_threads_that_ask_for_it() {
        std::thread::spawn(|| {
            churn(1);
            assert_eq!(kept(), 0, "a thread that has not asked for it");
            keep_blocks();
            churn(2);
            let bytes: usize = KEPT.with(|kept| {
                let bytes =
                    |(class, shelf): (usize, &Shelf)| shelf.count.get() * Class(class).size();
                kept.shelves
                    .iter()
                    .enumerate()
                    .map(bytes)
                    .inspect(|it| assert!(*it <= KEPT_BYTES))
                    .sum()
            });
            assert!(bytes > 0);
            release();
            assert_eq!(kept(), 0);
            churn(3);
            release();
        })
        .join()
        .unwrap();
    }

    #[test]
    fn block_of_another_thread_is_as_large_as_one_of_its_own() {
        let sent = std::thread::spawn(|| {
            // SAFETY: the size is not zero.
            unsafe { Keeping.alloc(layout(5130, 8)) as usize }
        });
        let block = sent.join().unwrap() as *mut u8;
        std::thread::spawn({
            let block = block as usize;
            move || {
                keep_blocks();
                // SAFETY: it is freed once, and the next is used to its end.
                unsafe {
                    Keeping.dealloc(block as *mut u8, layout(5130, 8));
                    let again = Keeping.alloc(layout(5376, 8));
                    assert_eq!(again as usize, block, "it was kept");
                    again.write_bytes(1, 5376);
                    Keeping.dealloc(again, layout(5376, 8));
                }
                release();
            }
        })
        .join()
        .unwrap();
    }
}
