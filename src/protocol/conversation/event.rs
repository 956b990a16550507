//! The events of a stream. `codec::StreamReader` documents their order.

use super::marks::Signature;
use super::reply::{Finish, Usage};
use crate::failure::Failure;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The answer begins.
    Start {
        /// The vendor's id of it, for logs.
        id: Option<String>,
        /// The vendor's name of the model.
        model: Option<String>,
    },
    /// More text. The first delta of a part begins it.
    Text(String),
    /// More reasoning.
    Reasoning(String),
    /// The previous reasoning is complete, with this signature; without reasoning before it, it is
    /// a part of its own.
    ReasoningSignature(Signature),
    /// Reasoning in sealed form only: a part of its own, followed by its `PartEnd`.
    Redacted(Signature),
    /// More of the model's refusal.
    Refusal(String),
    /// A tool call begins.
    ToolCallStart {
        /// Counts tool calls from 0.
        index: u32,
        /// Names the call, for its result.
        id: String,
        /// The tool, by the client's name.
        name: String,
        /// The vendor's proof of the call.
        signature: Option<Signature>,
    },
    /// More of the JSON text of a call's arguments.
    ToolCallDelta {
        /// Which call.
        index: u32,
        /// The text.
        json: String,
    },
    /// The part is complete.
    PartEnd,
    /// The answer ends.
    Finish {
        /// Why.
        reason: Finish,
        /// The stop sequence that ended it, if the vendor reports it.
        stop_sequence: Option<String>,
    },
    /// What was used so far; the last one counts.
    Usage(Usage),
    /// A sign of life.
    Ping,
    /// The stream is complete.
    Done,
    /// The stream is broken.
    Failure(Failure),
}

impl Event {
    /// Whether it ends the stream.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done | Self::Failure(_))
    }

    /// Whether a client would miss it if the stream were begun again elsewhere.
    pub(crate) fn is_content(&self) -> bool {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Refusal(text) => !text.is_empty(),
            Self::ToolCallDelta { json, .. } => !json.is_empty(),
            Self::Start { .. } | Self::Ping | Self::Usage(_) | Self::Failure(_) | Self::PartEnd => {
                false
            }
            Self::ReasoningSignature(_)
            | Self::Redacted(_)
            | Self::ToolCallStart { .. }
            | Self::Finish { .. }
            | Self::Done => true,
        }
    }

    /// About how many bytes a writer holds that keeps it.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Refusal(text) => text.len(),
            Self::ToolCallDelta { json, .. } => json.len(),
            Self::ReasoningSignature(proof) | Self::Redacted(proof) => proof.value.len(),
            Self::ToolCallStart { id, name, .. } => id.len() + name.len() + A_PART,
            Self::PartEnd => A_PART,
            _ => 0,
        }
    }
}

/// The overhead of a part besides its text.
const A_PART: usize = 256;

/// The vendor's name of the model, if it is short enough to repeat in every chunk.
pub(crate) fn named(model: Option<&str>) -> Option<&str> {
    model.filter(|model| (1..=LONGEST_NAME).contains(&model.len()))
}

const LONGEST_NAME: usize = 256;
