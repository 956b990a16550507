//! Which rarely used headers a request has, found in one walk over all of them. Searching a missing
//! name costs its hash, and five such searches cost more than the walk.

use http::{HeaderMap, HeaderValue};

/// Listed headers that a request may have. A header removed later may still be marked; one that is
/// not marked was not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rare(u8);

/// A rarely used header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// The hop-by-hop headers.
    Connection,
    /// The encoding of the body.
    ContentEncoding,
    /// The alias.
    ModelOverride,
    /// The client's request ID.
    RequestId,
    /// The client's timeout.
    TimeoutMs,
    /// When the client wants its stream to begin.
    Commit,
    /// The client's requirements on providers.
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

    /// The reverse; a match, since the length alone excludes nearly every header.
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
