//! Runs work on large bodies on blocking threads, so that the core can serve other requests.
//!
//! Small bodies are processed in place. A client that leaves gives up its place in line; work that
//! has started ends by itself, and there is never more of it than threads.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

/// Runs the work on another thread and waits for it.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // The permit belongs to the work and is released when the work ends, not when the client
    // leaves. The semaphore is never closed.
    let permit = THREADS.acquire().await.ok();
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    match done.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        // As if it had panicked here.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and with it everything that waits.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// Frees a large value where it does not block a core.
pub(super) fn free<T: Send + 'static>(large: T) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn_blocking(move || drop(large)));
    }
}

/// The size above which a body is large. At this size, reading and writing take about a
/// millisecond; handing it to a thread takes about twenty microseconds.
pub(crate) const LARGE: usize = 256 * 1024;

/// As many at once as there are cores; more would only wait for a CPU with their bodies in memory.
/// DNS look-ups have their own threads.
static THREADS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new(cores)
});
