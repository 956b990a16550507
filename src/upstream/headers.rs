//! Which headers are passed on, in both directions.
//!
//! A client's credentials never reach a provider, a provider's cookies and identity never reach a
//! client, and hop-by-hop headers are not forwarded (RFC 9110, section 7.6.1).

mod listed;

use std::sync::LazyLock;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{self, Entry},
};
use smallvec::SmallVec;

use self::listed::{STAY_WITH_CLIENT, STAY_WITH_PROVIDER};
use super::wait;
use crate::{
    protocol::Protocol,
    rare::{Name, Rare},
    table::Provider,
    trace::{TRACEPARENT, TRACESTATE},
};

/// What passes to a provider beside the usual headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passes {
    /// `traceparent` and `tracestate`.
    pub(crate) trace: bool,
    /// Whether it is trusted with the client's address.
    pub(crate) trusted: bool,
    /// `accept-encoding`: a compressed answer cannot be judged or counted.
    pub(crate) encodings: bool,
}

/// Copies the client's headers that a provider may see.
pub(crate) fn to_provider(
    client: &HeaderMap,
    rare: Rare,
    protocol: Protocol,
    Passes { trace: propagates_trace, trusted, encodings }: Passes,
    spare: usize,
) -> HeaderMap {
    let nominated = if rare.has(Name::Connection) { nominated(client) } else { SmallVec::new() };
    let mut headers = HeaderMap::with_capacity((client.len() + spare).max(ROOM));
    for (name, value) in client {
        let stays = (STAY_WITH_CLIENT.has(name.as_str()) && !(trusted && *name == FORWARDED_FOR))
            || (!propagates_trace && is_trace(name))
            || (!encodings && *name == header::ACCEPT_ENCODING)
            || is_foreign(name, protocol)
            || nominated.iter().any(|token| token.eq_ignore_ascii_case(name.as_str()));
        if !stays {
            headers.append(name, value.clone());
        }
    }
    headers
}

/// Whether no provider may see this header of a client.
pub(crate) fn stays_with_client(name: &HeaderName) -> bool {
    STAY_WITH_CLIENT.has(name.as_str()) && *name != FORWARDED_FOR
}

/// Copies those for a provider of another protocol: most headers belong to the client's protocol.
pub(crate) fn to_stranger(client: &HeaderMap, speaks: Protocol, provider: &Provider) -> HeaderMap {
    let traces = ["traceparent", "tracestate"].iter().filter(|_| provider.propagates_trace);
    let kept = ["user-agent"].iter().chain(traces);
    let mut headers: HeaderMap = kept
        .filter_map(|name| Some((HeaderName::from_static(name), client.get(*name)?.clone())))
        .collect();
    let start = provider.protocol.profile().own_headers.filter(|_| speaks == provider.protocol);
    if let Some(start) = start {
        let own = client.iter().filter(|(name, _)| name.as_str().starts_with(start));
        headers.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    }
    headers
}

/// Removes a provider's headers that a client must not see, except its request ID, which is read
/// and replaced. A length beside chunked coding is removed (RFC 9112, section 6.3).
pub(crate) fn to_client(headers: &mut HeaderMap) {
    let stays: SmallVec<[HeaderName; 4]> = headers
        .keys()
        .filter(|name| STAY_WITH_PROVIDER.has(name.as_str()) && **name != REQUEST_ID)
        .cloned()
        .collect();
    let nominated: SmallVec<[HeaderName; 4]> = match stays.contains(&header::CONNECTION) {
        true => nominated(headers).iter().filter_map(|token| token.parse().ok()).collect(),
        false => SmallVec::new(),
    };
    if stays.contains(&header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    for name in stays {
        let value = headers.remove(&name);
        if name.as_str().starts_with("retry-after")
            && let Some(wait) = value.and_then(|value| wait::shown(&name, value))
        {
            headers.insert(name, wait);
        }
    }
    for name in nominated {
        headers.remove(name);
    }
}

/// A header of a protocol; `None` if its value is not valid.
pub(crate) fn own((name, value): (&'static str, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
}

/// Sets configured headers; they replace existing ones.
pub(crate) fn set<'a>(
    headers: &mut HeaderMap,
    configured: impl IntoIterator<Item = &'a (HeaderName, HeaderValue)>,
) {
    for (name, value) in configured {
        match headers.entry(name) {
            Entry::Occupied(mut entry) => {
                entry.insert(value.clone());
            }
            Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
        }
    }
}

/// Sets the attempt's span as the parent. If the trace begins here, the client's `tracestate`
/// belongs to another trace.
pub(super) fn trace(headers: &mut HeaderMap, parent: &HeaderValue, begins: bool) {
    headers.insert(TRACEPARENT, parent.clone());
    if begins {
        headers.remove(TRACESTATE);
    }
}

/// Whether the header belongs to another vendor's protocol.
fn is_foreign(name: &HeaderName, protocol: Protocol) -> bool {
    OWN_HEADERS.iter().any(|(owner, start)| *owner != protocol && name.as_str().starts_with(start))
}

/// The headers that `Connection` makes hop-by-hop.
fn nominated(headers: &HeaderMap) -> SmallVec<[&str; 4]> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value: &HeaderValue| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case("keep-alive"))
        .collect()
}

fn is_trace(name: &HeaderName) -> bool {
    matches!(name.as_str(), "traceparent" | "tracestate")
}

/// The request ID, also at the provider.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The prefixes of headers that belong to one vendor's protocol.
static OWN_HEADERS: LazyLock<SmallVec<[(Protocol, &str); 2]>> = LazyLock::new(|| {
    let own = |it: &Protocol| Some((*it, it.profile().own_headers?));
    Protocol::ALL.iter().filter_map(own).collect()
});

/// hyper reads the answer's head into the memory of the request's: with this room, what the router
/// adds to a usual answer moves nothing.
const ROOM: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn credentials_and_connection_headers_stay_behind() {
        let client = map(&[
            ("authorization", "Bearer sk"),
            ("x-api-key", "sk"),
            ("api-key", "sk"),
            ("x-goog-api-key", "sk"),
            ("cookie", "a=b"),
            ("proxy-authorization", "Basic x"),
            ("origin", "https://a"),
            ("referer", "https://a"),
            ("sec-fetch-mode", "cors"),
            ("model-override", "gpt"),
            ("expect", "100-continue"),
            ("connection", "keep-alive, X-Private"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-real-ip", "1.2.3.4"),
            ("traceparent", "00-1"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, br"),
            ("openai-beta", "assistants=v2"),
            ("openai-organization", "org-other"),
            ("openai-project", "proj-other"),
            ("x-litellm-api-key", "sk"),
            ("x-serverless-authorization", "Bearer a"),
            ("cf-connecting-ip", "1.2.3.4"),
            ("true-client-ip", "1.2.3.4"),
            ("via", "1.1 a"),
        ]);
        let passed = |trace, trusted, encodings| {
            let passes = Passes { trace, trusted, encodings };
            to_provider(&client, Rare::of(&client), Protocol::OpenAi, passes, 0)
        };
        let sent = passed(false, false, false);
        let names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["accept", "openai-beta"]);
        assert!(passed(true, false, false).contains_key("traceparent"));
        assert!(passed(false, false, true).contains_key("accept-encoding"));
        let trusted = passed(false, true, false);
        assert_eq!(trusted["x-forwarded-for"], "1.2.3.4");
        assert!(!trusted.contains_key("x-real-ip") && !trusted.contains_key("authorization"));
    }

    #[test]
    fn a_providers_cookies_and_identity_stay_behind() {
        let mut headers = map(&[
            ("set-cookie", "a=b"),
            ("set-cookie", "c=d"),
            ("server", "nginx"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("x-ratelimit-remaining-requests", "9"),
            ("retry-after", "3"),
        ]);
        to_client(&mut headers);
        let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names.len(), 2);
        assert!(names.contains(&"retry-after"));
        assert!(names.contains(&"x-ratelimit-remaining-requests"));
    }

    #[test]
    fn hop_by_hop_headers_go_no_further_either_way() {
        for name in [
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ] {
            assert!(STAY_WITH_CLIENT.has(name), "{name}");
            assert!(STAY_WITH_PROVIDER.has(name), "{name}");
        }
    }
}
