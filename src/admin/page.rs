//! The status page: static files in the binary, without external resources.

use std::net::IpAddr;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority},
    response::{IntoResponse, Response},
};

/// `/`.
pub(super) async fn html() -> Response {
    text("text/html; charset=utf-8", include_str!("page/page.html"))
}

/// `/page.css`.
pub(super) async fn style() -> Response {
    text("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// `/page.js`.
pub(super) async fn script() -> Response {
    text("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

/// `/administer.js`.
pub(super) async fn administer() -> Response {
    text("text/javascript; charset=utf-8", include_str!("page/administer.js"))
}

/// `/icon.svg`.
pub(super) async fn icon() -> Response {
    text("image/svg+xml", include_str!("page/icon.svg"))
}

/// Restricts what a browser may do with responses of this port.
pub(super) fn protect(headers: &mut HeaderMap) {
    let mut insert =
        |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    insert(header::CONTENT_SECURITY_POLICY, POLICY);
    insert(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    insert(header::REFERRER_POLICY, "no-referrer");
    insert(header::CACHE_CONTROL, "no-store");
    insert(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
}

/// Whether the request's host is an address or `localhost`, not a name that another site resolves
/// to here (DNS rebinding).
pub(super) fn names_this_machine(headers: &HeaderMap) -> bool {
    names(headers, |name| name.eq_ignore_ascii_case("localhost"))
}

/// The same, or by a name that no stranger can register, as scrapers do.
pub(super) fn names_no_stranger(headers: &HeaderMap) -> bool {
    names(headers, |name| {
        let name = name.strip_suffix('.').unwrap_or(name);
        match name.rsplit_once('.') {
            None => !name.is_empty(),
            Some((_, last)) => OWN_NAMES.iter().any(|own| last.eq_ignore_ascii_case(own)),
        }
    })
}

/// Whether a request names an address, or a name that is one of ours.
fn names(headers: &HeaderMap, is_ours: impl Fn(&str) -> bool) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(authority) = host.to_str().unwrap_or_default().parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    name.parse::<IpAddr>().is_ok() || (!name.is_empty() && is_ours(name))
}

/// Top-level domains that are reserved for networks of one's own.
const OWN_NAMES: [&str; 2] = ["internal", "localhost"];

fn text(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn hosts_that_are_this_machine() {
        let names = |host: &'static str| {
            let host = HeaderValue::from_static(host);
            super::names_this_machine(&HeaderMap::from_iter([(header::HOST, host)]))
        };
        for host in ["127.0.0.1:9090", "localhost:9090", "LOCALHOST", "[::1]:9090", "10.0.0.1"] {
            assert!(names(host), "{host}");
        }
        for host in ["evil.example:9090", "localhost.evil.example", "127.0.0.1.evil.example", ""] {
            assert!(!names(host), "{host}");
        }
        assert!(super::names_this_machine(&HeaderMap::new()), "no browser leaves it out");
    }

    #[test]
    fn hosts_that_no_stranger_can_have() {
        let names = |host: &'static str| {
            let host = HeaderValue::from_static(host);
            super::names_no_stranger(&HeaderMap::from_iter([(header::HOST, host)]))
        };
        for host in ["127.0.0.1:9090", "[::1]", "localhost", "onwards:9090", "gateway.internal."] {
            assert!(names(host), "{host}");
        }
        for host in ["evil.example:9090", "evil.com", "internal.evil.com", "evil.com.", "", "."] {
            assert!(!names(host), "{host}");
        }
    }
}
