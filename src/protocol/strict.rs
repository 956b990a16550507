//! Strict mode: the declared fields of the protocols, to which answers are reduced and against
//! which requests are checked, both by span on the original bytes.

pub(crate) mod shape;
mod cursor;
mod digits;
mod edits;
pub(crate) mod forms;
pub(crate) mod moderation;
pub(crate) mod clean;
pub(crate) mod events;
pub(crate) mod want;
pub(crate) mod check;
pub mod trial;

#[cfg(test)]
mod tests;

use super::{Endpoint, Protocol};
use shape::Declared;

/// The fields of an endpoint's requests and answers; `None` if no protocol declares them.
pub(crate) fn declared(endpoint: &Endpoint, path: &str) -> Option<&'static Declared> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let rows = of(endpoint.protocol);
    rows.iter().find(|row| row.operation == endpoint.operation && path.ends_with(row.ends))
}

fn of(protocol: Protocol) -> &'static [Declared] {
    protocol.profile().declared
}
