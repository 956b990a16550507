//! Compiles configured headers, and refuses values that could split a response.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::Compiler;
use crate::{config::Path, table::pool::Headers};

impl Compiler<'_> {
    /// Headers to set; `path` is their place in the file.
    pub(super) fn headers(
        &mut self,
        raw: Option<&BTreeMap<String, String>>,
        path: &Path,
    ) -> Headers {
        let mut headers = Headers::with_capacity(raw.map_or(0, BTreeMap::len));
        for (name, value) in raw.into_iter().flatten() {
            let at = path.key(name);
            let Some(name) = self.header_name(name, &at) else { continue };
            match HeaderValue::try_from(value.as_str()) {
                Err(_) => self.problem(&at, "this is not a valid header value", None),
                Ok(value) => headers.push((name, value)),
            }
        }
        headers
    }

    /// The name of a configurable header.
    pub(super) fn header_name(&mut self, name: &str, at: &Path) -> Option<HeaderName> {
        let Ok(name) = HeaderName::try_from(name) else {
            self.problem(at, "this is not a valid header name", None);
            return None;
        };
        if is_framing(&name) {
            let message = format!("the router sets `{name}` itself");
            self.problem(at, message, Some("remove it".into()));
            return None;
        }
        Some(name)
    }
}

/// The pool's headers with the provider's, which override them.
pub(super) fn merged(pool: &Headers, own: Headers) -> Headers {
    let kept = pool.iter().filter(|(name, _)| !own.iter().any(|(other, _)| other == name));
    kept.cloned().chain(own.iter().cloned()).collect()
}

fn is_framing(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "host"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}
