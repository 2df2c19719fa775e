//! What a client is told: as a message, in JSON, and for version 1 of the API as PEM.

use sealwax_crypto::pem;
use sealwax_json::{Object, Value, compact};
use sealwax_oidc::{Configuration, Issuer, IssuerType};
use sealwax_pki::Certificate;

use crate::issue::IssuedCertificate;

use super::message::{self, CertificateChain, EmbeddedSct, IssuerUrl, OidcIssuer};

impl message::SigningCertificate {
    /// The answer to `CreateSigningCertificate`: the chain, leaf first, with the promises of the logs in the leaf.
    #[must_use]
    pub fn of(issued: &IssuedCertificate) -> Self {
        let above = issued.authority().chain_pem().iter().cloned();
        let certificates = std::iter::once(to_pem(issued.certificate())).chain(above).collect();
        let embedded = EmbeddedSct { chain: Some(CertificateChain { certificates }) };
        Self { signed_certificate_embedded_sct: Some(embedded) }
    }

    /// The body of `POST /api/v2/signingCert`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let chain = self.signed_certificate_embedded_sct.as_ref().and_then(|sct| sct.chain.as_ref());
        let embedded = Object::new().with("chain", chain.map_or(Value::Null, CertificateChain::to_value));
        compact(&Object::new().with("signedCertificateEmbeddedSct", embedded).into())
    }
}

impl message::TrustBundle {
    /// The answer to `GetTrustBundle`.
    #[must_use]
    pub fn of(chain: &[Certificate]) -> Self {
        Self { chains: vec![CertificateChain::of(chain.iter())] }
    }

    /// The body of `GET /api/v2/trustBundle`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let chains: Value<'_> = self.chains.iter().map(CertificateChain::to_value).collect();
        compact(&Object::new().with("chains", chains).into())
    }
}

impl CertificateChain {
    fn of<'a>(chain: impl Iterator<Item = &'a Certificate>) -> Self {
        Self { certificates: chain.map(to_pem).collect() }
    }

    fn to_value(&self) -> Value<'_> {
        let certificates: Value<'_> = self.certificates.iter().map(|pem| Value::from(pem.as_str())).collect();
        Object::new().with("certificates", certificates).into()
    }
}

impl message::Configuration {
    /// The answer to `GetConfiguration`.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Self {
        let listed = configuration.issuers().map(|(url, issuer)| (IssuerUrl::Exact(url.to_owned()), issuer));
        let matched = configuration
            .patterns()
            .map(|(pattern, issuer)| (IssuerUrl::Wildcard(pattern.as_str().to_owned()), issuer));
        Self { issuers: listed.chain(matched).map(|(url, issuer)| OidcIssuer::of(url, issuer)).collect() }
    }

    /// The body of `GET /api/v2/configuration`, every field written out as Fulcio does.
    #[must_use]
    pub fn to_json(&self) -> String {
        let issuers: Value<'_> = self.issuers.iter().map(OidcIssuer::to_value).collect();
        compact(&Object::new().with("issuers", issuers).into())
    }
}

impl OidcIssuer {
    fn of(url: IssuerUrl, issuer: &Issuer) -> Self {
        let trust_domain = match &issuer.kind {
            IssuerType::Spiffe { trust_domain } => trust_domain.as_str(),
            _ => "",
        };
        Self {
            issuer: Some(url),
            audience: issuer.client_id.clone(),
            challenge_claim: issuer.challenge_claim.as_str().to_owned(),
            spiffe_trust_domain: trust_domain.to_owned(),
            issuer_type: issuer.kind.name().to_owned(),
            subject_domain: issuer.kind.subject_domain().unwrap_or_default().to_owned(),
            skip_email_verification: matches!(issuer.kind, IssuerType::Email { skip_verification: true, .. }),
        }
    }

    fn to_value(&self) -> Value<'_> {
        let (name, url) = match &self.issuer {
            Some(IssuerUrl::Wildcard(pattern)) => ("wildcardIssuerUrl", pattern.as_str()),
            Some(IssuerUrl::Exact(url)) => ("issuerUrl", url.as_str()),
            None => ("issuerUrl", ""),
        };
        Object::new()
            .with(name, url)
            .with("audience", self.audience.as_str())
            .with("challengeClaim", self.challenge_claim.as_str())
            .with("spiffeTrustDomain", self.spiffe_trust_domain.as_str())
            .with("issuerType", self.issuer_type.as_str())
            .with("subjectDomain", self.subject_domain.as_str())
            .with("skipEmailVerification", self.skip_email_verification)
            .into()
    }
}

/// The certificates of a chain as PEM, for version 1 of the API.
#[must_use]
pub fn pem_chain<'a>(chain: impl Iterator<Item = &'a Certificate>) -> String {
    chain.map(to_pem).collect::<Vec<_>>().join("\n")
}

/// Without the newline at the end, as Fulcio has it.
pub(crate) fn to_pem(certificate: &Certificate) -> String {
    let mut pem = pem::encode("CERTIFICATE", certificate.der());
    pem.truncate(pem.trim_end().len());
    pem
}
