//! The finish reasons of this protocol and their neutral equivalents.

use crate::protocol::conversation::Finish;

/// Why an answer ended; an unknown reason is the usual one.
pub(super) fn read_finish(reason: &str) -> Finish {
    match reason {
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextWindow,
        "stop_sequence" => Finish::StopSequence,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        "pause_turn" => Finish::Pause,
        _ => Finish::Stop,
    }
}

/// Why an answer ended, in this protocol's words.
pub(super) fn write_finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence => "stop_sequence",
        // A broken answer must not look like a complete one.
        Finish::Length | Finish::Malformed => "max_tokens",
        Finish::ContextWindow => "model_context_window_exceeded",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => "refusal",
        Finish::Pause => "pause_turn",
    }
}
