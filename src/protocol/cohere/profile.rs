//! How Cohere v2 chat is asked for.
//!
//! It never knows what a body says.

use crate::protocol::endpoint::{Asked, Operation, Row, row};
use crate::protocol::profile::{Profile, Stream};

/// What this protocol does beside its bodies.
pub(in crate::protocol) const PROFILE: Profile = Profile {
    endpoints: ENDPOINTS,
    stream: Stream {
        ends: &["\"message-end\""],
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
