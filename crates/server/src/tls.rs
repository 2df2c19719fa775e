//! TLS from a certificate and a key in PEM.

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::sync::Arc;

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

/// TLS 1.2 and 1.3 with this chain (the server's certificate first) and key, for HTTP/2 and HTTP/1.1.
///
/// # Errors
/// See [`TlsError`].
pub fn tls_config(certificates_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(certificates_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsError::BadCertificates)?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(TlsError::BadKey)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
