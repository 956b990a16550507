//! Compiles the settings for cross-origin requests.

use http::{HeaderName, HeaderValue, Uri};

use super::Compiler;
use crate::{
    config::{Path, raw},
    table::Cors,
};

impl Compiler<'_> {
    pub(super) fn cors(&mut self, raw: Option<&raw::Cors>) -> Option<Cors> {
        let raw = raw?;
        let path = Path::root().key("cors");
        let mut origins = Vec::with_capacity(raw.origins.len());
        for (at, origin) in raw.origins.iter().enumerate() {
            match origin_of(origin) {
                Some(origin) => origins.push(origin),
                None => {
                    let hint = "write an origin such as `https://app.example.com`, or `*`";
                    let place = path.key("origins").index(at);
                    self.problem(&place, "this is not an origin", Some(hint.into()));
                }
            }
        }
        let names = raw.headers.as_deref().unwrap_or_default();
        for (at, name) in names.iter().enumerate() {
            if name.parse::<HeaderName>().is_err() {
                let place = path.key("headers").index(at);
                self.problem(&place, "this is not a valid header name", None);
            }
        }
        let headers = raw.headers.as_ref().and_then(|names| names.join(", ").parse().ok());
        Some(Cors { origins, headers })
    }
}

/// An origin: scheme and authority, nothing after them.
fn origin_of(origin: &str) -> Option<HeaderValue> {
    if !matches!(origin, "*" | "null") {
        let uri: Uri = origin.parse().ok()?;
        uri.scheme().zip(uri.authority())?;
        let (_, behind) = origin.split_once("://")?;
        if behind.contains(['/', '?', '#', '@']) {
            return None;
        }
    }
    HeaderValue::try_from(origin).ok()
}
