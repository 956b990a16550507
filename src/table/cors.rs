//! Which pages may call from a browser.
//!
//! It knows no request.

use http::HeaderValue;

/// The origins of pages that may call, and the headers that they may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cors {
    /// As browsers write them; `*` is any.
    pub(crate) origins: Vec<HeaderValue>,
    /// What a preflight is told; what it asked for where absent.
    pub(crate) headers: Option<HeaderValue>,
}

impl Cors {
    /// Whether pages of this origin may call.
    pub(crate) fn permits(&self, origin: &HeaderValue) -> bool {
        let is_it = |own: &HeaderValue| own.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
        self.permits_any() || self.origins.iter().any(is_it)
    }

    /// Whether any page may.
    pub(crate) fn permits_any(&self) -> bool {
        self.origins.iter().any(|own| own == "*")
    }
}
