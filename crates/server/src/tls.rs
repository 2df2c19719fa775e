//! TLS from a certificate and a key in PEM, which can be replaced by others while the server serves.

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::sync::{Arc, PoisonError, RwLock};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificates are not PEM.
    #[error("the certificates cannot be read: {0}")]
    BadCertificates(rustls::pki_types::pem::Error),
    /// There is no certificate.
    #[error("there is no certificate among the certificates")]
    NoCertificate,
    /// The key is not PEM, or there is none.
    #[error("the private key cannot be read: {0}")]
    BadKey(rustls::pki_types::pem::Error),
    /// The key is not that of the certificate, or of a kind that TLS does not have.
    #[error("the certificate and the private key cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// The TLS of a server.
#[derive(Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

/// What handshakes show now.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl Tls {
    /// TLS 1.2 and 1.3 with this chain (the server's certificate first) and key, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(certificates_pem: &[u8], key_pem: &[u8]) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let shown = Arc::new(Shown(RwLock::new(Arc::new(certified_key(certificates_pem, key_pem)?))));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), shown })
    }

    /// Shows another chain from the next handshake on. Connections that are open stay as they are.
    ///
    /// # Errors
    /// See [`TlsError`]: then nothing has changed.
    pub fn replace(&self, certificates_pem: &[u8], key_pem: &[u8]) -> Result<(), TlsError> {
        let next = Arc::new(certified_key(certificates_pem, key_pem)?);
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// For [`Options::tls`](crate::Options).
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified_key(certificates_pem: &[u8], key_pem: &[u8]) -> Result<CertifiedKey, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(certificates_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsError::BadCertificates)?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(TlsError::BadKey)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(certificates, key, &provider).map_err(TlsError::Unusable)
}
