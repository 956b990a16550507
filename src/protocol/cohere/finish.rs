//! The finish reasons of this protocol and their neutral equivalents.

use crate::protocol::conversation::{Finish, Kind};

/// Why an answer ended; an unknown reason is the usual one. Some reasons are failures.
pub(super) fn read_finish(reason: &str) -> Result<Finish, Kind> {
    Ok(match reason {
        "STOP_SEQUENCE" => Finish::StopSequence,
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::ToolCalls,
        "ERROR_TOXIC" => Finish::ContentFilter,
        "ERROR_LIMIT" => Finish::ContextWindow,
        "ERROR" => return Err(Kind::Server),
        "TIMEOUT" => return Err(Kind::Timeout),
        _ => Finish::Stop,
    })
}

/// The finish reason in this protocol. It has none for a filter, and its `ERROR` means a failure,
/// so an incomplete answer has reached a limit.
pub(super) fn write_finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "COMPLETE",
        Finish::StopSequence => "STOP_SEQUENCE",
        Finish::ToolCalls => "TOOL_CALL",
        Finish::Length | Finish::ContextWindow | Finish::Pause | Finish::Malformed => "MAX_TOKENS",
        Finish::ContentFilter => "ERROR_TOXIC",
    }
}
