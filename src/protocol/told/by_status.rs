//! An error that is only a message, as of Cohere and its models elsewhere: the status gives the
//! kind, and sometimes the message does.

use super::{At, Told, is_about_context};
use crate::failure::{Failure, Kind};

/// Reads an error inside a success; without a number of its own it is the vendor's fault.
pub(in crate::protocol) fn read_inside(at: At, body: &[u8], message: &str) -> Failure {
    let told = Told::inside(at, body);
    told.failure(kind_of(told.status(), message), message)
}

/// The kind of a status and a message.
pub(in crate::protocol) fn kind_of(status: Option<u16>, message: &str) -> Kind {
    match status.map_or(Kind::Server, kind_of_status) {
        Kind::InvalidRequest if is_about_context(message) => Kind::ContextWindow,
        // The monthly limit of a trial key: waiting for a moment does not help.
        Kind::RateLimit if message.to_ascii_lowercase().contains("month") => Kind::Quota,
        kind => kind,
    }
}

/// The kind of a status, including vendors' own.
pub(in crate::protocol) fn kind_of_status(status: u16) -> Kind {
    match status {
        498 => Kind::Authentication,
        499 => Kind::Timeout,
        status => Kind::from_status(status),
    }
}
