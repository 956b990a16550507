//! How OpenAI Chat Completions is asked for, and everything else that only OpenAI has.
//!
//! It never knows what a body says.

use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::profile::{Profile, Stream};

/// What this protocol does beside its bodies.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    likely_end: Some("/completions"),
    is_openais: true,
    // Providers that leave `[DONE]` out have still said why they finished.
    stream: Stream {
        ends: &["data: [DONE]", "data:[DONE]", "\"finish_reason\":\"", "\"finish_reason\": \""],
        last: &["data: [DONE]", "data:[DONE]"],
        ..Stream::USUAL
    },
    ..Profile::USUAL
};

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v1/chat/completions", Operation::Generate, Asked::Body),
    row("/v1/embeddings", Operation::Embed, Asked::Whole),
    row("/v1/completions", Operation::Native, Asked::Body),
    row("/v1/moderations", Operation::Native, Asked::Whole),
    row("/v1/audio/*", Operation::Native, Asked::Body),
    row("/v1/images/*", Operation::Native, Asked::Body),
    row("/v1/files", Operation::Native, Asked::Whole),
    row("/v1/files/*", Operation::Native, Asked::Whole),
    row("/v1/uploads", Operation::Native, Asked::Whole),
    row("/v1/uploads/*", Operation::Native, Asked::Whole),
    row("/v1/batches", Operation::Native, Asked::Whole),
    row("/v1/batches/*", Operation::Native, Asked::Whole),
];
