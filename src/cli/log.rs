//! Log lines go to standard error through a thread of their own, so that a full disk or a stuck
//! pipe loses lines but never a request.
//!
//! Lines of libraries are never written, whatever the filter says, because they hold headers, URLs,
//! signatures and tokens.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    ffi::OsStr,
    fmt::Debug,
    panic::PanicHookInfo,
};

use tracing::{Level, field::Field};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    field::MakeExt as _,
    filter::{LevelFilter, Targets},
    fmt::{
        self,
        format::{Writer, debug_fn},
    },
    layer::SubscriberExt as _,
    registry::Registry,
    reload,
    util::SubscriberInitExt as _,
};

use crate::refusal::Word;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    Text,
    /// One JSON object for each line.
    Json,
}

/// The log of the process. Dropping it writes the lines that are still queued.
pub(super) struct Log {
    filter: reload::Handle<Targets, Registry>,
    _writer: WorkerGuard,
}

impl Log {
    /// Sets the next level for all of the router's own lines: `info`, `debug`, `trace`, then `info`
    /// again.
    pub(super) fn next_level(&self) {
        let level = self.filter.with_current(|filter| match most(filter) {
            LevelFilter::DEBUG => Level::TRACE,
            LevelFilter::INFO => Level::DEBUG,
            _ => Level::INFO,
        });
        let changed = level.and_then(|level| {
            self.filter.reload(Targets::new().with_target(OWN, level)).map(|()| level)
        });
        match changed {
            Ok(level) => {
                tracing::info!(level = %level.as_str().to_ascii_lowercase(), "the log level is changed")
            }
            Err(error) => tracing::error!(%error, "the log level cannot be changed"),
        }
    }
}

/// Starts logging.
pub(super) fn start(format: Format) -> Log {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true)
        .finish(std::io::stderr());
    let (wanted, complaint) = wanted(std::env::var_os(VARIABLE).as_deref());
    let layer = fmt::layer().with_writer(writer).log_internal_errors(false).with_target(false);
    let (wanted, filter) = reload::Layer::new(wanted);
    let lines = tracing_subscriber::registry().with(wanted);
    match format {
        Format::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with(layer.fmt_fields(debug_fn(field).delimited(" ")).with_ansi(colours)).init();
        }
        Format::Json => lines.with(layer.json()).init(),
    }
    std::panic::set_hook(Box::new(faulted));
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
    Log { filter, _writer: guard }
}

/// A field of a line for people: its value is one word, so that no name can pose as another field.
fn field(line: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> std::fmt::Result {
    let (dim, plain) = if line.has_ansi_escapes() { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    match field.name() {
        "message" => write!(line, "{value:?}"),
        // As many lines as it has.
        "backtrace" => write!(line, "backtrace={value:?}"),
        name => {
            let value = format!("{value:?}");
            let is_quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            match is_quoted {
                // A text is in quotes already, its own are escaped.
                Some(_) => write!(line, "{dim}{name}={plain}{value}"),
                None => write!(line, "{dim}{name}={plain}{}", Word(&value)),
            }
        }
    }
}

/// Logs a panic as a normal line, since Rust's own output is not JSON and would block on a stuck
/// pipe. It includes the backtrace if `RUST_BACKTRACE` is set.
fn faulted(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let formatted = payload.downcast_ref::<String>().map(|text| without_data(text));
    let cause = payload.downcast_ref::<&str>().copied().or(formatted);
    let place = panic.location().map(tracing::field::display);
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured)
        .then(|| tracing::field::display(backtrace));
    tracing::error!(cause, place, backtrace, "an internal error of the router (panic)");
}

/// The part of a panic message that holds no data. The standard library quotes the text it could
/// not slice and the error it unwrapped; either may be a key or a prompt.
fn without_data(message: &str) -> &str {
    const NUMBERS_ONLY: [&str; 5] = [
        "index out of bounds: the len is ",
        "range start index ",
        "range end index ",
        "slice index starts at ",
        "copy_from_slice: source slice length ",
    ];
    if NUMBERS_ONLY.iter().any(|known| message.starts_with(known)) {
        return message;
    }
    const UNWRAPPED: &str = "called `Result::unwrap()` on an `Err` value";
    if message.starts_with(UNWRAPPED) { UNWRAPPED } else { "not shown: it may hold data" }
}

/// The filter that ONWARDS_LOG asks for (`info,onwards::upstream=debug`), and a complaint if it is
/// invalid.
fn wanted(said: Option<&OsStr>) -> (Targets, Option<&'static str>) {
    let usual = || Targets::new().with_target(OWN, Level::INFO);
    let Some(said) = said else { return (usual(), None) };
    match said.to_str().map(str::parse::<Targets>) {
        Some(Ok(said)) => own(&said),
        _ => (usual(), Some(NOT_UNDERSTOOD)),
    }
}

/// The part of a filter that applies to the router's own lines.
fn own(said: &Targets) -> (Targets, Option<&'static str>) {
    let most = most(said);
    let is_own = |target: &str| target == OWN || target.starts_with(OWN_PARTS);
    let parts = said.iter().filter(|(target, _)| is_own(target));
    let complaint = said.iter().any(|(target, _)| !is_own(target)).then_some(FOREIGN);
    (Targets::new().with_target(OWN, most).with_targets(parts), complaint)
}

/// The level of the router's own lines, without the levels of its modules.
fn most(filter: &Targets) -> LevelFilter {
    let levels = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
    let most = levels.into_iter().find(|level| filter.would_enable(OWN, level));
    most.map_or(LevelFilter::OFF, LevelFilter::from)
}

const VARIABLE: &str = "ONWARDS_LOG";
/// The crate's name, with which the target of each own line begins.
const OWN: &str = env!("CARGO_CRATE_NAME");
const OWN_PARTS: &str = concat!(env!("CARGO_CRATE_NAME"), "::");
const NOT_UNDERSTOOD: &str = "ONWARDS_LOG is not understood, so `info` is taken; it takes levels \
                              such as `debug` or `info,onwards::upstream=debug`";
const FOREIGN: &str = "ONWARDS_LOG names a library; the lines of libraries are not written, since \
                       they hold headers and URLs";
const LINES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(said: &str) -> (Targets, Option<&'static str>) {
        wanted(Some(OsStr::new(said)))
    }

    #[test]
    fn filter_that_is_not_understood_is_told() {
        let (targets, complaint) = read("info,onwards=debug");
        assert!(targets.would_enable("onwards", &Level::DEBUG) && complaint.is_none());
        let (targets, complaint) = read("onwards=loud");
        assert!(targets.would_enable("onwards", &Level::INFO) && complaint.is_some());
        assert!(wanted(None).0.would_enable("onwards", &Level::INFO));
    }

    #[test]
    fn filter_of_parts_applies_to_the_router() {
        let (targets, complaint) = read("warn,onwards::upstream=trace,onwards::serve=off");
        assert_eq!(complaint, None);
        assert!(targets.would_enable("onwards::upstream::probe", &Level::TRACE));
        assert!(!targets.would_enable("onwards::reload", &Level::INFO));
        assert!(targets.would_enable("onwards::reload", &Level::WARN));
        assert!(!targets.would_enable("onwards::serve::rounds", &Level::ERROR));
        assert!(!read("off").0.would_enable("onwards", &Level::ERROR));
    }

    #[test]
    fn library_never_passes_whatever_the_filter() {
        for said in [
            "trace",
            "error",
            "o=trace",
            "h2=trace",
            "hyper=warn,h=trace",
            "onwards=info,aws_sigv4=trace,=trace",
            "trace,hyper_util::client=trace,rustls=debug",
            "onward=trace",
            "",
        ] {
            let (targets, _) = read(said);
            for library in [
                "h2",
                "hyper",
                "hyper::proto::h1",
                "hyper_util",
                "rustls",
                "reqwest",
                "aws_sigv4",
                "aws_credential_types",
                "notify",
                "axum",
                "tower",
                "tokio",
                "opentelemetry",
                "o",
                "",
            ] {
                assert!(!targets.would_enable(library, &Level::ERROR), "{said}: {library}");
            }
        }
        assert_eq!(read("debug,hyper=trace").1, Some(FOREIGN));
    }

    #[test]
    fn panic_message_that_may_hold_data_is_not_shown() {
        let key = "sk-live-é";
        let cut = std::panic::catch_unwind(|| key[..9].len()).unwrap_err();
        let cut = cut.downcast::<String>().unwrap();
        assert!(cut.contains(key) && !without_data(&cut).contains("sk-"), "{cut}");
        let message = format!("called `Result::unwrap()` on an `Err` value: \"{key}\"");
        assert!(!without_data(&message).contains("sk-"));
        let numbers = "index out of bounds: the len is 3 but the index is 5";
        assert_eq!(without_data(numbers), numbers);
    }
}
