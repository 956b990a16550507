//! Classes of requests, for which an alias may have separate pools.
//!
//! The class depends only on the path, read as leniently as any server may.

/// Whether a path is a text completion: it ends in `/completions`, but not in `/chat/completions`.
pub(crate) fn is_completions(path_and_query: &str) -> bool {
    let path = crate::path::plain(path_and_query);
    path.strip_suffix("/completions").is_some_and(|before| !before.ends_with("/chat"))
}

#[cfg(test)]
mod tests {
    use super::is_completions;

    #[test]
    fn the_last_segments_tell_the_class_however_they_are_written() {
        for (path, expected) in [
            ("/v1/completions", true),
            ("/completions", true),
            ("/openai/deployments/m/completions?api-version=1", true),
            ("/v1/completions/", true),
            ("/v1//completions", true),
            ("/v1/%63ompletions", true),
            ("/v1/unchat/completions", true),
            ("/v1/chat/completions", false),
            ("/v1/chat//completions", false),
            ("/v1/chat%2Fcompletions", false),
            ("/v1/ch%61t/completions/?x=/completions", false),
            ("/v1/chat/completions/", false),
            ("/v1/responses?x=/completions", false),
            ("/v1/xcompletions", false),
            ("completions", false),
            ("/v1/completions/c-1", false),
            ("", false),
        ] {
            assert_eq!(is_completions(path), expected, "{path}");
        }
    }
}
