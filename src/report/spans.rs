//! Spans for an OTLP collector, built from the finished record: a server span for each sampled
//! request, and a client span for each attempt.
//!
//! A slow or dead collector costs only a counter, because the queue is bounded and never awaited.

mod built;
mod export;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanProcessor as _};
use prometheus::{IntCounter, IntCounterVec};

pub(crate) use self::{export::Running, settings::Settings};
use crate::record::{Finished, Report};

/// Sends spans.
pub(crate) struct Spans {
    processor: BatchSpanProcessor,
    queue: Arc<Queue>,
}

/// The spans to be sent, limited to the queue's size, so that each lost one is counted.
#[derive(Debug)]
struct Queue {
    waiting: AtomicUsize,
    room: usize,
    sent: IntCounter,
    failed: IntCounter,
    dropped: IntCounter,
}

impl Queue {
    fn new(room: usize, counters: &IntCounterVec) -> Arc<Self> {
        let [sent, failed, dropped] =
            ["sent", "failed", "dropped"].map(|result| counters.with_label_values(&[result]));
        Arc::new(Self { waiting: AtomicUsize::new(0), room, sent, failed, dropped })
    }

    /// Whether one more may wait.
    fn enter(&self) -> bool {
        let enters = self.waiting.fetch_add(1, Relaxed) < self.room;
        if !enters {
            self.waiting.fetch_sub(1, Relaxed);
            self.dropped.inc();
        }
        enters
    }

    fn leave(&self, spans: usize, were_sent: bool) {
        self.waiting.fetch_sub(spans, Relaxed);
        let counter = if were_sent { &self.sent } else { &self.failed };
        counter.inc_by(spans as u64);
    }
}

impl Spans {
    fn send(&self, span: SpanData) {
        if self.queue.enter() {
            self.processor.on_end(span);
        }
    }
}

impl Report for Spans {
    fn finished(&self, request: &Finished<'_>) {
        let Some(trace) = request.asks.trace.as_deref() else { return };
        // Nothing is built that would be thrown away.
        if self.queue.waiting.load(Relaxed) >= self.queue.room {
            let attempts = request.steps.iter().filter(|step| step.asked.is_some()).count();
            self.queue.dropped.inc_by(attempts as u64 + 1);
            return;
        }
        built::attempts(request, trace, |span| self.send(span));
        self.send(built::server(request, trace));
    }

    /// A span names its request's path.
    fn shows_target(&self) -> bool {
        true
    }
}
