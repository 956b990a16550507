//! Where log lines go: standard error, through a thread of their own, so that a full disk or a
//! stuck pipe costs lines and never a request.

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_from_env("ONWARDS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .log_internal_errors(false)
        .with_target(false);
    match format {
        Format::Text => {
            builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init()
        }
        Format::Json => builder.json().init(),
    }
    guard
}

const LINES: usize = 4096;
