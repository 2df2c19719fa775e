//! The authority at work: a request becomes a certificate.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use jiff::Timestamp;
use sealwax_oidc::{Configuration, Identity, Token};
use sealwax_pki::CertificateRequest;

use crate::api::{ApiError, KeyProof, RequestError, SigningRequest};
use crate::audit::{Audit, Event};
use crate::authority::Authority;
use crate::ct_log::CertificateLog;
use crate::issue::{IssuedCertificate, issue};
use crate::metrics::{IssuerLabel, Metrics};
use crate::possession::{PossessionError, ProvenKey, read_public_key};
use crate::profile::VALIDITY;
use crate::providers::{Providers, Wanted};
use crate::quota::Quotas;

/// An authority, whom it believes, and where it logs.
pub struct Service {
    /// Replaced as a whole; a request keeps the one that it began with.
    issuing: RwLock<Arc<Issuing>>,
    providers: Arc<dyn Providers>,
    /// Replaced as a whole; a request keeps the one that it began with.
    configuration: RwLock<Arc<Configuration>>,
    clock: fn() -> Timestamp,
    audit: Option<Arc<dyn Audit>>,
    /// Replaced as a whole, with what was used up of them.
    quotas: RwLock<Arc<Quotas>>,
    metrics: Arc<Metrics>,
}

/// What certificates are made with.
struct Issuing {
    authority: Authority,
    logs: Vec<CertificateLog>,
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
        let issuing = RwLock::new(Arc::new(Issuing { authority, logs }));
        let configuration = RwLock::new(Arc::new(configuration));
        let (quotas, metrics) = (RwLock::default(), Arc::default());
        Service { issuing, providers, configuration, clock, audit: None, quotas, metrics }
    }

    /// The same, of whose work a record is kept.
    #[must_use]
    pub fn recorded_by(self, audit: Arc<dyn Audit>) -> Self {
        Service { audit: Some(audit), ..self }
    }

    /// The same, with quotas.
    #[must_use]
    pub fn limited_to(self, quotas: Quotas) -> Self {
        self.limit_to(quotas);
        self
    }

    /// The same, which counts there.
    #[must_use]
    pub fn counted_in(self, metrics: Arc<Metrics>) -> Self {
        Service { metrics, ..self }
    }

    /// Takes other quotas from the next request on, of which nothing is used up yet.
    pub fn limit_to(&self, quotas: Quotas) {
        *self.quotas.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(quotas);
    }

    fn quotas(&self) -> Arc<Quotas> {
        Arc::clone(&self.quotas.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Whether certificates can be issued now, as far as the authority's own chain is concerned.
    #[must_use]
    pub fn ready(&self) -> bool {
        let now = (self.clock)();
        now.checked_add(VALIDITY).is_ok_and(|until| self.authority().covers(now, until))
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

    /// The authority at this moment.
    #[must_use]
    pub fn authority(&self) -> Authority {
        self.issuing().authority.clone()
    }

    /// Issues with another authority, or logs elsewhere, from the next request on. What was begun ends as it began: logs that
    /// are left out are to stay open until then.
    pub fn renew(&self, authority: Authority, logs: Vec<CertificateLog>) {
        *self.issuing.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::new(Issuing { authority, logs });
    }

    fn issuing(&self) -> Arc<Issuing> {
        Arc::clone(&self.issuing.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Answers a request that came from `address`: issues the certificate that is asked for. What came of it is recorded before
    /// it is answered, and also if nobody waits for that any more.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn certify(
        &self,
        request: Result<SigningRequest, RequestError>,
        address: Option<IpAddr>,
    ) -> Result<IssuedCertificate, ApiError> {
        let began = Instant::now();
        let request = match request {
            Ok(request) => request,
            Err(error) => return self.record(address, None, None, Err(error.into())),
        };
        let known = vouched(&self.configuration(), &*self.providers, &request.token, (self.clock)()).await;
        let (identity, issuer) = match known {
            Ok(known) => known,
            Err(error) => return self.record(address, Some(&request), None, Err(error)),
        };
        let waiting = Waiting { service: self, address, request: &request, identity: &identity };
        let issued = self.issue(&request, &identity).await;
        std::mem::forget(waiting);
        let issued = self.record(address, Some(&request), Some(&identity), issued)?;
        self.metrics.issued(issuer, began.elapsed());
        Ok(issued)
    }

    async fn issue(
        &self,
        request: &SigningRequest,
        identity: &Identity,
    ) -> Result<IssuedCertificate, ApiError> {
        let key = prove(&request.key, identity)?;
        // Not before: a stranger who saw the token cannot use up what its owner may have.
        self.quotas().take(identity, Instant::now())?;
        let issuing = self.issuing();
        Ok(issue(&issuing.authority, &issuing.logs, identity, key, &self.clock).await?)
    }

    /// Writes down what is answered, and counts it if it is a refusal.
    fn record(
        &self,
        address: Option<IpAddr>,
        request: Option<&SigningRequest>,
        identity: Option<&Identity>,
        outcome: Result<IssuedCertificate, ApiError>,
    ) -> Result<IssuedCertificate, ApiError> {
        self.write_down(address, request, identity, outcome).inspect_err(|error| self.metrics.refused(error))
    }

    fn write_down(
        &self,
        address: Option<IpAddr>,
        request: Option<&SigningRequest>,
        identity: Option<&Identity>,
        outcome: Result<IssuedCertificate, ApiError>,
    ) -> Result<IssuedCertificate, ApiError> {
        let Some(audit) = &self.audit else { return outcome };
        // With an identity there is no question left who vouches for it.
        let unidentified = request.filter(|_| identity.is_none());
        let token = unidentified.and_then(|request| Token::parse(&request.token).ok());
        let recorded = audit.record(&Event {
            time: (self.clock)(),
            address,
            identity,
            claimed_issuer: token.as_ref().map(Token::claimed_issuer),
            outcome: outcome.as_ref(),
        });
        // A refusal gives nobody anything, recorded or not.
        let issued = outcome?;
        recorded?;
        Ok(issued)
    }

    /// Who a token says somebody is, and nothing else: what a certificate would say.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn identify(&self, token: &str) -> Result<Identity, ApiError> {
        identify(&self.configuration(), &*self.providers, token, (self.clock)()).await
    }
}

/// A request that is being answered. Dropped with its connection, it leaves a record: of what is in a log there is always one.
struct Waiting<'a> {
    service: &'a Service,
    address: Option<IpAddr>,
    request: &'a SigningRequest,
    identity: &'a Identity,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // There is nobody to be refused.
        let gone = Err(ApiError::GoneAway);
        let _ = self.service.record(self.address, Some(self.request), Some(self.identity), gone);
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
    vouched(configuration, providers, token, now).await.map(|(identity, _)| identity)
}

/// The same, and what kind of issuer says so.
async fn vouched(
    configuration: &Configuration,
    providers: &dyn Providers,
    token: &str,
    now: Timestamp,
) -> Result<(Identity, IssuerLabel), ApiError> {
    let token = Token::parse(token)?;
    let url = token.claimed_issuer();
    let unknown = || ApiError::UnknownIssuer { issuer: url.to_owned() };
    let issuer = configuration.issuer(url).ok_or_else(unknown)?;
    let failed = |cause| ApiError::Provider { issuer: url.to_owned(), cause };
    let mut provider = providers.provider(url, issuer, Wanted::Known).await.map_err(failed)?;
    if token.names_unknown_key(&provider) {
        provider = providers.provider(url, issuer, Wanted::Newer).await.map_err(failed)?;
    }
    let verified = token.verify(&provider, &issuer.client_id, now)?;
    Ok((Identity::of(&verified, configuration)?, IssuerLabel::from(&issuer.kind)))
}

impl fmt::Debug for Service {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.debug_struct("Service").field("authority", &self.issuing().authority).finish_non_exhaustive()
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
