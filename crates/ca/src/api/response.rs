//! What a client is told.

use sealwax_crypto::pem;
use sealwax_json::{Object, Value, compact};
use sealwax_oidc::{Configuration, Issuer, IssuerType};
use sealwax_pki::Certificate;

/// The answer to `POST /api/v2/signingCert`: the chain, leaf first, with the promises of the logs in the leaf.
#[must_use]
pub fn signing_certificate_json<'a>(chain: impl Iterator<Item = &'a Certificate>) -> String {
    let embedded = Object::new().with("chain", chain_value(chain));
    compact(&Object::new().with("signedCertificateEmbeddedSct", embedded).into())
}

/// The answer to `GET /api/v2/trustBundle`.
#[must_use]
pub fn trust_bundle_json(chain: &[Certificate]) -> String {
    let chains = vec![chain_value(chain.iter())];
    compact(&Object::new().with("chains", chains).into())
}

/// The certificates of a chain as PEM, for version 1 of the API.
#[must_use]
pub fn pem_chain<'a>(chain: impl Iterator<Item = &'a Certificate>) -> String {
    chain.map(to_pem).collect::<Vec<_>>().join("\n")
}

/// The answer to `GET /api/v2/configuration`, every field written out as Fulcio does.
#[must_use]
pub fn configuration_json(configuration: &Configuration) -> String {
    let listed = configuration.issuers().map(|(url, issuer)| issuer_value("issuerUrl", url, issuer));
    let patterns = configuration.patterns();
    let matched =
        patterns.map(|(pattern, issuer)| issuer_value("wildcardIssuerUrl", pattern.as_str(), issuer));
    let issuers: Value<'_> = listed.chain(matched).collect();
    compact(&Object::new().with("issuers", issuers).into())
}

fn issuer_value<'a>(name: &'static str, url: &'a str, issuer: &'a Issuer) -> Value<'a> {
    let trust_domain = match &issuer.kind {
        IssuerType::Spiffe { trust_domain } => trust_domain.as_str(),
        _ => "",
    };
    let skips = matches!(issuer.kind, IssuerType::Email { skip_verification: true, .. });
    Object::new()
        .with(name, url)
        .with("audience", issuer.client_id.as_str())
        .with("challengeClaim", issuer.challenge_claim.as_str())
        .with("spiffeTrustDomain", trust_domain)
        .with("issuerType", issuer.kind.name())
        .with("subjectDomain", issuer.kind.subject_domain().unwrap_or_default())
        .with("skipEmailVerification", skips)
        .into()
}

fn chain_value<'a>(chain: impl Iterator<Item = &'a Certificate>) -> Value<'static> {
    let certificates: Value<'static> = chain.map(|one| Value::from(to_pem(one))).collect();
    Object::new().with("certificates", certificates).into()
}

/// Without the newline at the end, as Fulcio has it.
fn to_pem(certificate: &Certificate) -> String {
    pem::encode("CERTIFICATE", certificate.der()).trim_end().to_owned()
}
