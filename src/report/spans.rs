//! Spans for an OTLP collector, built from the finished record: a server span for each sampled
//! request, and a client span for each attempt.
//!
//! They are written as the bytes that are sent, in one pass and without an allocation: the data
//! types of OpenTelemetry's own exporter cost more than a whole request does. A slow or dead
//! collector costs only a counter, because the queue is bounded and never awaited.

mod built;
mod export;
mod proto;
mod queue;
mod send;
mod settings;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, sync::Arc};

use self::queue::Queue;
pub(crate) use self::{export::Running, settings::Settings};
use crate::{
    record::{Finished, Report},
    report::access_log::line::Attempts,
    trace::Trace,
};

/// Sends spans.
pub(crate) struct Spans(Arc<Queue>);

/// The spans of one request, and the one that is being written.
#[derive(Default)]
struct Written {
    all: Vec<u8>,
    span: Vec<u8>,
}

impl Report for Spans {
    fn finished(&self, request: &Finished<'_>) {
        let Some(trace) = request.asks.trace.as_deref() else { return };
        let attempts = request.steps.iter().filter(|step| step.asked.is_some()).count();
        // Nothing is written that would be thrown away.
        if self.0.enter(attempts + 1) {
            // Two buffers for each core: a span costs no allocation.
            WRITTEN.with_borrow_mut(|written| {
                written.all.clear();
                written.request(request, trace);
                self.0.push(&written.all, attempts + 1);
            });
        }
    }

    /// A span names its request's path.
    fn shows_target(&self) -> bool {
        true
    }
}

impl Written {
    fn request(&mut self, request: &Finished<'_>, trace: &Trace) {
        let told = Attempts::of(request);
        for (place, ((pool, provider, step), told)) in
            request.attempts().zip(told.iter()).enumerate()
        {
            if let Some(asked) = step.asked {
                let of = (place, pool, provider, step);
                built::attempt(request, trace, of, (asked, &told), &mut self.span);
                self.span_ends();
            }
        }
        built::server(request, trace, &mut self.span);
        self.span_ends();
    }

    fn span_ends(&mut self) {
        proto::bytes(&mut self.all, SPANS, &self.span);
        self.span.clear();
    }
}

/// The field of a scope's spans.
const SPANS: u8 = 2;

thread_local! {
    static WRITTEN: RefCell<Written> = RefCell::default();
}
