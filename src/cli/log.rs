//! Where log lines go: standard error, through a thread of their own, so that a full disk or a
//! stuck pipe costs lines and never a request.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    ffi::OsStr,
    panic::PanicHookInfo,
};

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One JSON object for each line.
    Json,
}

/// Starts logging; lines still under way are written when the guard is dropped.
pub(super) fn start(format: Format) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true)
        .finish(std::io::stderr());
    let (wanted, complaint) = wanted(std::env::var_os(VARIABLE).as_deref());
    let layer = fmt::layer().with_writer(writer).log_internal_errors(false).with_target(false);
    let lines = tracing_subscriber::registry().with(wanted);
    match format {
        Format::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with(layer.with_ansi(colours)).init();
        }
        Format::Json => lines.with(layer.json()).init(),
    }
    std::panic::set_hook(Box::new(faulted));
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
    guard
}

/// A fault of the router is a line like any other: what Rust would print is no JSON, and would wait
/// for a stuck pipe. The backtrace is there if `RUST_BACKTRACE` asks for it.
fn faulted(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let cause = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(tracing::field::display);
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured)
        .then(|| tracing::field::display(backtrace));
    tracing::error!(cause, place, backtrace, "a fault of the router");
}

/// What is logged: a level, or levels for parts of the program (`info,onwards=debug`), and what is
/// wrong with what was said of it.
fn wanted(said: Option<&OsStr>) -> (Targets, Option<String>) {
    let usual = || Targets::new().with_default(Level::INFO);
    let Some(said) = said else { return (usual(), None) };
    match said.to_str().map(str::parse::<Targets>) {
        Some(Ok(targets)) => (targets, None),
        _ => {
            let complaint = format!(
                "{VARIABLE} is not understood, so `info` is taken; \
                 it takes levels such as `debug` or `info,onwards=debug`"
            );
            (usual(), Some(complaint))
        }
    }
}

const VARIABLE: &str = "ONWARDS_LOG";
const LINES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_said() {
        let read = |said: &str| wanted(Some(OsStr::new(said)));
        let (targets, complaint) = read("info,onwards=debug");
        assert!(targets.would_enable("onwards", &Level::DEBUG) && complaint.is_none());
        assert!(!targets.would_enable("hyper", &Level::DEBUG));
        assert!(read("trace").0.would_enable("hyper", &Level::TRACE));
        let (targets, complaint) = read("onwards=loud");
        assert!(targets.would_enable("onwards", &Level::INFO) && complaint.is_some());
        assert!(wanted(None).0.would_enable("onwards", &Level::INFO));
    }
}
