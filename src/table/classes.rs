//! Classes of requests, for which an alias may have separate pools.
//!
//! The class depends only on the path, read as leniently as any server may.

/// Whether a path is a text completion: it ends in `/completions`, but not in `/chat/completions`.
pub(crate) fn is_completions(path_and_query: &str) -> bool {
    let path = crate::path::plain(path_and_query);
    let before = |path: &str, end: &str| {
        let at = path.len().checked_sub(end.len())?;
        path.get(at..)?.eq_ignore_ascii_case(end).then_some(at)
    };
    let at = before(&path, "/completions");
    at.is_some_and(|at| path.get(..at).is_some_and(|above| before(above, "/chat").is_none()))
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
            ("/V1/Completions", true),
            ("/v1/Chat/completions", false),
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
