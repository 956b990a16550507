//! A failed attempt: how it failed, its class, and what the provider said.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{
    answer::Answer,
    barrier::{Barrier, Kind, Unreached},
    client::SendError,
    dial::DialError,
    headers, headroom,
    identity::Unfetched,
    wait::{self, LONGEST_WAIT},
};
use crate::{
    failure::{Brief, Class, ErrorClasses, Failure, What},
    protocol::{Protocol, conversation::Usage},
};

/// A failed attempt.
pub(crate) struct Failed {
    /// What happened, and its class.
    pub(crate) failure: Brief,
    /// The provider's `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// What prevented a connection, if that is known.
    pub(crate) barrier: Option<Barrier>,
    /// The cause; empty where the status says it all.
    pub(super) cause: String,
    /// The provider's answer, if there was one.
    pub(crate) answer: Option<Box<Answer>>,
    /// The tokens that it reported before it failed.
    pub(crate) usage: Option<Usage>,
    /// The provider's own text, if its answer was translated and its errors are masked.
    pub(crate) said: Option<Box<Bytes>>,
}

impl Failed {
    pub(super) fn new(what: What, cause: String) -> Self {
        Self {
            failure: what.into(),
            retry_after: None,
            barrier: None,
            cause,
            answer: None,
            said: None,
            usage: None,
        }
    }

    /// An error by the status of the answer.
    pub(super) fn by_status(answer: Box<Answer>) -> Self {
        let status = answer.status.as_u16();
        Self {
            retry_after: retry_after(&answer.headers),
            answer: Some(answer),
            ..Self::new(What::Status(status), String::new())
        }
    }

    /// The cause, for the operator; never for a client.
    pub(crate) fn cause(&self) -> Cow<'_, str> {
        match self.failure.what {
            What::Status(status) if self.cause.is_empty() => format!("answered {status}").into(),
            _ => self.cause.as_str().into(),
        }
    }

    /// The same with the reported tokens.
    pub(super) fn after(self, usage: Option<Usage>) -> Self {
        Self { usage: usage.or(self.usage), ..self }
    }

    pub(super) fn late(class: Class) -> Self {
        let failure = Brief { what: What::Timeout, class };
        Self { failure, ..Self::new(What::Timeout, "not accepted in time".into()) }
    }

    pub(super) fn silent() -> Self {
        Self::new(What::Timeout, "no response headers in time".into())
    }

    /// The same with what the error body says, if all of it was read.
    pub(super) fn read(mut self, protocol: Protocol, classes: &ErrorClasses) -> Self {
        if let (What::Status(status), Some(answer)) = (self.failure.what, &self.answer)
            && let Some(body) = answer.body.whole()
        {
            let said = protocol.codec().read_error(status, &answer.headers, &body);
            self.failure = said.brief(classes);
            self.retry_after = said.retry_after.or(self.retry_after);
        }
        self
    }

    pub(super) fn malformed(status: StatusCode, cause: &str) -> Self {
        Self::new(What::Malformed(Some(status.as_u16())), cause.into())
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self::new(What::Malformed(Some(status.as_u16())), "the answer is empty".into())
    }

    /// An error inside a success, classified by the error itself.
    pub(super) fn inside(
        mut answer: Box<Answer>,
        json: Bytes,
        protocol: Protocol,
        classes: &ErrorClasses,
    ) -> Self {
        let said = protocol.codec().read_error_inside(&answer.headers, &json);
        let usage = answer.told_so_far(protocol);
        answer.status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::BAD_GATEWAY);
        answer.replace_body("application/json", json);
        let failure = said.brief(classes);
        Self {
            failure,
            retry_after: said.retry_after.or_else(|| retry_after(&answer.headers)),
            answer: Some(answer),
            usage,
            ..Self::new(failure.what, format!("an error {} inside a 200", said.status))
        }
    }

    /// An error inside a stream of frames.
    pub(super) fn told(
        mut answer: Box<Answer>,
        said: &Failure,
        protocol: Protocol,
        classes: &ErrorClasses,
    ) -> Self {
        let written = protocol.codec().write_error(said, "");
        let usage = answer.told_so_far(protocol);
        answer.status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::BAD_GATEWAY);
        answer.headers.extend(written.headers.into_iter().filter_map(headers::own));
        answer.replace_body("application/json", written.body.into());
        let failure = said.brief(classes);
        Self {
            failure,
            retry_after: said.retry_after.or_else(|| retry_after(&answer.headers)),
            answer: Some(answer),
            usage,
            ..Self::new(failure.what, format!("told an error {} in its stream", said.status))
        }
    }

    pub(super) fn from_dial(error: DialError) -> Self {
        match error {
            DialError::Timeout => Self::new(What::Timeout, "no connection in time".into()),
            DialError::Unreached(unreached) => Self::unreached(unreached),
        }
    }

    pub(super) fn unreached(Unreached { barrier, cause }: Unreached) -> Self {
        Self { barrier: Some(barrier), ..Self::new(What::Connect, cause) }
    }

    /// The credential is not available. The provider itself has refused nothing.
    pub(super) fn from_unfetched(unfetched: &Unfetched) -> Self {
        let class = if unfetched.refused { Class::Credential } else { Class::Unreachable };
        let cause = format!("no credential to ask with: {}", unfetched.cause);
        let failure = Brief { what: What::Connect, class };
        Self { failure, ..Self::unreached(Unreached::new(Kind::Credential, cause)) }
    }

    pub(super) fn from_send(error: SendError) -> Self {
        match error {
            SendError::Unsent | SendError::Stale => {
                Self::new(What::Reset, "broke off before an answer".into())
            }
            SendError::BrokenOff(cause) => Self::new(What::Reset, cause),
            SendError::Late(cause) => Self::new(What::Timeout, cause),
            SendError::Malformed(cause) => Self::new(What::Malformed(None), cause),
        }
    }
}

/// The wait that the headers name, otherwise until the exhausted limits reset; at most a day.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    wait::said(headers).or_else(|| headroom::wait(headers).map(|wait| wait.min(LONGEST_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_bounded_or_unread() {
        let day = Some(LONGEST_WAIT.as_millis());
        let table = [
            ("retry-after", "3", Some(3_000)),
            ("retry-after", "1.5", Some(1_500)),
            ("retry-after", "0", Some(0)),
            ("retry-after", "86401", day),
            ("retry-after", "99999999999999999999999", day),
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", day),
            ("retry-after", "-5", None),
            ("retry-after", "+5", None),
            ("retry-after", "1e3", None),
            ("retry-after", "inf", None),
            ("retry-after", "NaN", None),
            ("retry-after", "soon", None),
            ("retry-after", "", None),
            ("retry-after-ms", "250", Some(250)),
            ("x-ms-retry-after-ms", "7000", Some(7_000)),
            ("retry-after-ms", "18446744073709551615", day),
            ("retry-after-ms", "99999999999999999999999", day),
            ("retry-after-ms", "-1", None),
        ];
        for (name, value, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let said = retry_after(&headers).map(|wait| wait.as_millis());
            assert_eq!(said, expected, "{name}: {value}");
            let shown = wait::shown(&name.parse().unwrap(), value.parse().unwrap());
            let alone = shown.map(|it| HeaderMap::from_iter([(name.parse().unwrap(), it)]));
            let again = alone.and_then(|it| retry_after(&it)).map(|wait| wait.as_millis());
            assert_eq!(again, expected, "{name}: {value}");
        }
    }
}
