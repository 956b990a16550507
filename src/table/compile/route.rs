//! Compiles the route to a provider: its proxy or the environment's, and its own TLS settings.
//!
//! Problems never repeat a URL or the content of a file.

use std::sync::Arc;

use http::Uri;
use rustls::{
    RootCertStore,
    pki_types::{PrivateKeyDer, ServerName, pem::PemObject as _},
};

use super::{Compiler, shared::Way, tls::certificates};
use crate::{
    config::{Path, raw, references::is_stand_in},
    secret::Secret,
    table::{
        environment::Environment,
        route::{OwnTls, Proxy, Route},
        trust,
    },
};

impl Compiler<'_> {
    /// The route to the origin of `uri` if the file sets nothing.
    pub(super) fn way_of_environment(&mut self, uri: &Uri) -> Way {
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let host = uri.host().unwrap_or_default();
        let Some(proxy) = Environment::of_process().proxy_for(is_tls, host, port).cloned() else {
            return Way::default();
        };
        let forwards = !is_tls && proxy.is_http();
        let digest = format!("environment {forwards} {}", proxy.uri);
        let known = self.shared.ways.entry(digest.clone()).or_insert_with(|| {
            let route = Some(Arc::new(Route { proxy: Some(proxy), forwards, tls: None }));
            Way { route, digest }
        });
        known.clone()
    }

    /// The route to the origin of `uri`; `None` if its settings are wrong.
    pub(super) fn way(&mut self, endpoint: &raw::Endpoint, uri: &Uri, path: &Path) -> Option<Way> {
        let is_tls = uri.scheme_str() == Some("https");
        if endpoint.tls.is_some() && !is_tls {
            let hint = "write the URL with `https://`";
            self.problem(&path.key("tls"), "`tls` is for `https://` URLs", Some(hint.into()));
            return None;
        }
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let of_environment =
            || Environment::of_process().proxy_for(is_tls, uri.host().unwrap_or_default(), port);
        let (proxy, forwards) = match &endpoint.proxy {
            None => {
                let proxy = of_environment().cloned();
                let forwards = !is_tls && proxy.as_ref().is_some_and(|proxy| proxy.is_http());
                (proxy, forwards)
            }
            Some(text) if text.expose() == DIRECT || is_stand_in(text.expose()) => (None, false),
            Some(text) => match Proxy::parse(text.expose()) {
                Ok(proxy) => (Some(Arc::new(proxy)), false),
                Err(why) => {
                    let hint = "or `direct`, to use no proxy, not even the environment's";
                    self.problem(&path.key("proxy"), why, Some(hint.into()));
                    return None;
                }
            },
        };
        if proxy.is_none() && endpoint.tls.is_none() {
            return Some(Way::default());
        }
        let digest = digest(endpoint, proxy.as_deref());
        if let Some(known) = self.shared.ways.get(&digest) {
            return Some(known.clone());
        }
        let tls = match &endpoint.tls {
            None => None,
            Some(raw) => match own_tls(raw) {
                Ok(tls) => tls,
                Err((key, why)) => {
                    self.problem(&path.key("tls").key(key), why, None);
                    return None;
                }
            },
        };
        let route = Some(Arc::new(Route { proxy, forwards, tls }));
        let way = Way { route, digest: digest.clone() };
        self.shared.ways.insert(digest, way.clone());
        Some(way)
    }
}

/// `None` if files are not read.
fn own_tls(raw: &raw::ProviderTls) -> Result<Option<OwnTls>, (&'static str, &'static str)> {
    let cert = raw.cert.as_deref();
    let key = raw.key.as_ref().map(Secret::expose);
    if cert.is_some() != key.is_some() {
        let missing = if cert.is_some() { "key" } else { "cert" };
        return Err((missing, "`cert` and `key` belong together"));
    }
    let server_name = match &raw.server_name {
        None => None,
        Some(name) => Some(
            ServerName::try_from(name.clone())
                .map_err(|_| ("server_name", "this is not the name of a host"))?,
        ),
    };
    if [raw.ca.as_deref(), cert, key].into_iter().flatten().any(is_stand_in) {
        return Ok(None);
    }
    let roots = match &raw.ca {
        None => trust::roots(),
        Some(text) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(text, "ca")? {
                roots.add(authority).map_err(|_| ("ca", "a certificate in it cannot be read"))?;
            }
            Arc::new(roots)
        }
    };
    let builder = trust::client().with_root_certificates(roots);
    let mut config = match (cert, key) {
        (Some(cert), Some(key)) => {
            let chain = certificates(cert, "cert")?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|_| ("key", "it contains no private key in PEM form"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    ("key", "it is not the key of the certificate")
                }
                rustls::Error::General(_) => ("key", "keys of this kind are not supported"),
                _ => ("cert", "the certificate in it cannot be read"),
            })?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(OwnTls { config: Arc::new(config), server_name }))
}

fn digest(endpoint: &raw::Endpoint, proxy: Option<&Proxy>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: Option<&str>| {
        let part = part.unwrap_or_default();
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    };
    add(endpoint.proxy.as_ref().map(Secret::expose));
    add(proxy.map(|proxy| proxy.uri.to_string()).as_deref());
    if let Some(tls) = &endpoint.tls {
        add(tls.ca.as_deref());
        add(tls.cert.as_deref());
        add(tls.key.as_ref().map(Secret::expose));
        add(tls.server_name.as_deref());
    }
    hasher.finalize().to_hex().to_string()
}

/// The word for no proxy.
const DIRECT: &str = "direct";
