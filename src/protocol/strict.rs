//! The declared fields of the protocols, and what is done with them: answers are cleaned down to them
//! and requests are checked against them, both by span on the original bytes.
//!
//! It never builds a tree, and never prints a value anew that stays as it is.

pub(crate) mod shape;
mod cursor;
mod edits;
pub(crate) mod clean;
pub(crate) mod events;
pub(crate) mod want;
pub(crate) mod check;
pub mod trial;

#[cfg(test)]
mod tests;

use super::{Endpoint, Protocol};
use shape::Declared;

/// What an endpoint's requests and answers hold; `None` where no protocol says.
pub(crate) fn declared(endpoint: &Endpoint, path: &str) -> Option<&'static Declared> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let rows = of(endpoint.protocol);
    rows.iter().find(|row| row.operation == endpoint.operation && path.ends_with(row.ends))
}

fn of(protocol: Protocol) -> &'static [Declared] {
    protocol.profile().declared
}
