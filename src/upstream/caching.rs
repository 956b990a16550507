//! Adds the cache mark for a client that sets none, to a request that is otherwise unchanged: one
//! member of its body. Only if the file asks for it.

use bytes::Bytes;
use memchr::memmem;

use super::inbound::Inbound;
use crate::{
    body::{self, Pieces},
    protocol::{Operation, codec::Platform},
    table::Provider,
};

/// The body with the mark, if the protocol has one for the whole request and the client has set
/// none.
pub(super) fn marked(inbound: &Inbound, provider: &Provider, body: Pieces) -> Pieces {
    let is_at_home = provider.platform == Platform::Own;
    let Some(endpoint) = inbound.endpoint.as_ref().filter(|_| is_at_home) else { return body };
    let is_own =
        endpoint.protocol == provider.protocol && endpoint.operation == Operation::Generate;
    let Some(mark) = provider.protocol.profile().cache_mark.filter(|_| is_own) else { return body };
    let is_set = memmem::find(&body.to_bytes(), mark.known_by.as_bytes()).is_some();
    match body::first_brace(&body).filter(|_| !is_set) {
        Some(brace) => body.replace(brace..brace + 1, Bytes::from(format!("{{{},", mark.member))),
        None => body,
    }
}
