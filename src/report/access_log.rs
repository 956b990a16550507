//! The access log: one line for each request.
//!
//! The core that served a request formats its line and puts it into a bounded queue; a separate
//! thread writes. A full disk or a stuck pipe loses lines, which are counted, and never a request.

mod json;
pub(crate) mod line;
mod queue;
pub(crate) mod sink;
mod text;

use std::{cell::RefCell, sync::Arc};

use self::line::Line;
pub(crate) use self::{
    queue::{Queue, Writer},
    sink::{Rotation, Sink},
};
use crate::record::{Finished, Report};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One JSON object for each line (`docs/observability.md` lists its keys).
    Json,
    /// For people.
    Text,
}

/// Writes one line for each request.
pub(crate) struct AccessLog {
    format: Format,
    queue: Arc<Queue>,
}

impl AccessLog {
    /// Lines of this format go into the queue.
    pub(crate) fn new(format: Format, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { format, queue })
    }
}

impl Report for AccessLog {
    fn finished(&self, request: &Finished<'_>) {
        if is_good_check(request) {
            return;
        }
        let line = Line::of(request);
        // One buffer for each core: a line costs no allocation.
        LINE.with_borrow_mut(|text| {
            text.clear();
            match self.format {
                Format::Json => json::write(&line, text),
                Format::Text => text::write(&line, text),
            }
            text.push(b'\n');
            self.queue.push(text);
        });
    }

    fn shows_target(&self) -> bool {
        true
    }
}

/// Whether it is an orchestrator's look that found nothing wrong: there are thousands a day.
fn is_good_check(request: &Finished<'_>) -> bool {
    let path = request.asks.target.as_ref().map(|(_, target)| target.path());
    request.status == OK && path.is_some_and(|path| CHECKS.contains(&path))
}

const OK: u16 = 200;
const CHECKS: [&str; 2] = ["/healthz", "/readyz"];

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}
