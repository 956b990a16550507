//! The route of connections to an origin that needs a proxy or its own TLS settings.
//!
//! It opens no connection.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderValue, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rustls::{ClientConfig, pki_types::ServerName};

use crate::secret::Secret;

crate::secret::unseen!(Route, Proxy, OwnTls);

/// The route to an origin.
pub(crate) struct Route {
    /// The proxy.
    pub(crate) proxy: Option<Arc<Proxy>>,
    /// Whether requests are sent to the proxy itself instead of through a tunnel: plain HTTP
    /// through the environment's proxy.
    pub(crate) forwards: bool,
    /// TLS settings of the provider.
    pub(crate) tls: Option<OwnTls>,
}

/// A provider's own TLS.
pub(crate) struct OwnTls {
    /// The trusted CAs and our certificate.
    pub(crate) config: Arc<ClientConfig>,
    /// The name in its certificate, if it is not the URL's host.
    pub(crate) server_name: Option<ServerName<'static>>,
}

/// A proxy.
pub(crate) struct Proxy {
    /// The protocol of the proxy.
    pub(crate) kind: Kind,
    /// Scheme, host and port, for the connection to it.
    pub(crate) uri: Uri,
    /// User and password.
    pub(crate) credentials: Option<(Secret, Secret)>,
    /// The `Proxy-Authorization` for HTTP.
    pub(crate) authorization: Option<HeaderValue>,
}

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HTTP, with TLS for `https`.
    Http,
    /// SOCKS5.
    Socks5 {
        /// Whether the proxy resolves names (`socks5h`).
        looks_up: bool,
    },
}

impl Proxy {
    /// Parses a proxy's URL. Errors do not repeat it, since it may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (kind, transport, usual) = match &*scheme.to_ascii_lowercase() {
            "http" => (Kind::Http, "http", 80),
            "https" => (Kind::Http, "https", 443),
            "socks5" => (Kind::Socks5 { looks_up: false }, "http", 1080),
            "socks5h" | "socks" => (Kind::Socks5 { looks_up: true }, "http", 1080),
            _ => {
                return Err("a proxy's URL must begin with `http`, `https`, `socks5` or `socks5h`");
            }
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err("a proxy's URL must not have a path");
        }
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let wrong = "write a proxy's URL like `http://proxy.example.com:3128`";
        let named: http::uri::Authority = place.parse().map_err(|_| wrong)?;
        let has_port = named.as_str().len() > named.host().len();
        if named.host().is_empty() || (has_port && named.port_u16().is_none()) {
            return Err(wrong);
        }
        let port = named.port_u16().unwrap_or(usual);
        let uri = format!("{transport}://{}:{port}/", named.host()).parse().map_err(|_| wrong)?;
        let credentials = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (decoded(name), decoded(password))
        });
        if let (Kind::Socks5 { .. }, Some((name, password))) = (kind, &credentials)
            && [name, password].iter().any(|text| text.expose().len() > 255)
        {
            return Err("SOCKS5 takes names and passwords of at most 255 bytes");
        }
        let authorization = credentials.as_ref().and_then(basic);
        Ok(Self { kind, uri, credentials, authorization })
    }

    /// Its URL with credentials, for a client that connects by itself.
    pub(crate) fn url(&self) -> String {
        let scheme = match self.kind {
            Kind::Http => self.uri.scheme_str().unwrap_or("http"),
            Kind::Socks5 { looks_up: false } => "socks5",
            Kind::Socks5 { looks_up: true } => "socks5h",
        };
        let encoded =
            |text: &Secret| utf8_percent_encode(text.expose(), NON_ALPHANUMERIC).to_string();
        let user = self.credentials.as_ref().map_or_else(String::new, |(name, password)| {
            format!("{}:{}@", encoded(name), encoded(password))
        });
        let place = self.uri.authority().map_or("", http::uri::Authority::as_str);
        format!("{scheme}://{user}{place}")
    }

    /// Whether its protocol is HTTP.
    pub(crate) fn is_http(&self) -> bool {
        self.kind == Kind::Http
    }

    /// Whether the connection to it is TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }
}

fn decoded(text: &str) -> Secret {
    let text: Cow<'_, str> = percent_decode_str(text).decode_utf8_lossy();
    Secret::new(text.into_owned())
}

fn basic((name, password): &(Secret, Secret)) -> Option<HeaderValue> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let pair = BASE64_STANDARD.encode(format!("{}:{}", name.expose(), password.expose()));
    let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_is_read_with_its_port_and_its_credentials() {
        for (text, uri, kind) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/", Kind::Http),
            ("proxy.example:8080", "http://proxy.example:8080/", Kind::Http),
            ("HTTP://proxy.example/", "http://proxy.example:80/", Kind::Http),
            ("https://u:p@proxy.example", "https://proxy.example:443/", Kind::Http),
            ("socks5://[::1]", "http://[::1]:1080/", Kind::Socks5 { looks_up: false }),
            ("socks5h://a:1", "http://a:1/", Kind::Socks5 { looks_up: true }),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!((proxy.uri.to_string().as_str(), proxy.kind), (uri, kind), "{text}");
        }
        let proxy = Proxy::parse("http://us%40er:p%3Aass@h").unwrap();
        assert_eq!(proxy.authorization.unwrap(), "Basic dXNAZXI6cDphc3M=");
        let long = format!("socks5://{}:x@h", "a".repeat(256));
        for wrong in
            ["", "http://", "ftp://h", "http://h/path", "http://h:port", "http://h:99999", &long]
        {
            assert!(Proxy::parse(wrong).is_err(), "{wrong}");
        }
    }
}
