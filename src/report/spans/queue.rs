//! Spans on their way to the collector: bytes behind a lock, bounded, so that each lost span is
//! counted.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use prometheus::{IntCounter, IntCounterVec};
use tokio::sync::Notify;

/// The spans to be sent.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Notified when a batch is whole.
    whole: Notify,
    /// The spans that wait or are being sent, and how many may.
    count: AtomicUsize,
    room: usize,
    /// A batch of so many spans is whole.
    most: usize,
    pub(super) sent: IntCounter,
    pub(super) failed: IntCounter,
    pub(super) dropped: IntCounter,
}

#[derive(Debug, Default)]
struct Waiting {
    whole: VecDeque<Batch>,
    /// The batch that is added to.
    open: Batch,
}

/// Spans that are sent together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Each as a field of a message.
    pub(super) spans: Vec<u8>,
    /// How many.
    pub(super) count: usize,
}

impl Queue {
    /// An empty queue for so many spans, sent in batches of `most`.
    pub(super) fn new(room: usize, most: usize, counters: &IntCounterVec) -> Arc<Self> {
        let [sent, failed, dropped] =
            ["sent", "failed", "dropped"].map(|result| counters.with_label_values(&[result]));
        let (waiting, whole, count) = Default::default();
        Arc::new(Self { waiting, whole, count, room, most, sent, failed, dropped })
    }

    /// Takes room for the spans of one request. They are counted as dropped if there is none.
    pub(super) fn enter(&self, spans: usize) -> bool {
        let enters = self.count.fetch_add(spans, Relaxed) < self.room;
        if !enters {
            self.count.fetch_sub(spans, Relaxed);
            self.dropped.inc_by(spans as u64);
        }
        enters
    }

    /// Adds spans that have entered.
    pub(super) fn push(&self, spans: &[u8], count: usize) {
        let mut waiting = self.lock();
        waiting.open.spans.extend_from_slice(spans);
        waiting.open.count += count;
        if waiting.open.count >= self.most {
            let batch = std::mem::take(&mut waiting.open);
            waiting.whole.push_back(batch);
            drop(waiting);
            self.whole.notify_one();
        }
    }

    /// Resolves when a batch is whole.
    pub(super) async fn whole(&self) {
        self.whole.notified().await;
    }

    /// Takes the oldest batch; with `all`, one that is not whole, too.
    pub(super) fn take(&self, all: bool) -> Option<Batch> {
        let mut waiting = self.lock();
        let open = |waiting: &mut Waiting| std::mem::take(&mut waiting.open);
        match waiting.whole.pop_front() {
            None if all && waiting.open.count > 0 => Some(open(&mut waiting)),
            batch => batch,
        }
    }

    /// Spans are sent, or lost.
    pub(super) fn leave(&self, spans: usize, were_sent: bool) {
        self.count.fetch_sub(spans, Relaxed);
        let counter = if were_sent { &self.sent } else { &self.failed };
        counter.inc_by(spans as u64);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
