//! How Cohere v2 chat is asked for.
//!
//! It never knows what a body says.

use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::family::{Family as F, Word, word};
use crate::protocol::profile::{Profile, Stream};

/// What this protocol does beside its bodies.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    words: WORDS,
    hosts: &["api.cohere.com", "api.cohere.ai"],
    stream: Stream {
        ends: &["\"message-end\""],
        places: &[&["type"]],
        last: &["\"message-end\""],
        tells_errors: false,
        ..Stream::USUAL
    },
    ..Profile::USUAL
};

#[rustfmt::skip]
const ENDPOINTS: &[Row] = &[
    row("/v2/chat", Operation::Generate, Asked::Body),
    row("/v2/embed", Operation::Embed, Asked::Whole),
];

#[rustfmt::skip]
const WORDS: &[Word] = &[
    word("embed", F::Inference),
    word("generate", F::Inference),
    word("classify", F::Inference),
    word("summarize", F::Inference),
    word("tokenize", F::Inference),
    word("detokenize", F::Inference),
    word("embed-jobs", F::Batches),
    word("datasets", F::Files).with_forms(),
    word("finetuning", F::FineTuning),
    word("check-api-key", F::Administration),
];
