//! Which of the headers that few requests bear one has: told by one walk over all of them.
//!
//! To look for a name that is not there costs its hash, and five such looks cost more than the walk.
//! It never says what a header holds before somebody asks.

use http::{HeaderMap, HeaderValue};

/// The headers of the list below that a request may have. One that was removed since may still be
/// told; one that is not told was not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rare(u8);

/// A header that few requests bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// What belongs to this connection alone.
    Connection,
    /// How the body is packed.
    ContentEncoding,
    /// The alias.
    ModelOverride,
    /// What the client calls the request.
    RequestId,
    /// How long the client waits.
    TimeoutMs,
    /// When the client would have its stream begin.
    Commit,
    /// What the client requires of providers.
    Require,
}

impl Name {
    /// As it is written.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::ContentEncoding => "content-encoding",
            Self::ModelOverride => "model-override",
            Self::RequestId => "x-request-id",
            Self::TimeoutMs => "x-onwards-timeout-ms",
            Self::Commit => "x-onwards-commit",
            Self::Require => "x-onwards-require",
        }
    }

    /// The list the other way round: a match, since the lengths alone rule nearly every header out.
    fn of(text: &str) -> Option<Self> {
        match text {
            "connection" => Some(Self::Connection),
            "content-encoding" => Some(Self::ContentEncoding),
            "model-override" => Some(Self::ModelOverride),
            "x-request-id" => Some(Self::RequestId),
            "x-onwards-timeout-ms" => Some(Self::TimeoutMs),
            "x-onwards-commit" => Some(Self::Commit),
            "x-onwards-require" => Some(Self::Require),
            _ => None,
        }
    }
}

impl Rare {
    /// Those of a request.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let bit = |name: Name| 1 << name as u8;
        Self(
            headers
                .keys()
                .filter_map(|it| Name::of(it.as_str()))
                .map(bit)
                .fold(0, |all, it| all | it),
        )
    }

    /// Whether the request may have this one.
    pub(crate) fn has(self, name: Name) -> bool {
        self.0 & (1 << name as u8) != 0
    }

    /// The first value of this one among the request's headers.
    pub(crate) fn get(self, headers: &HeaderMap, name: Name) -> Option<&HeaderValue> {
        if self.has(name) { headers.get(name.text()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Name; 7] = [
        Name::Connection,
        Name::ContentEncoding,
        Name::ModelOverride,
        Name::RequestId,
        Name::TimeoutMs,
        Name::Commit,
        Name::Require,
    ];

    #[test]
    fn each_is_found_under_its_own_name_and_no_other() {
        for name in ALL {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("a"));
            headers.insert(name.text(), HeaderValue::from_static("b"));
            let rare = Rare::of(&headers);
            for other in ALL {
                let value = rare.get(&headers, other).map(HeaderValue::as_bytes);
                assert_eq!(value, (other == name).then_some(&b"b"[..]), "{name:?} {other:?}");
            }
            headers.remove(name.text());
            assert_eq!(rare.get(&headers, name), None, "it was removed since");
        }
        assert_eq!(Rare::of(&HeaderMap::new()), Rare::default());
    }
}
