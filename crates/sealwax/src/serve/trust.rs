//! What clients are told to trust, and whom to ask: the trusted root, the signing config, and both in one file.

use sealwax_crypto::KeyDetails;
use sealwax_formats::{
    CertificateAuthority, ClientTrustConfig, KeyDetailsField, KeyMaterial, Selector, Service as Offer,
    ServiceConfiguration, SigningConfig, SigningConfigVersion, TimeRange, TransparencyLog, TrustedRoot,
    TrustedRootVersion,
};
use sealwax_pki::Certificate;
use sealwax_tlog::LogKey;

use super::address;
use super::certificates::Certified;
use super::holdings::Holdings;
use super::instance::{Authority, Instance, Term};
use super::others;
use super::places::Service;
use crate::Failure;
use crate::log::keys::Keys;
use crate::trust::new::subject;

/// What clients read.
pub struct Documents {
    pub trusted_root: TrustedRoot,
    pub signing_config: SigningConfig,
}

impl Documents {
    /// Those of an instance: everything that it ever signed with, and what it will sign with next, is trusted for its time.
    /// `others`: what is said beside it.
    pub fn of(
        instance: &Instance,
        holdings: &Holdings,
        others: Vec<ClientTrustConfig>,
    ) -> Result<Self, Failure> {
        let trusted_root = trusted_root(instance, holdings)?;
        let mut config = ClientTrustConfig { trusted_root, signing_config: signing_config(instance) };
        others::add(&mut config, others);
        let ClientTrustConfig { trusted_root, signing_config } = config;
        Ok(Self { trusted_root, signing_config })
    }

    pub fn trusted_root_json(&self) -> String {
        format!("{}\n", self.trusted_root.write())
    }

    pub fn signing_config_json(&self) -> String {
        format!("{}\n", self.signing_config.write())
    }

    pub fn client_trust_config_json(&self) -> String {
        let (trusted_root, signing_config) = (self.trusted_root.clone(), self.signing_config.clone());
        format!("{}\n", ClientTrustConfig { trusted_root, signing_config }.write())
    }
}

fn trusted_root(instance: &Instance, holdings: &Holdings) -> Result<TrustedRoot, Failure> {
    let url = &instance.url;
    let logs = instance.signature_shards.iter().zip(&holdings.signature_logs).map(|(shard, keys)| {
        let verifier = keys.signing.verifier_keys().next().cloned();
        let key = verifier.and_then(|key| LogKey::from_verifier_key(key).ok());
        let key = key.ok_or_else(|| Failure::cannot("the key of the log is not one that logs have"))?;
        // Where this shard is read, for ever; at the root of the host it is the newest one. Of this URL, clients take the host
        // name for the origin.
        let place = instance.place(Service::Log);
        let base_url = format!("{place}{}", shard.path.as_deref().unwrap_or_default());
        log(url, keys, base_url, key.id().to_vec(), &shard.term)
    });
    let certificate_logs =
        instance.certificate_shards.iter().zip(&holdings.certificate_logs).map(|(shard, keys)| {
            let id = keys.signer.public_key().spki_sha256().to_vec();
            log(url, keys, instance.certificate_log(&shard.name), id, &shard.term)
        });
    let authorities = |list: &[Authority], certified: &[Certified], uri: &str| -> Vec<CertificateAuthority> {
        let both = list.iter().zip(certified);
        both.map(|(one, certified)| authority(url, &certified.chain, uri, &one.term)).collect()
    };
    Ok(TrustedRoot {
        version: TrustedRootVersion::V01,
        logs: logs.collect::<Result<_, _>>()?,
        certificate_authorities: authorities(
            &instance.certificate_authorities,
            &holdings.certificate_authorities,
            &instance.place(Service::Ca),
        ),
        certificate_logs: certificate_logs.collect::<Result<_, _>>()?,
        timestamp_authorities: authorities(
            &instance.timestamp_authorities,
            &holdings.timestamp_authorities,
            &instance.timestamps(),
        ),
    })
}

fn log(
    url: &str,
    keys: &Keys,
    base_url: String,
    id: Vec<u8>,
    term: &Term,
) -> Result<TransparencyLog, Failure> {
    let key = keys.signer.public_key();
    let scheme = key.default_schemes().first().copied();
    let details = scheme.and_then(|scheme| KeyDetails::of(key, scheme));
    let details = details.ok_or_else(|| Failure::cannot("the key of a log is of a kind that has no name"))?;
    let details = KeyDetailsField::Known(details);
    let material = KeyMaterial::new(key.spki_der().to_vec(), details, Some(range(term)));
    Ok(TransparencyLog { operator: operator(url), ..TransparencyLog::new(base_url, material, id) })
}

fn authority(url: &str, chain: &[Certificate], uri: &str, term: &Term) -> CertificateAuthority {
    CertificateAuthority {
        subject: subject(chain),
        uri: uri.to_owned(),
        cert_chain: chain.iter().map(|certificate| certificate.der().to_vec()).collect(),
        valid_for: Some(range(term)),
        operator: operator(url),
    }
}

fn range(term: &Term) -> TimeRange {
    TimeRange { start: Some(term.from), end: term.until }
}

fn operator(url: &str) -> String {
    address::host(url).unwrap_or_default().to_owned()
}

/// One of each kind, and ANY of them: sigstore-js knows no other selector, and takes an absent one for "none". The services keep
/// their addresses through every rotation, so this never changes.
fn signing_config(instance: &Instance) -> SigningConfig {
    let offer = |service: String, major_api_version| {
        let valid_for = Some(TimeRange { start: Some(instance.created), end: None });
        Offer { url: service, major_api_version, valid_for, operator: operator(&instance.url) }
    };
    let of = |service, offer| if instance.has(service) { vec![offer] } else { Vec::new() };
    let any = || Some(ServiceConfiguration { selector: Selector::Any, count: 0 });
    SigningConfig {
        version: SigningConfigVersion::V02,
        ca_urls: of(Service::Ca, offer(instance.place(Service::Ca), 1)),
        oidc_urls: of(Service::Idp, offer(instance.issuer(), 1)),
        rekor_tlog_urls: of(Service::Log, offer(instance.place(Service::Log), 2)),
        rekor_tlog_config: any(),
        tsa_urls: of(Service::Tsa, offer(instance.timestamps(), 1)),
        tsa_config: any(),
    }
}
