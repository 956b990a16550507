//! The queue of lines: bytes behind a lock, bounded, and a thread that takes all of them at once. A
//! line that does not fit is counted and dropped.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use prometheus::IntCounter;

use super::sink::Sink;

/// Lines on their way to the thread that writes them.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// Something has come, or the end.
    changed: Condvar,
    dropped: IntCounter,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The writer sleeps until it is told.
    writer_sleeps: bool,
    /// The file is to be reopened.
    reopen: bool,
    closed: bool,
    /// The writer has written all and ended.
    ended: bool,
}

/// The thread that writes; dropped, it writes what has come and ends.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// Starts the thread that writes into `sink`; lines that are lost count as `dropped`.
    ///
    /// # Errors
    /// The thread cannot be had.
    pub(crate) fn start(sink: Sink, dropped: IntCounter) -> std::io::Result<(Arc<Self>, Writer)> {
        let waiting = Mutex::new(Waiting::default());
        let queue = Arc::new(Self { waiting, changed: Condvar::new(), dropped });
        let taken = Arc::clone(&queue);
        let thread =
            thread::Builder::new().name("access-log".into()).spawn(move || taken.write(sink))?;
        Ok((Arc::clone(&queue), Writer { queue, thread: Some(thread) }))
    }

    /// Adds a line with its line feed.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lines.len() + line.len() > MOST_BYTES {
            drop(waiting);
            return self.dropped.inc();
        }
        waiting.lines.extend_from_slice(line);
        if std::mem::take(&mut waiting.writer_sleeps) {
            drop(waiting);
            self.changed.notify_all();
        }
    }

    /// Opens the file anew, after what has come so far: another program has moved it away.
    pub(crate) fn reopen(&self) {
        let mut waiting = self.lock();
        waiting.reopen = true;
        waiting.writer_sleeps = false;
        self.changed.notify_all();
    }

    fn write(&self, mut sink: Sink) {
        let mut lines = Vec::new();
        loop {
            let mut waiting = self.lock();
            while waiting.lines.is_empty() && !waiting.reopen && !waiting.closed {
                waiting.writer_sleeps = true;
                let woken = self.changed.wait(waiting);
                waiting = woken.unwrap_or_else(PoisonError::into_inner);
            }
            waiting.writer_sleeps = false;
            std::mem::swap(&mut lines, &mut waiting.lines);
            let (reopen, closed) = (std::mem::take(&mut waiting.reopen), waiting.closed);
            drop(waiting);
            self.dropped.inc_by(sink.write(&lines));
            lines.clear();
            // The memory of a burst is released.
            lines.shrink_to(KEPT_BYTES);
            if reopen {
                sink.reopen();
            }
            if closed {
                self.lock().ended = true;
                return self.changed.notify_all();
            }
            // Lines of the next moment are written together: a write for each would cost the cores
            // more than the lines do.
            thread::sleep(PAUSE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        let end = Instant::now() + LAST_LINES;
        let mut waiting = self.queue.lock();
        while !waiting.ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // A pipe that is not read must not keep the process.
                return;
            }
            let woken = self.queue.changed.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(waiting);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Some ten thousand lines.
const MOST_BYTES: usize = 4 << 20;
const KEPT_BYTES: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(20);
const LAST_LINES: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::access_log::sink::Rotation;

    fn counter() -> IntCounter {
        IntCounter::new("dropped", "lines").unwrap()
    }

    #[test]
    fn line_is_written_before_the_writer_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.log");
        let sink = Sink::file(path.clone(), Rotation::default()).unwrap();
        let (queue, writer) = Queue::start(sink, counter()).unwrap();
        for nth in 0..100 {
            queue.push(format!("line {nth}\n").as_bytes());
        }
        drop(writer);
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().count(), 100);
        assert!(text.ends_with("line 99\n"));
    }

    #[test]
    fn line_that_does_not_fit_is_counted_and_nothing_waits() {
        let dropped = counter();
        // A pipe that nothing reads.
        let (_reader, pipe) = std::io::pipe().unwrap();
        let (queue, _writer) = Queue::start(Sink::stream(pipe), dropped.clone()).unwrap();
        let line = vec![b'x'; 64 << 10];
        let began = Instant::now();
        for _ in 0..200 {
            queue.push(&line);
        }
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(dropped.get() > 50, "{}", dropped.get());
    }
}
