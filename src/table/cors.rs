//! The settings for cross-origin requests.

use http::HeaderValue;

/// The allowed origins and request headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cors {
    /// As browsers send them; `*` is any.
    pub(crate) origins: Vec<HeaderValue>,
    /// The answer to a preflight; `None` repeats what it asked for.
    pub(crate) headers: Option<HeaderValue>,
}

impl Cors {
    /// Whether this origin is allowed.
    pub(crate) fn permits(&self, origin: &HeaderValue) -> bool {
        let is_it = |own: &HeaderValue| own.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
        self.permits_any() || self.origins.iter().any(is_it)
    }

    /// Whether every origin is allowed.
    pub(crate) fn permits_any(&self) -> bool {
        self.origins.iter().any(|own| own == "*")
    }
}
