//! Hints that the file may have changed, and their channel.
//!
//! A hint is not a change; the receiver compares.

use std::{sync::mpsc, time::Duration};

/// Why the file is checked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Something changed in its directory.
    Changed,
    /// An operator asked for a reload.
    Asked,
}

/// The channel of hints.
pub(crate) struct Hints {
    pub(super) sender: mpsc::Sender<Hint>,
    pub(super) receiver: mpsc::Receiver<Hint>,
}

impl Hints {
    /// Creates the channel; the sender asks for a reload.
    pub(crate) fn new() -> (mpsc::Sender<Hint>, Self) {
        let (sender, receiver) = mpsc::channel();
        (sender.clone(), Self { sender, receiver })
    }
}

/// Waits until a burst of writes is over and returns the most urgent hint. A request of an operator
/// is not delayed, and several of them are answered together.
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
