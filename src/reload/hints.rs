//! Hints that the file may have changed, and the channel that they come through.
//!
//! A hint is not a change: its receiver compares.

use std::{sync::mpsc, time::Duration};

/// Why the file is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Something happened in its directory.
    Changed,
    /// An operator asks for it.
    Asked,
}

/// The channel that hints come through.
pub(crate) struct Hints {
    pub(super) sender: mpsc::Sender<Hint>,
    pub(super) receiver: mpsc::Receiver<Hint>,
}

impl Hints {
    /// A channel, and the end that asks for a reload.
    pub(crate) fn new() -> (mpsc::Sender<Hint>, Self) {
        let (sender, receiver) = mpsc::channel();
        (sender.clone(), Self { sender, receiver })
    }
}

/// Lets a burst of writes pass; answers with the most pressing hint of it. An operator who asks is not kept
/// waiting, and those who ask at the same time are answered together.
pub(super) fn settle(receiver: &mpsc::Receiver<Hint>, first: Option<Hint>) -> Option<Hint> {
    let mut hint = first?;
    for _ in 0..MOST_SETTLES {
        if hint == Hint::Asked {
            receiver.try_iter().take(MOST_TOGETHER).for_each(drop);
            return Some(Hint::Asked);
        }
        match receiver.recv_timeout(DEBOUNCE) {
            Ok(next) => hint = next,
            Err(_) => break,
        }
    }
    Some(hint)
}

const DEBOUNCE: Duration = Duration::from_millis(50);
const MOST_SETTLES: u32 = 8;
const MOST_TOGETHER: usize = 10_000;
