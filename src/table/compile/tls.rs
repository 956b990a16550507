//! Compiles TLS of the clients' port from PEM texts.
//!
//! Problems never repeat the content of a file.

use std::sync::Arc;

use rustls::{
    Error, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};

use super::Compiler;
use crate::config::{Certificates, Path};

/// The wrong key of `tls`, and why.
type Wrong = (&'static str, &'static str);

impl Compiler<'_> {
    /// The TLS configuration for clients.
    pub(super) fn tls(&mut self, files: Option<&Certificates>) -> Option<Arc<ServerConfig>> {
        match server(files?) {
            Ok(config) => Some(Arc::new(config)),
            Err((key, why)) => {
                self.problem(&Path::root().key("tls").key(key), why, None);
                None
            }
        }
    }
}

fn server(files: &Certificates) -> Result<ServerConfig, Wrong> {
    let chain = certificates(&files.cert, "cert")?;
    let key = PrivateKeyDer::from_pem_slice(files.key.expose().as_bytes())
        .map_err(|_| ("key", "it contains no private key in PEM form"))?;
    let provider = Arc::new(ring::default_provider());
    let Ok(builder) = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
    else {
        unreachable!("ring supports the default protocol versions")
    };
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(text) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(text, "client_ca")? {
                let added = roots.add(authority);
                added.map_err(|_| ("client_ca", "a certificate in it cannot be read"))?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let verifier = verifier.map_err(|_| ("client_ca", "it cannot verify clients"))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        Error::InconsistentKeys(_) => ("key", "it is not the key of the certificate"),
        Error::General(_) => ("key", "keys of this kind are not supported"),
        _ => ("cert", "the certificate in it cannot be read"),
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Returning clients resume without a full handshake, and no memory is kept for them.
    if let Ok(ticketer) = ring::Ticketer::new() {
        config.ticketer = ticketer;
    }
    Ok(config)
}

pub(super) fn certificates(
    text: &str,
    key: &'static str,
) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match read {
        Ok(read) if !read.is_empty() => Ok(read),
        _ => Err((key, "it contains no certificate in PEM form")),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::secret::Secret;

    fn files(cert: &str, key: &str, client_ca: Option<&str>) -> Certificates {
        let client_ca = client_ca.map(str::to_owned);
        Certificates { cert: cert.to_owned(), key: Secret::new(key.to_owned()), client_ca }
    }

    #[test]
    fn each_file_that_is_wrong_is_named() {
        let pair = |host: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
            (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
        };
        let ((cert, key), (other, other_key)) = (pair("one.example"), pair("two.example"));
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let wrong = |files: &Certificates| server(files).err().map(|(key, _)| key);
        assert_eq!(wrong(&files(&cert, &key, None)), None);
        assert_eq!(wrong(&files(&cert, &key, Some(&other))), None);
        assert_eq!(wrong(&files(&format!("{cert}{other}"), &key, None)), None);
        assert_eq!(wrong(&files("", &key, None)), Some("cert"));
        assert_eq!(wrong(&files(&key, &key, None)), Some("cert"));
        assert_eq!(wrong(&files(broken, &key, None)), Some("cert"));
        assert_eq!(wrong(&files(&cert, "", None)), Some("key"));
        assert_eq!(wrong(&files(&cert, &cert, None)), Some("key"));
        assert_eq!(wrong(&files(&cert, &other_key, None)), Some("key"));
        assert_eq!(wrong(&files(&cert, &key, Some("none"))), Some("client_ca"));
        assert_eq!(wrong(&files(&cert, &key, Some(broken))), Some("client_ca"));
    }
}
