//! Compiles the address of a provider: an upstream server, or a mock.

use std::time::Duration;

use http::{HeaderValue, Uri};

use crate::{
    config::{Path, raw},
    path::BasePath,
    table::{
        Origin, Place,
        compile::{Compiler, shared::Way},
        mock::Script,
    },
};

impl Compiler<'_> {
    /// Where a provider's requests go; `None` if its URL or its settings are wrong.
    pub(super) fn place(
        &mut self,
        endpoint: &raw::Endpoint,
        own: &Path,
        connect: Duration,
    ) -> Option<Place> {
        let path = own.key("url");
        if let Some(rest) = endpoint.url.strip_prefix("mock:") {
            let of_wire = [("proxy", endpoint.proxy.is_some()), ("tls", endpoint.tls.is_some())];
            for (key, _) in of_wire.iter().filter(|(_, is_set)| *is_set) {
                self.problem(&own.key(*key), "`mock:` opens no connection", None);
            }
            let script = Script::read(rest);
            return script.map_err(|why| self.problem(&path, why, None)).ok().map(Place::Mock);
        }
        match wire(&endpoint.url) {
            Err(why) => {
                self.problem(&path, why, None);
                None
            }
            Ok((uri, base, host)) => {
                let base = self.prefixed(base, endpoint.api_prefix.as_deref(), own)?;
                let tls = uri.scheme_str() == Some("https");
                let Way { route, digest } = self.way(endpoint, &uri, own)?;
                let settings = format!("{uri} {connect:?} {:?} {digest}", self.idle_pool);
                let id = self.draft.origin(&settings);
                let pool = self.idle_pool;
                let make =
                    |id| Origin { id, uri, host, tls, connect_timeout: connect, pool, route };
                Some(Place::Wire { origin: self.shared.origin(id, make), base })
            }
        }
    }

    fn prefixed(&mut self, base: BasePath, prefix: Option<&str>, path: &Path) -> Option<BasePath> {
        let Some(prefix) = prefix else { return Some(base) };
        let base = base.with_prefix(prefix);
        let hint = "write a path such as `/v1`, or `\"\"` for none";
        base.map_err(|refused| {
            let message = format!("this is not a path prefix: {refused}");
            self.problem(&path.key("api_prefix"), message, Some(hint.into()));
        })
        .ok()
    }
}

/// What to write in place of what is nearly a URL.
fn nearly_url(url: &str) -> &'static str {
    let lower = url.trim().to_ascii_lowercase();
    let is_host = |text: &str| {
        let host = text.split(['/', ':']).next().unwrap_or_default();
        host == "localhost" || host.contains('.') || host.parse::<std::net::IpAddr>().is_ok()
    };
    match () {
        () if url.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            "; remove the white space in it"
        }
        () if lower.starts_with("http:") || lower.starts_with("https:") => {
            "; write two slashes after the `:`, and a host"
        }
        () if !lower.contains("://") && is_host(&lower) => {
            "; write `https://` or `http://` before it"
        }
        () => "",
    }
}

/// Scheme and authority, base path, and `Host`. Errors do not show the URL, which may hold a
/// password.
pub(in crate::table::compile) fn wire(url: &str) -> Result<(Uri, BasePath, HeaderValue), String> {
    let allowed = "an `http://` or `https://` URL, or `mock:`";
    if url.contains('#') {
        return Err("a provider's URL must not have a fragment".into());
    }
    let no_url = || format!("this is not {allowed}{}", nearly_url(url));
    let uri: Uri = url.parse().map_err(|_| no_url())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(no_url());
    }
    let authority = uri.authority().filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or("the URL has no host")?;
    let has_port = !authority.as_str().ends_with(authority.host());
    if has_port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("the URL's port is not a number from 1 to 65535".into());
    }
    if authority.as_str().contains('@') {
        return Err("the URL holds a user name or password; use `onwards_key`".into());
    }
    let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
    let base =
        BasePath::new(path_and_query).map_err(|refused| format!("the URL's path: {refused}"))?;
    let host =
        HeaderValue::try_from(authority.as_str()).map_err(|_| "the URL's host is not valid")?;
    let root =
        Uri::builder().scheme(uri.scheme_str().unwrap_or("http")).authority(authority.clone());
    let root = root.path_and_query("/").build().map_err(|_| format!("this is not {allowed}"))?;
    Ok((root, base, host))
}
