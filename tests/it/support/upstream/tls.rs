//! Certificates for providers: one that a router can be told to trust, and the wrong ones.
//!
//! Never: nothing here is trusted by the machine; a router trusts it only through `SSL_CERT_FILE`.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// A server's certificate and the file of the authority that signed it.
pub(crate) struct Tls {
    dir: TempDir,
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
    protocols: Vec<Vec<u8>>,
    /// Whose certificates its clients must have.
    asks_for: Option<RootCertStore>,
}

impl Tls {
    /// For 127.0.0.1 and localhost, signed by the authority in [`Tls::ca_file`].
    pub(crate) fn good() -> Self {
        Self::signed(&["127.0.0.1", "localhost"])
    }

    /// Signed by the authority, for another host.
    pub(crate) fn wrong_name() -> Self {
        Self::signed(&["elsewhere.example"])
    }

    /// Signed by itself; the authority in [`Tls::ca_file`] has nothing to do with it.
    pub(crate) fn self_signed() -> Self {
        let mut tls = Self::good();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        tls.certificate = params.self_signed(&tls.key).unwrap().der().clone();
        tls
    }

    /// Also offers HTTP/2.
    pub(crate) fn with_h2(mut self) -> Self {
        self.protocols = vec![b"h2".to_vec()];
        self
    }

    /// Asks each client for a certificate that the authority of `clients` has signed.
    pub(crate) fn asking_for(mut self, clients: &Self) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = std::fs::read(clients.ca_file()).unwrap();
        roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
        self.asks_for = Some(roots);
        self
    }

    fn signed(names: &[&str]) -> Self {
        let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "laboratory authority");
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);

        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "laboratory provider");
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let (pem, certificate) = (certificate.pem(), certificate.der().clone());

        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), root.pem()).unwrap();
        Self { dir, certificate, pem, key, protocols: Vec::new(), asks_for: None }
    }

    /// For `SSL_CERT_FILE`.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// The certificate as a file has it.
    pub(crate) fn cert_pem(&self) -> String {
        self.pem.clone()
    }

    /// Its key as a file has it.
    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// What a client needs that trusts the authority, or shows this certificate itself.
    pub(crate) fn client(&self, protocols: &[&str], shows: Option<&Self>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let authority = std::fs::read(self.ca_file()).unwrap();
        roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shows {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::try_from(own.key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![own.certificate.clone()], key).unwrap()
            }
        };
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        config
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match &self.asks_for {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let roots = Arc::new(roots.clone());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder.with_single_cert(vec![self.certificate.clone()], key).unwrap();
        config.alpn_protocols.clone_from(&self.protocols);
        TlsAcceptor::from(Arc::new(config))
    }
}
