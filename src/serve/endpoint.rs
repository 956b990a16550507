//! The paths that the protocols define: on them a request without a model is a mistake to be
//! named; elsewhere it is simply not found.

use crate::refusal::Refusal;

/// Whether a protocol defines this path.
pub fn is_known(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default().trim_end_matches('/');
    let path = path.strip_prefix("/v1").unwrap_or(path);
    EXACT.contains(&path) || FAMILIES.iter().any(|family| path.starts_with(family))
}

/// The refusal as it is on a known endpoint; elsewhere a request that names no alias is not found,
/// whatever else is wrong with it.
pub fn or_not_found(refusal: Refusal, path_and_query: &str) -> Refusal {
    if is_known(path_and_query) { refusal } else { Refusal::NotFound }
}

const EXACT: [&str; 6] =
    ["/chat/completions", "/completions", "/embeddings", "/responses", "/moderations", "/rerank"];
const FAMILIES: [&str; 2] = ["/audio/", "/images/"];

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn known_endpoints() {
        for path in ["/v1/chat/completions", "/chat/completions?x=1", "/v1/audio/transcriptions"] {
            assert!(is_known(path), "{path}");
        }
        for path in ["/", "/v1/foo", "/favicon.ico", "/v1/chat", "/v1"] {
            assert!(!is_known(path), "{path}");
        }
    }
}
