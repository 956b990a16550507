//! The same, of glibc (`man 3 mallopt`, `man 3 malloc_trim`).
#![expect(unsafe_code, reason = "the C library's own functions")]

use std::hint::black_box;

use libc::{M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, c_int, mallopt};

/// Lets every thread's heap keep 8 MiB free at its end. To be called once, before the load comes.
///
/// By itself glibc keeps twice the largest buffer that was ever freed: under bodies of a megabyte
/// the end of the heap is given back and asked for again many times a second, and each of its pages
/// comes back by a page fault.
pub fn keep_end() {
    set(M_MMAP_THRESHOLD, LARGEST_IN_HEAP);
    set(M_TRIM_THRESHOLD, KEPT);
}

/// Gives back what is free at the end of this thread's heap.
pub(crate) fn give_back_end() {
    set(M_TRIM_THRESHOLD, 0);
    // glibc looks at the end of a heap when something of this size is freed in it.
    drop(black_box(Vec::<u8>::with_capacity(LOOKED_AT)));
    set(M_TRIM_THRESHOLD, KEPT);
}

/// Gives back the free pages between what is used, of every heap.
pub fn give_back_pages() {
    // SAFETY: it is handed no pointer, and locks each heap while it works on it.
    unsafe { libc::malloc_trim(0) };
}

fn set(option: c_int, value: c_int) {
    // SAFETY: it is handed no pointer, and locks what it changes.
    unsafe { mallopt(option, value) };
}

const KEPT: c_int = 8 << 20;
/// Larger ones are mapped each by itself, and given back when they are freed.
const LARGEST_IN_HEAP: c_int = 4 << 20;
const LOOKED_AT: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// In a thread, because the heaps of threads are other than the first one's; one test, because
    /// what is resident is so for the whole process.
    #[test]
    fn what_a_load_leaves_is_given_back() {
        std::thread::spawn(|| {
            keep_end();
            let before = resident();
            drop(bodies(60));
            assert!(resident() > before + 5 * MIB, "nothing was kept at the end");
            give_back_end();
            assert!(resident() < before + MIB, "the end was not given back");

            let mut scattered = bodies(500);
            assert!(resident() > before + 40 * MIB);
            let mut number = 0;
            scattered.retain(|_| {
                number += 1;
                number % 50 == 0
            });
            give_back_pages();
            assert!(resident() < before + 4 * MIB, "what lay between was not given back");
            assert!(scattered.iter().flatten().all(|&byte| byte == 1));
        })
        .join()
        .unwrap();
    }

    fn bodies(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|_| vec![1; 100 << 10]).collect()
    }

    /// Without the pages of files.
    fn resident() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: Vec<usize> = statm.split(' ').map_while(|it| it.parse().ok()).collect();
        (pages[1] - pages[2]) * 4096
    }
    const MIB: usize = 1 << 20;
}
