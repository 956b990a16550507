//! The default CAs for providers, read once at the first `https` connection.

use std::sync::{Arc, LazyLock};

use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier, crypto::ring};

/// The system's CAs (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), or Mozilla's if the system
/// has none.
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

/// The base of every TLS configuration for providers: TLS 1.2 and later.
pub(crate) fn client() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let provider = Arc::new(ring::default_provider());
    match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
        Ok(builder) => builder,
        Err(_) => unreachable!("ring supports the default protocol versions"),
    }
}
