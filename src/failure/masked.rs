//! The status and message that a client gets for a masked provider error. They contain no text of a
//! provider.

use super::{Class, Failure, Kind};

impl Failure {
    /// The masked failure for a provider's error with this status and class.
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

    /// The same for an error in place of an answer or inside one. Its own number counts, otherwise
    /// its words.
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

/// The status for the client.
fn shown(status: u16) -> u16 {
    match status {
        // An error of the router's credential is not shown to the client.
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
/// Its code, and that of the following ones, is that of the kind in the client's protocol.
const TOO_LONG: Row = Row {
    status: 400,
    kind: Kind::ContextWindow,
    code: None,
    message: "The request is longer than this model allows: shorten it.",
};
const FILTERED: Row = Row {
    status: 400,
    kind: Kind::ContentFilter,
    code: None,
    message: "The provider of this model filtered the content.",
};
const LIMITED: Row = Row {
    status: 429,
    kind: Kind::RateLimit,
    code: None,
    message: "The provider of this model accepts no more requests at the moment; try again later.",
};
#[rustfmt::skip]
const ROWS: [Row; 7] = [
    row(404, Kind::NotFound, "upstream_not_found",
        "The provider of this model did not find the requested resource."),
    row(413, Kind::TooLarge, "upstream_refused",
        "The request is larger than the provider of this model allows."),
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
