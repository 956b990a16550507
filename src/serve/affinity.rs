//! Reads what a pool needs from a request before choosing: its sticky key, the least length of its
//! prompt, and whether it has tools.
//!
//! It never changes a request.

use http::{HeaderName, header};

use super::{signature, token};
use crate::{
    choose::sticky,
    models::tokens,
    protocol::{Protocol, object::Object},
    table::StickyBy,
    upstream::inbound::Inbound,
};

/// The key of a sticky request. If the configured value is missing, the next best is used: the
/// session, the caller, the prompt.
pub(crate) fn key(by: &StickyBy, inbound: &Inbound) -> u64 {
    let header = |name: &HeaderName| inbound.headers.get(name).map(|value| value.as_bytes());
    let caller = || {
        let signer = || signature::access_key_id(&inbound.headers);
        token::of(&inbound.headers).or_else(signer).map(str::as_bytes)
    };
    let found = match by {
        StickyBy::Header(name) => header(name).or_else(caller),
        StickyBy::Key => caller(),
        StickyBy::Whatever => header(&SESSION).or_else(caller),
        StickyBy::Prefix(bytes) => return sticky::key(&prompt(inbound, *bytes)),
    };
    found.map_or_else(|| sticky::key(&prompt(inbound, PREFIX)), sticky::key)
}

/// A lower bound on the prompt's tokens for any tokenizer, so low that only providers that cannot
/// succeed are passed over. Images and files do not count.
pub(crate) fn certain_tokens(inbound: &Inbound) -> u64 {
    let is_json = inbound
        .headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| value.as_bytes().starts_with(b"application/json"));
    let tokens = inbound.body.len() / tokens::CERTAIN_BYTES_PER_TOKEN;
    let has_files = || {
        let body = inbound.body.to_bytes();
        memchr::memmem::find(&body, b"base64").is_some()
    };
    if !is_json || tokens < SMALLEST_WINDOW || has_files() { 0 } else { tokens }
}

/// Whether the request may lead to tool calls, or cannot be read.
pub(crate) fn has_tools(inbound: &Inbound) -> bool {
    let body = inbound.body.to_bytes();
    let Ok(found) = Object::parse(&body) else { return true };
    let names = Protocol::ALL.iter().flat_map(|protocol| protocol.profile().tools);
    let mut lists = names.filter_map(|name| found.peek(name));
    lists.any(|list| !matches!(list.get(), "null" | "[]"))
}

/// The first bytes of the prompt as written.
fn prompt(inbound: &Inbound, bytes: usize) -> Vec<u8> {
    let body = inbound.body.to_bytes();
    let Ok(found) = Object::parse(&body) else { return Vec::new() };
    // The fields of the client's own protocol first, each once.
    let own = inbound.endpoint.as_ref().map(|endpoint| endpoint.protocol);
    let protocols = own.iter().chain(Protocol::ALL);
    let mut names: Vec<&str> = Vec::new();
    for name in protocols.flat_map(|protocol| protocol.profile().prompt) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let parts = names.into_iter().filter_map(|name| found.peek(name));
    parts.flat_map(|part| part.get().bytes()).take(bytes).collect()
}

const SESSION: HeaderName = HeaderName::from_static("x-session-id");
const PREFIX: usize = 256;
/// Shorter prompts fit every model and are not measured.
const SMALLEST_WINDOW: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn inbound(headers: &[(&str, &str)], body: &str) -> Inbound {
        let mut map = http::HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        Inbound::chat(map, body)
    }

    #[test]
    fn the_session_then_the_caller_then_the_prompt() {
        let body = r#"{"model":"m","messages":[{"content":"hello"}]}"#;
        let other = r#"{"messages":[{"content":"hello"}],"model":"n","user":"u"}"#;
        let by = StickyBy::Whatever;
        let session = key(&by, &inbound(&[("x-session-id", "s"), ("x-api-key", "k")], body));
        assert_eq!(session, key(&by, &inbound(&[("x-session-id", "s")], other)));
        let caller = key(&by, &inbound(&[("authorization", "Bearer k")], body));
        assert_eq!(caller, key(&StickyBy::Key, &inbound(&[("x-api-key", "k")], "{}")));
        let prompt = key(&by, &inbound(&[], body));
        assert_eq!(prompt, key(&StickyBy::Prefix(256), &inbound(&[], other)));
        assert!(session != caller && caller != prompt);
        let signed = "AWS4-HMAC-SHA256 Credential=AKIA/20250101/r/bedrock/aws4_request, \
                      SignedHeaders=host, Signature=";
        let by_signer =
            |end| key(&by, &inbound(&[("authorization", &format!("{signed}{end}"))], body));
        assert_eq!(by_signer("0"), by_signer("1"));
        assert_ne!(by_signer("0"), prompt);
    }

    #[test]
    fn only_the_beginning_of_a_prompt_counts() {
        let body = |end: &str| format!(r#"{{"messages":"{}{end}"}}"#, "a".repeat(300));
        let by = StickyBy::Prefix(256);
        assert_eq!(key(&by, &inbound(&[], &body("x"))), key(&by, &inbound(&[], &body("y"))));
        let longer = StickyBy::Prefix(400);
        assert_ne!(
            key(&longer, &inbound(&[], &body("x"))),
            key(&longer, &inbound(&[], &body("y")))
        );
    }

    #[test]
    fn tools_are_seen_and_doubt_counts_as_tools() {
        let has = |body: &str| has_tools(&inbound(&[], body));
        assert!(has(r#"{"tools":[{"type":"function"}]}"#) && has(r#"{"functions":[{}]}"#));
        assert!(has("not json"));
        assert!(!has(r#"{"messages":[{"tools":[1]}]}"#) && !has(r#"{"tools":[]}"#));
    }

    #[test]
    fn an_estimate_is_low_or_none() {
        let text = format!(r#"{{"messages":"{}"}}"#, "word ".repeat(10_000));
        let tokens = certain_tokens(&inbound(&[], &text));
        assert!((4_000..10_000).contains(&tokens), "{tokens}");
        let image = text.replace("word word", "data:image/png;base64,");
        assert_eq!(certain_tokens(&inbound(&[], &image)), 0);
        assert_eq!(certain_tokens(&inbound(&[("content-type", "multipart/form-data")], &text)), 0);
        assert_eq!(certain_tokens(&inbound(&[], "{}")), 0);
    }
}
