//! Where a path names a model, and what may follow it.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::family::model as work;
use crate::path;

/// How the paths of a provider name its models.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InPath {
    /// What may follow the model.
    before: &'static [char],
    /// Whether the rest must be known, since a name may continue there.
    is_strict: bool,
}

impl InPath {
    /// Google's APIs, whosever the model.
    pub(crate) const GOOGLES: Self = Self { before: &[':', '/'], is_strict: false };
    /// A whole segment.
    pub(crate) const SEGMENT: Self = Self { before: &['/'], is_strict: false };
    /// Providers whose path format is unknown.
    pub(crate) const ANY: Self = Self { before: &[':', '/'], is_strict: true };

    /// The places of this model in a path, as written. Unusual spellings are not found.
    pub(crate) fn spans(self, path_and_query: &str, model: &str) -> Vec<Range<usize>> {
        let path = path_and_query.split('?').next().unwrap_or_default();
        let mut spans = Vec::new();
        for (slash, _) in path.match_indices('/') {
            let (before, rest) = (&path[..slash], &path[slash + 1..]);
            let mut above = before.rsplit('/');
            let segment = above.next().unwrap_or_default();
            let is_behind = is_one_of(BEHIND, segment)
                || above.next().is_some_and(|above| is_one_of(BEHIND_ONE_MORE, above));
            if !is_behind {
                continue;
            }
            let written = rest.split('/').next().unwrap_or_default();
            let ends = written.match_indices(self.before).map(|(at, _)| at).chain([written.len()]);
            let names_it = |end: &usize| percent_decode_str(&written[..*end]).eq(model.bytes());
            if let Some(end) = ends.into_iter().find(names_it) {
                spans.push(slash + 1..slash + 1 + end);
            }
        }
        spans
    }

    /// Whether a path names anything but this model where a model is named, however it is spelled.
    pub(crate) fn names_another(self, path_and_query: &str, model: &str) -> bool {
        let path = path::plain(path_and_query);
        let mut rest = &*path;
        while let Some((segment, after)) = rest.split_once('/') {
            let named = if is_one_of(BEHIND_ONE_MORE, segment) {
                after.split_once('/').map(|(_, named)| named)
            } else {
                Some(after).filter(|_| is_one_of(BEHIND, segment))
            };
            if named.is_some_and(|named| !is_no_model(segment, named) && !self.is_it(named, model))
            {
                return true;
            }
            rest = after;
        }
        false
    }

    /// Whether the text after such a segment is this model, followed by the rest of a path and not
    /// of a name.
    fn is_it(self, named: &str, model: &str) -> bool {
        let Some(end) = named.strip_prefix(model) else { return false };
        if !self.is_strict {
            return end.is_empty() || end.starts_with(self.before);
        }
        let next = end.get(1..).unwrap_or_default().split('/').next().unwrap_or_default();
        let next = next.to_ascii_lowercase();
        match end.chars().next() {
            None => true,
            Some('/') => next.is_empty() || work::is_call(&next) || is_version(&next),
            Some(':') => work::is_method(&next),
            Some(_) => false,
        }
    }
}

/// The place of the model that a vendor's path asks for something, as written: before the method, or between its
/// collection and the call.
pub(crate) fn called(path: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for segment in path.split('/') {
        let behind = start + segment.len() + 1;
        start = behind;
        let is_api = || is_no_model(segment, path.get(behind..).unwrap_or_default());
        if !is_one_of(CALLED, segment) || is_api() {
            continue;
        }
        let named = path.get(behind..)?;
        let last = named.rsplit('/').next()?;
        if let Some((_, method)) = last.rsplit_once(':')
            && work::is_method(&method.to_ascii_lowercase())
        {
            return Some(behind..path.len() - method.len() - 1).filter(|span| !span.is_empty());
        }
        let mut end = 0;
        for part in named.split('/') {
            if end > 1 && work::is_call(&part.to_ascii_lowercase()) {
                return Some(behind..behind + end - 1);
            }
            end += part.len() + 1;
        }
        return None;
    }
    None
}

/// Whether behind this segment something else stands than a model: the API itself.
fn is_no_model(segment: &str, named: &str) -> bool {
    let first = named.split('/').next().unwrap_or_default().to_ascii_lowercase();
    is_one_of(BEFORE_APIS, segment) && (APIS.contains(&&*first) || is_version(&first))
}

/// `v1`, `v1beta`.
fn is_version(segment: &str) -> bool {
    let rest = segment.strip_prefix('v').unwrap_or_default();
    let letters = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    letters.len() < rest.len() && matches!(letters, "" | "alpha" | "beta")
}

fn is_one_of(words: &[&str], segment: &str) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(segment))
}

/// The segments before a model or an endpoint, by vendor: Google, OpenAI, Replicate, KServe and
/// Hugging Face (`models`), Bedrock (`model`), Vertex AI and SageMaker (`endpoints`), Databricks
/// (`serving-endpoints`), DeepInfra (`inference`), Cloudflare (`run`), llama-swap (`upstream`),
/// NVIDIA (`functions`).
const BEHIND: &[&str] = &[
    "models",
    "model",
    "tunedModels",
    "foundation-models",
    "endpoints",
    "serving-endpoints",
    "inference",
    "run",
    "upstream",
    "functions",
];
/// Those behind which Google, AWS, Databricks and others name the model of a call.
const CALLED: &[&str] = &["models", "model", "tunedModels", "endpoints", "serving-endpoints"];
/// The same with a segment between: Hugging Face's `/pipeline/TASK/MODEL`.
const BEHIND_ONE_MORE: &[&str] = &["pipeline"];
/// Those behind which an API may begin.
const BEFORE_APIS: &[&str] = &["endpoints", "serving-endpoints", "inference", "run"];
const APIS: [&str; 6] = ["openapi", "chat", "completions", "embeddings", "responses", "messages"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_model_that_is_meant_or_another() {
        for path in [
            "/v1/models/m/predictions",
            "/v1/models/m:predict",
            "/v2/models/m/versions/1/infer",
            "/models/m",
            "/models/m/v1/chat/completions",
            "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
            "/serving-endpoints/chat/completions",
            "/serving-endpoints/m/invocations",
            "/inference/v1/chat/completions",
            "/pipeline/feature-extraction/m",
            "/v1/chat/completions",
            "/v1/models",
        ] {
            assert!(!InPath::ANY.names_another(path, "m"), "{path}");
        }
        for path in [
            "/v1/models/dear/predictions",
            "/v1/models/m/dear/predictions",
            "/v1/models/m2/predictions",
            "/v1/models/M/predictions",
            "/v1/Models/dear:predict",
            "/v1beta/MODELS/dear:generateContent",
            "/v1/models/m:70b/predictions",
            "/v1/models/m:dear",
            "/v1/mod%65ls/dear/predictions",
            "/v1/models//dear/predictions",
            "/v1/models;x/dear/predictions",
            "/v1/models%2fdear",
            "/models/org/m",
            "/model/dear/invoke",
            "/v1/inference/dear",
            "/endpoints/dear/invocations",
            "/serving-endpoints/dear/invocations",
            "/run/@cf/meta/dear",
            "/upstream/dear/v1/chat/completions",
            "/pipeline/feature-extraction/dear",
            "/v1/models/m/models/dear",
        ] {
            assert!(InPath::ANY.names_another(path, "m"), "{path}");
        }
        assert!(!InPath::ANY.names_another("/models/org/m/predictions", "org/m"));
        assert!(InPath::GOOGLES.names_another("/v1beta/Models/dear:generateContent", "m"));
        assert!(!InPath::GOOGLES.names_another("/v1beta/models/m:soon", "m"));
    }

    #[test]
    fn model_of_a_call_is_found() {
        for (path, model) in [
            ("/v1beta/models/m:predict", Some("m")),
            ("/v1beta/models/a/b:batchGenerateContent", Some("a/b")),
            ("/v1/projects/p/locations/l/publishers/google/models/m:predictLongRunning", Some("m")),
            ("/v1alpha/Models/m:countTokens", Some("m")),
            ("/v1beta/models/m/operations/1", Some("m")),
            ("/model/m/invoke-with-response-stream", Some("m")),
            ("/model/m/async-invoke", Some("m")),
            ("/model/a.b:0/invoke", Some("a.b:0")),
            ("/v1/models/org/m/predictions", Some("org/m")),
            ("/serving-endpoints/m/invocations", Some("m")),
            ("/endpoints/openapi/chat/completions", None),
            ("/v1/models/m", None),
            ("/model/info", None),
            ("/v1/models/m:soon", None),
            ("/models//predict", None),
            ("/v1/foo", None),
        ] {
            assert_eq!(called(path).map(|span| &path[span]), model, "{path}");
        }
    }

    #[test]
    fn alias_is_found_where_a_model_is_named() {
        let found = |path: &'static str| {
            let spans = InPath::ANY.spans(path, "m").into_iter();
            spans.map(|span| &path[span]).collect::<Vec<_>>()
        };
        assert_eq!(found("/v1/Models/m:predict"), ["m"]);
        assert_eq!(found("/pipeline/x/%6d?a=/models/m"), ["%6d"]);
        assert!(found("/v1/m/x").is_empty());
    }
}
