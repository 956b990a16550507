//! The paths that the protocols define: on them a request without a model is a mistake to be
//! named; elsewhere it is simply not found.

use crate::{protocol::Endpoint, refusal::Refusal};

/// Whether a protocol defines this path.
pub fn is_known(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default().trim_end_matches('/');
    Endpoint::find(path, None).is_some() || OTHERS.contains(&path)
}

/// The refusal as it is on a known endpoint; elsewhere a request that names no alias is not found,
/// whatever else is wrong with it.
pub fn or_not_found(refusal: Refusal, path_and_query: &str) -> Refusal {
    if is_known(path_and_query) { refusal } else { Refusal::NotFound }
}

/// What several vendors have, each with a body of its own.
const OTHERS: [&str; 2] = ["/v1/rerank", "/rerank"];

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn known_endpoints() {
        for path in [
            "/v1/chat/completions",
            "/chat/completions?x=1",
            "/v1/audio/transcriptions",
            "/v1/embeddings/",
            "/embeddings",
            "/rerank",
        ] {
            assert!(is_known(path), "{path}");
        }
        for path in ["/", "/v1/foo", "/favicon.ico", "/v1/chat", "/v1"] {
            assert!(!is_known(path), "{path}");
        }
    }
}
