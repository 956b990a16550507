//! Starts the access log as the flags configure it.

use std::{
    fs::File,
    io::{self, IsTerminal as _},
    os::fd::AsFd as _,
    sync::Arc,
};

use prometheus::IntCounter;

use super::arguments::{AccessLogTo as To, Arguments};
use crate::{
    record::Report,
    report::{
        AccessLog,
        access_log::{Format, Queue, Rotation, Sink, Writer},
    },
};

/// The running access log: the report that receives each request, its queue, and the writer thread,
/// which ends when this is dropped.
pub(super) struct Running {
    pub report: Arc<dyn Report>,
    pub queue: Arc<Queue>,
    _writer: Writer,
}

/// Starts the access log; `None` if it is off.
pub(super) fn start(arguments: &Arguments, dropped: IntCounter) -> Result<Option<Running>, String> {
    let (sink, is_terminal) = match &arguments.access_log {
        To::Off => return Ok(None),
        To::Stdout => {
            // As a file, since the library's buffer would hide which lines were written.
            let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
            let stdout = stdout.map_err(|error| format!("--access-log stdout: {error}"))?;
            (Sink::stream(stdout), io::stdout().is_terminal())
        }
        To::File(path) => {
            let max_size = arguments.access_log_max_size;
            let rotation = Rotation { max_size, keep: arguments.access_log_keep };
            let sink = Sink::file(path.clone(), rotation);
            let problem = |error| format!("--access-log {}: {error}", path.display());
            (sink.map_err(problem)?, false)
        }
    };
    let usual = if is_terminal { Format::Text } else { Format::Json };
    let format = arguments.access_log_format.unwrap_or(usual);
    let started = Queue::start(sink, dropped);
    let (queue, writer) = started.map_err(|error| format!("the access log: {error}"))?;
    let report = AccessLog::new(format, Arc::clone(&queue));
    Ok(Some(Running { report, queue, _writer: writer }))
}
