//! What a client is told of a provider's error where the errors of providers are masked: a status and
//! a sentence of the router's own.
//!
//! It never holds a word that a provider wrote.

use super::{Class, Failure, Kind};

impl Failure {
    /// The failure that stands for a provider's error of this status and class.
    pub(crate) fn masked(status: u16, class: Class) -> Self {
        let status = shown(status);
        let row = match (status, class) {
            (400 | 422, Class::ContextWindow) => TOO_LONG,
            (400, Class::ContentFilter) => FILTERED,
            _ => *ROWS.iter().find(|row| row.status == status).unwrap_or(match status {
                400..=499 => &REFUSED,
                _ => &BROKEN,
            }),
        };
        let failure = Self::new(row.kind, row.message);
        Self { status, ..failure }.with_code(row.code.map(str::to_owned))
    }

    /// The same for an error that a provider told in the place of an answer, or in the midst of one.
    /// Its own number counts, else what its words stand for.
    pub(crate) fn masked_of(told: &Self, class: Class) -> Self {
        let status = match told.status {
            BAD_GATEWAY => told.kind.status(),
            status => status,
        };
        Self { retry_after: told.retry_after, ..Self::masked(status, class) }
    }
}

/// One row of the table.
#[derive(Clone, Copy)]
struct Row {
    status: u16,
    kind: Kind,
    code: Option<&'static str>,
    message: &'static str,
}

const fn row(status: u16, kind: Kind, code: &'static str, message: &'static str) -> Row {
    Row { status, kind, code: Some(code), message }
}

/// The status that a client gets for a provider's.
fn shown(status: u16) -> u16 {
    match status {
        // What the provider holds against the router is not the client's to know.
        401 | 402 | 403 | 407 | 451 => BAD_GATEWAY,
        408 => 504,
        400..=417 | 421..=426 | 428 | 429 | 431 => status,
        418..=499 => 400,
        500..=508 | 510 | 511 => status,
        _ => BAD_GATEWAY,
    }
}

const BAD_GATEWAY: u16 = 502;
const REFUSED: Row = row(
    400,
    Kind::InvalidRequest,
    "upstream_refused",
    "The provider of this model refused the request.",
);
const BROKEN: Row = row(
    500,
    Kind::Server,
    "upstream_error",
    "The provider of this model failed to serve the request.",
);
/// Its code, as that of the next ones, is the kind\'s in the client\'s protocol.
const TOO_LONG: Row = Row {
    status: 400,
    kind: Kind::ContextWindow,
    code: None,
    message: "The request is longer than this model takes: shorten it.",
};
const FILTERED: Row = Row {
    status: 400,
    kind: Kind::ContentFilter,
    code: None,
    message: "The provider of this model filters what was asked.",
};
const LIMITED: Row = Row {
    status: 429,
    kind: Kind::RateLimit,
    code: None,
    message: "The provider of this model takes no more requests for now; try again later.",
};
#[rustfmt::skip]
const ROWS: [Row; 7] = [
    row(404, Kind::NotFound, "upstream_not_found",
        "The provider of this model did not find what was asked for."),
    row(413, Kind::TooLarge, "upstream_refused",
        "The request is larger than the provider of this model takes."),
    row(422, Kind::InvalidRequest, "upstream_refused",
        "The provider of this model cannot process the request."),
    LIMITED,
    row(502, Kind::Server, "bad_gateway", "Bad gateway"),
    row(503, Kind::Unavailable, "upstream_error",
        "The provider of this model is not available; try again later."),
    row(504, Kind::Timeout, "gateway_timeout",
        "The provider of this model did not answer in time."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_of_a_provider_gives_the_clients() {
        let table = [
            (401, 502, Kind::Server),
            (402, 502, Kind::Server),
            (403, 502, Kind::Server),
            (451, 502, Kind::Server),
            (408, 504, Kind::Timeout),
            (400, 400, Kind::InvalidRequest),
            (404, 404, Kind::NotFound),
            (413, 413, Kind::TooLarge),
            (422, 422, Kind::InvalidRequest),
            (409, 409, Kind::InvalidRequest),
            (420, 400, Kind::InvalidRequest),
            (498, 400, Kind::InvalidRequest),
            (429, 429, Kind::RateLimit),
            (500, 500, Kind::Server),
            (503, 503, Kind::Unavailable),
            (509, 502, Kind::Server),
            (529, 502, Kind::Server),
            (599, 502, Kind::Server),
            (302, 502, Kind::Server),
        ];
        for (theirs, ours, kind) in table {
            let masked = Failure::masked(theirs, Class::of_status(theirs));
            assert_eq!((masked.status, masked.kind), (ours, kind), "{theirs}");
            assert!(!masked.message.is_empty(), "{theirs}");
        }
    }

    #[test]
    fn words_count_where_an_error_has_no_number_of_its_own() {
        let told = Failure { status: 502, ..Failure::new(Kind::RateLimit, "slow down, sk-1") };
        let masked = Failure::masked_of(&told, Class::RateLimit);
        assert_eq!((masked.status, masked.kind), (429, Kind::RateLimit));
        assert!(!masked.message.contains("sk-1"));
        let told = Failure::new(Kind::ContextWindow, "12 tokens too long");
        let masked = Failure::masked_of(&told, Class::ContextWindow);
        assert_eq!((masked.status, masked.kind), (400, Kind::ContextWindow));
    }
}
