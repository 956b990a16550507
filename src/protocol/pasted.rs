//! Recognizes text pasted in place of a base URL: an endpoint's URL, or a vendor's host without its
//! protocol. Used only for files.

use super::Protocol;

/// The protocol that a vendor's public host speaks below a path, if it is not the usual one.
pub(crate) fn spoken_at(host: &str, path: &str) -> Option<Protocol> {
    let host = host.to_ascii_lowercase();
    let speaks_usual = COMPATIBLE.iter().any(|segment| path.split('/').any(|it| it == *segment));
    let speaks = |protocol: &&Protocol| {
        let own = protocol.profile().speaks_at;
        own.iter().any(|(start, end)| host.starts_with(start) && host.ends_with(end))
    };
    Protocol::ALL.iter().find(speaks).copied().filter(|_| !speaks_usual)
}

/// The end of a path that is an endpoint's own and belongs in no base URL.
pub(crate) fn endpoint_at_end(path: &str) -> Option<&str> {
    let path = path.trim_end_matches('/');
    let end = ENDS.iter().find(|end| path.ends_with(*end))?;
    let last = path.rfind('/').filter(|_| end.starts_with(':'));
    Some(&path[last.unwrap_or(path.len() - end.len())..])
}

/// Below these a vendor speaks the usual protocol.
const COMPATIBLE: [&str; 3] = ["openai", "compatibility", "compat"];

/// The longest of two that end alike comes first.
const ENDS: &[&str] = &[
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/messages",
    "/messages/count_tokens",
    ":generateContent",
    ":streamGenerateContent",
    ":embedContent",
    "/converse",
    "/converse-stream",
    "/v2/chat",
    "/v1/chat",
    "/v1/models",
    "/images/generations",
    "/audio/transcriptions",
    "/audio/speech",
    "/moderations",
    "/rerank",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_found_and_base_is_not() {
        for (path, expected) in [
            ("/v1/chat/completions", Some("/chat/completions")),
            ("/v1/chat/completions/", Some("/chat/completions")),
            ("/v1/messages", Some("/messages")),
            ("/v1beta/models/g:generateContent", Some("/g:generateContent")),
            ("/openai/deployments/d/chat/completions", Some("/chat/completions")),
            ("/v1", None),
            ("/", None),
            ("/v1beta/openai", None),
            ("/completionsx", None),
        ] {
            assert_eq!(endpoint_at_end(path), expected, "{path}");
        }
    }

    #[test]
    fn host_of_another_protocol_is_known() {
        for (host, path, expected) in [
            ("api.anthropic.com", "/v1", "anthropic"),
            ("API.Anthropic.com", "/", "anthropic"),
            ("generativelanguage.googleapis.com", "/v1beta", "gemini"),
            ("generativelanguage.googleapis.com", "/v1beta/openai", ""),
            ("bedrock-runtime.eu-west-1.amazonaws.com", "/", "bedrock"),
            ("api.cohere.com", "/compatibility/v1", ""),
            ("api.openai.com", "/v1", ""),
            ("anthropic.example.com", "/", ""),
        ] {
            let found = spoken_at(host, path).map_or("", |protocol| protocol.name());
            assert_eq!(found, expected, "{host}{path}");
        }
    }
}
