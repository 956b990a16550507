//! The authorities that sign certificates of providers, where the file names none: read once for the
//! process, at the first `https`.

use std::sync::{Arc, LazyLock};

use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier, crypto::ring};

/// The system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), or Mozilla's where the
/// system has none.
pub(crate) fn roots() -> Arc<RootCertStore> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Arc::new(roots)
    });
    Arc::clone(&ROOTS)
}

/// The beginning of every configuration for a handshake with a provider: TLS 1.2 and up.
pub(crate) fn client() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let provider = Arc::new(ring::default_provider());
    match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder,
        Err(_) => unreachable!("ring supports the default protocol versions"),
    }
}
