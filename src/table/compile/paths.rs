//! Compiles the paths of targets. Each belongs to one target, and none may have another meaning
//! already.

use http::HeaderValue;

use super::{Compiler, names::reached};
use crate::{
    config::{Path, raw},
    protocol::Endpoint,
    table::paths::Target,
};

impl Compiler<'_> {
    /// Notes the paths of a target.
    pub(super) fn note_paths(&mut self, alias: &str, target: &raw::Target) {
        let paths = reached(target).and_then(|reached| reached.paths.as_deref());
        for (at, written) in paths.into_iter().flatten().enumerate() {
            let (path, protocol) = written.said();
            let place = Path::root().key("targets").key(alias).key("paths").index(at);
            if let Some(why) = unfit(path) {
                self.problem(&place, why, Some("write a path such as `/ai`".into()));
                continue;
            }
            let Some(stands_for) = protocol.profile().asked_at() else {
                let hint = "`openai`, `openai_responses`, `anthropic` and `cohere` have";
                self.problem(
                    &place,
                    "this protocol has no path without a model",
                    Some(hint.into()),
                );
                continue;
            };
            let Ok(alias) = HeaderValue::from_bytes(alias.as_bytes()) else {
                self.problem(&place, "a target whose name is a pattern cannot have a path", None);
                continue;
            };
            let target = Target { alias, path: stands_for };
            if self.paths.0.insert(path.into(), target).is_some() {
                self.problem(&place, "another target has this path already", None);
            }
        }
    }
}

/// Why a text cannot be a path of a target.
fn unfit(path: &str) -> Option<&'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~:@".contains(c);
    let is_taken = || {
        Endpoint::find(path, None).is_some()
            || OWN.contains(&path)
            || path.ends_with("/models")
            || path.contains("/models/")
    };
    match () {
        () if !path.starts_with('/') || path.len() < 2 => Some("a path begins with a slash"),
        () if !path.chars().all(is_plain) || path.contains("//") => {
            Some("a path may have only letters, digits and `-_.~:@` between single slashes")
        }
        () if path.split('/').any(|segment| matches!(segment, "." | "..")) => {
            Some("a path must not have dot segments")
        }
        () if is_taken() => Some("the router already serves this path"),
        () => None,
    }
}

/// The router's own paths.
const OWN: [&str; 2] = ["/healthz", "/readyz"];
