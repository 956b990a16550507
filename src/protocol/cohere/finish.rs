//! Why an answer ended, in this protocol's words and in neutral ones.

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

/// Why an answer ended, in this protocol's words. It has none for a filter, and what it calls an
/// error is a failure: an answer that is not complete has reached a limit.
pub(super) fn write_finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "COMPLETE",
        Finish::StopSequence => "STOP_SEQUENCE",
        Finish::ToolCalls => "TOOL_CALL",
        Finish::Length | Finish::ContextWindow | Finish::Pause | Finish::Malformed => "MAX_TOKENS",
        Finish::ContentFilter => "ERROR_TOXIC",
    }
}
