//! What clients are told to trust, and whom to ask: the trusted root, the signing config, and both in one file.

use jiff::Timestamp;
use sealwax_crypto::{KeyDetails, PublicKey};
use sealwax_formats::{
    CertificateAuthority, ClientTrustConfig, KeyDetailsField, KeyMaterial, Selector, Service,
    ServiceConfiguration, SigningConfig, SigningConfigVersion, TimeRange, TransparencyLog, TrustedRoot,
    TrustedRootVersion,
};
use sealwax_pki::Certificate;
use sealwax_tlog::LogKey;

use super::address;
use super::instance::Shard;
use crate::Failure;
use crate::log::keys::Keys;
use crate::trust::new::subject;

/// Where the timestamp authority answers: clients take its URL as it is.
pub const TIMESTAMP: &str = "/api/v1/timestamp";

/// Where the identity provider is, for people.
pub const ISSUER: &str = "/oidc";

/// And for machines.
pub const MACHINE_ISSUER: &str = "/oidc/machine";

/// The services of an instance.
pub struct Services<'a> {
    pub url: &'a str,
    /// Since when. A whole second, and nothing was signed before it.
    pub from: Timestamp,
    pub certificate_authority: &'a [Certificate],
    pub timestamp_authority: &'a [Certificate],
    pub certificate_log: (&'a Keys, &'a [Shard]),
    pub signature_log: &'a Keys,
}

/// What clients read.
pub struct Documents {
    pub trusted_root: String,
    pub signing_config: String,
    pub client_trust_config: String,
}

impl Documents {
    /// Those of an instance that has one service of each kind.
    pub fn of(services: &Services<'_>) -> Result<Self, Failure> {
        let trusted_root = trusted_root(services)?;
        let signing_config = signing_config(services);
        let config = ClientTrustConfig { trusted_root, signing_config };
        Ok(Self {
            trusted_root: format!("{}\n", config.trusted_root.write()),
            signing_config: format!("{}\n", config.signing_config.write()),
            client_trust_config: format!("{}\n", config.write()),
        })
    }
}

fn trusted_root(services: &Services<'_>) -> Result<TrustedRoot, Failure> {
    let Services { url, from, .. } = *services;
    let operator = address::host(url).unwrap_or_default();
    let valid_for = TimeRange { start: Some(from), end: None };
    let authority = |chain: &[Certificate], uri: String| CertificateAuthority {
        subject: subject(chain),
        uri,
        cert_chain: chain.iter().map(|certificate| certificate.der().to_vec()).collect(),
        valid_for: Some(valid_for),
        operator: operator.to_owned(),
    };
    let log = |key: &PublicKey, base_url: String, id: Vec<u8>| -> Result<TransparencyLog, Failure> {
        let scheme = key.default_schemes().first().copied();
        let details = scheme.and_then(|scheme| KeyDetails::of(key, scheme));
        let details =
            details.ok_or_else(|| Failure::cannot("the key of a log is of a kind that has no name"))?;
        let material =
            KeyMaterial::new(key.spki_der().to_vec(), KeyDetailsField::Known(details), Some(valid_for));
        Ok(TransparencyLog { operator: operator.to_owned(), ..TransparencyLog::new(base_url, material, id) })
    };

    let (certificate_log, shards) = services.certificate_log;
    let shard = shards.last().map(|shard| shard.name.as_str()).unwrap_or_default();
    let certificate_key = certificate_log.signer.public_key();
    let signature_key = services.signature_log.signer.public_key();
    let verifier = services.signature_log.signing.verifier_keys().next().cloned();
    let log_key = verifier.and_then(|key| LogKey::from_verifier_key(key).ok());
    let log_key = log_key.ok_or_else(|| Failure::cannot("the key of the log is not one that logs have"))?;
    Ok(TrustedRoot {
        version: TrustedRootVersion::V01,
        // The active shard's reads are at the root of the host, where clients append their paths.
        logs: vec![log(signature_key, url.to_owned(), log_key.id().to_vec())?],
        certificate_authorities: vec![authority(services.certificate_authority, url.to_owned())],
        certificate_logs: vec![log(
            certificate_key,
            format!("{url}/ct/{shard}"),
            certificate_key.spki_sha256().to_vec(),
        )?],
        timestamp_authorities: vec![authority(services.timestamp_authority, format!("{url}{TIMESTAMP}"))],
    })
}

/// One of each kind, and ANY of them: sigstore-js knows no other selector, and takes an absent one for "none".
fn signing_config(services: &Services<'_>) -> SigningConfig {
    let Services { url, from, .. } = *services;
    let service = |url: String, major_api_version| {
        vec![Service {
            url,
            major_api_version,
            valid_for: Some(TimeRange { start: Some(from), end: None }),
            operator: address::host(services.url).unwrap_or_default().to_owned(),
        }]
    };
    let any = || Some(ServiceConfiguration { selector: Selector::Any, count: 0 });
    SigningConfig {
        version: SigningConfigVersion::V02,
        ca_urls: service(url.to_owned(), 1),
        oidc_urls: service(format!("{url}{ISSUER}"), 1),
        rekor_tlog_urls: service(url.to_owned(), 2),
        rekor_tlog_config: any(),
        tsa_urls: service(format!("{url}{TIMESTAMP}"), 1),
        tsa_config: any(),
    }
}
