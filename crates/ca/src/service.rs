//! The authority at work: a request becomes a certificate.

use std::fmt;
use std::sync::{Arc, RwLock};

use jiff::Timestamp;
use sealwax_oidc::{Configuration, Identity, Token, TokenError};
use sealwax_pki::CertificateRequest;

use crate::api::{ApiError, KeyProof, SigningRequest};
use crate::authority::Authority;
use crate::ct_log::CertificateLog;
use crate::issue::{IssuedCertificate, issue};
use crate::possession::{PossessionError, ProvenKey, read_public_key};
use crate::providers::{ProviderError, Providers, Wanted};

/// An authority, whom it believes, and where it logs.
pub struct Service {
    authority: Authority,
    logs: Vec<CertificateLog>,
    providers: Arc<dyn Providers>,
    /// Replaced as a whole; a request keeps the one that it began with.
    configuration: RwLock<Arc<Configuration>>,
    clock: fn() -> Timestamp,
}

impl Service {
    /// An authority that logs every certificate in all of `logs`.
    #[must_use]
    pub fn new(
        authority: Authority,
        logs: Vec<CertificateLog>,
        providers: Arc<dyn Providers>,
        configuration: Configuration,
        clock: fn() -> Timestamp,
    ) -> Self {
        Service { authority, logs, providers, configuration: RwLock::new(Arc::new(configuration)), clock }
    }

    /// The configuration at this moment.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        Arc::clone(&self.configuration.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Takes another configuration from the next request on. None is dropped.
    pub fn reconfigure(&self, configuration: Configuration) {
        *self.configuration.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::new(configuration);
    }

    /// The authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Issues the certificate that is asked for.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn certify(&self, request: &SigningRequest) -> Result<IssuedCertificate, ApiError> {
        let identity = self.identify(&request.token).await?;
        let key = prove(&request.key, &identity)?;
        Ok(issue(&self.authority, &self.logs, &identity, key, &self.clock).await?)
    }

    /// Who a token says somebody is, and nothing else: what a certificate would say.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn identify(&self, token: &str) -> Result<Identity, ApiError> {
        identify(&self.configuration(), &*self.providers, token, (self.clock)()).await
    }
}

/// Who a token says somebody is, by a configuration and the keys that providers have now.
///
/// # Errors
/// [`ApiError`], up to [`ApiError::Identity`].
pub async fn identify(
    configuration: &Configuration,
    providers: &dyn Providers,
    token: &str,
    now: Timestamp,
) -> Result<Identity, ApiError> {
    let token = Token::parse(token)?;
    let url = token.claimed_issuer().to_owned();
    let unknown = || ApiError::UnknownIssuer { issuer: url.clone() };
    let issuer = configuration.issuer(&url).ok_or_else(unknown)?;
    let failed = |cause| ApiError::Provider { issuer: url.clone(), cause };
    if issuer.ca_certificates.is_some() {
        return Err(failed(ProviderError::OwnCertificates));
    }
    let provider = providers.provider(&url, Wanted::Known).await.map_err(failed)?;
    let verified = match token.clone().verify(&provider, &issuer.client_id, now) {
        Err(TokenError::UnknownKey { .. }) => {
            let provider = providers.provider(&url, Wanted::Newer).await.map_err(failed)?;
            token.verify(&provider, &issuer.client_id, now)?
        }
        other => other?,
    };
    Ok(Identity::of(&verified, configuration)?)
}

impl fmt::Debug for Service {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.debug_struct("Service").field("authority", &self.authority).finish_non_exhaustive()
    }
}

fn prove(key: &KeyProof, identity: &Identity) -> Result<ProvenKey, PossessionError> {
    match key {
        KeyProof::PublicKey { content, proof } => {
            ProvenKey::by_challenge(read_public_key(content)?, proof, identity)
        }
        KeyProof::CertificateRequest(pem) => {
            // What is not UTF-8 has no PEM block in it.
            let text = std::str::from_utf8(pem).unwrap_or_default();
            ProvenKey::by_request(&CertificateRequest::from_pem(text)?)
        }
    }
}
