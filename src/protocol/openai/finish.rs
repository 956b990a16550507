//! The finish reasons of this protocol and their neutral equivalents.

use crate::protocol::conversation::Finish;

/// Why an answer ended; an unknown reason is the usual one.
pub(super) fn read_finish(reason: &str) -> Finish {
    match reason {
        "length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Stop,
    }
}

/// Why an answer ended, in this protocol's words.
pub(super) fn write_finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence => "stop",
        // A broken or interrupted answer must not look like a complete one.
        Finish::Length | Finish::ContextWindow | Finish::Pause | Finish::Malformed => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}
