//! Locks that a panic does not close: what they guard is whole after every statement.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// These locks guard a push or a pop; a panic elsewhere leaves them consistent.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
