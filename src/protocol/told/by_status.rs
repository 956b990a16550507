//! An error that is a sentence alone, as Cohere's are and those of its models elsewhere: the status says
//! the kind, and sometimes the sentence.

use super::{At, Told, is_about_context};
use crate::failure::{Failure, Kind};

/// Reads an error inside a success; without a number of its own it is the vendor's fault.
pub(in crate::protocol) fn read_inside(at: At, body: &[u8], message: &str) -> Failure {
    let told = Told::inside(at, body);
    told.failure(kind_of(told.status(), message), message)
}

/// The kind that a status and a sentence stand for.
pub(in crate::protocol) fn kind_of(status: Option<u16>, message: &str) -> Kind {
    match status.map_or(Kind::Server, kind_of_status) {
        Kind::InvalidRequest if is_about_context(message) => Kind::ContextWindow,
        // A trial key's month, which no waiting shortens.
        Kind::RateLimit if message.to_ascii_lowercase().contains("month") => Kind::Quota,
        kind => kind,
    }
}

/// The kind that a status stands for, with the vendor's own ones.
pub(in crate::protocol) fn kind_of_status(status: u16) -> Kind {
    match status {
        498 => Kind::Authentication,
        499 => Kind::Timeout,
        status => Kind::from_status(status),
    }
}
