//! The finish reasons of this protocol and their neutral equivalents.

use crate::protocol::conversation::Finish;

/// Why an answer ended; an unknown reason is the usual one.
pub(super) fn read_finish(reason: &str) -> Finish {
    match reason {
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "OTHER" | "BLOCKLIST" | "PROHIBITED_CONTENT"
        | "SPII" | "MODEL_ARMOR" | "NO_IMAGE" => Finish::ContentFilter,
        reason if reason.starts_with("IMAGE_") => Finish::ContentFilter,
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE" => Finish::Malformed,
        _ => Finish::Stop,
    }
}

/// Why an answer ended, in this protocol's words.
pub(super) fn write_finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::ToolCalls => "STOP",
        // An interrupted answer must not look like a complete one.
        Finish::Length | Finish::ContextWindow | Finish::Pause => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
        Finish::Malformed => "MALFORMED_FUNCTION_CALL",
    }
}
