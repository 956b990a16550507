//! Runs work in a separate heap for data that lives only while a table is compiled.
//!
//! glibc gives each thread a heap. Otherwise the data read from the file would lie between the
//! parts of its table, and its pages could not be given back.

use std::{sync::mpsc, thread};

/// Makes a value on another thread and uses it on this one. On return, the other thread has ended
/// and given its memory back.
pub(super) fn made_apart<T: Send, R>(make: impl Fn() -> T + Sync, used: impl FnOnce(T) -> R) -> R {
    thread::scope(|scope| {
        let (hand, handed) = mpsc::channel();
        let (uses, used_up) = mpsc::channel::<()>();
        let make = &make;
        let apart = move || {
            let _ = hand.send(make());
            // Returns an error when the other end is dropped.
            let _ = used_up.recv();
            onwards_heap::give_back_end();
        };
        // If the thread cannot be started, no value arrives.
        let _ = thread::Builder::new().name("load".into()).spawn_scoped(scope, apart);
        let made = handed.recv().unwrap_or_else(|_| make());
        let result = used(made);
        drop(uses);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_on_another_thread_and_used_on_this() {
        let here = || thread::current().id();
        let (made, used) = made_apart(here, |made| (made, here()));
        assert_ne!(made, used);
        assert_eq!(used, here());
    }
}
