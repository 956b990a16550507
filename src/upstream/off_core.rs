//! Work on large bodies leaves its core: one of a few threads reads and writes, while the core goes on
//! with every other request.
//!
//! Small bodies never come here: they are read and written where they are. A client that leaves gives
//! up its place among those that wait at once; what a thread has begun ends by itself, and there is
//! never more of that than threads.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

/// Does the work on a thread of its own and waits for it.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // The permit is the thread's: it is given back when the work has ended, not when the client has
    // left. Nothing ever closes the semaphore.
    let permit = THREADS.acquire().await.ok();
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    match done.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        // As if it had panicked here.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and so do all that wait on it.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// Frees what is large where it holds no core up.
pub(super) fn free<T: Send + 'static>(large: T) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn_blocking(move || drop(large)));
    }
}

/// Bytes of a body above which it is large. At this length, reading and writing take about a
/// millisecond; a thread takes some twenty microseconds.
pub(crate) const LARGE: usize = 256 * 1024;

/// As many at once as there are cores, for all cores together: more would only wait for a processor,
/// each with a body read in its memory. Look-ups of names have threads beside these.
static THREADS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new(cores)
});
