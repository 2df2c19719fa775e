//! Trusted roots, signing configs and managed keys, as they are shown here and by `trust show`.

use sealwax_formats::{
    CertificateAuthority, KeyMaterial, NpmKey, NpmKeys, Service, ServiceConfiguration, SigningConfig,
    SigningConfigVersion, TimeRange, TransparencyLog, TrustedRoot, TrustedRootVersion, UnusableReason,
};
use sealwax_pki::{Authority, Certificate};

use super::certificate;
use super::node::{Node, filled, hex};

/// A trusted root.
pub fn trusted_root(root: &TrustedRoot) -> Node {
    Node::new()
        .with(
            "version",
            match root.version {
                TrustedRootVersion::V01 => "0.1",
                TrustedRootVersion::V02 => "0.2",
            },
        )
        .with(
            "certificate_authorities",
            root.certificate_authorities.iter().map(authority).collect::<Vec<_>>(),
        )
        .with("certificate_logs", root.certificate_logs.iter().map(log).collect::<Vec<_>>())
        .with("signature_logs", root.logs.iter().map(log).collect::<Vec<_>>())
        .with("timestamp_authorities", root.timestamp_authorities.iter().map(authority).collect::<Vec<_>>())
}

/// A signing config.
pub fn signing_config(config: &SigningConfig) -> Node {
    let services = |list: &[Service]| list.iter().map(service).collect::<Vec<_>>();
    Node::new()
        .with(
            "version",
            match config.version {
                SigningConfigVersion::V01 => "0.1",
                SigningConfigVersion::V02 => "0.2",
            },
        )
        .with("certificate_authorities", services(&config.ca_urls))
        .with("openid_issuers", services(&config.oidc_urls))
        .with("signature_logs", services(&config.rekor_tlog_urls))
        .with("signature_logs_asked", config.rekor_tlog_config.as_ref().map(selector))
        .with("timestamp_authorities", services(&config.tsa_urls))
        .with("timestamp_authorities_asked", config.tsa_config.as_ref().map(selector))
}

/// Managed keys.
pub fn npm_keys(keys: &NpmKeys) -> Vec<Node> {
    let node = |key: &NpmKey| {
        Node::new()
            .with("hint", key.key_id.as_str())
            .with("usage", filled(&key.usage))
            .and(key_material(&key.key))
    };
    keys.keys.iter().map(node).collect()
}

fn log(log: &TransparencyLog) -> Node {
    Node::new()
        .with("url", filled(&log.base_url))
        .with("operator", filled(&log.operator))
        .with("log_id", log.log_id.as_deref().map(hex))
        .with("checkpoint_key_id", log.checkpoint_key_id.as_deref().map(hex))
        .and(log.public_key.as_ref().map(key_material).unwrap_or_default())
        .with("unusable", log.usable().err().map(|reason| reason.to_string()))
}

fn key_material(key: &KeyMaterial) -> Node {
    let node = Node::new().with("key", key.details().name()).with("valid", key.valid_for().map(range));
    match key.public_key() {
        Ok((key, _)) => node.with("key_sha256", hex(&key.spki_sha256())),
        Err(error) => node.with("unusable", error.to_string()),
    }
}

fn authority(authority: &CertificateAuthority) -> Node {
    let certificates: Result<Vec<Certificate>, _> =
        authority.cert_chain.iter().map(|der| Certificate::from_der(der)).collect();
    let unusable = match (authority.usable(), &certificates) {
        (Err(reason), _) => Some(reason.to_string()),
        (Ok(_), Err(error)) => Some(error.to_string()),
        (Ok(_), Ok(chain)) => Authority::from_chain(chain).err().map(|error| error.to_string()),
    };
    Node::new()
        .with("url", filled(&authority.uri))
        .with("operator", filled(&authority.operator))
        .with("valid", authority.valid_for.as_ref().map(range))
        .with("unusable", unusable)
        .with(
            "certificates",
            certificates.unwrap_or_default().iter().map(certificate::summary).collect::<Vec<_>>(),
        )
}

fn service(service: &Service) -> Node {
    Node::new()
        .with("url", service.url.as_str())
        .with("operator", filled(&service.operator))
        .with("api_version", service.major_api_version)
        .with("valid", service.valid_for.as_ref().map(range))
}

fn selector(config: &ServiceConfiguration) -> String {
    match config.count {
        0 => config.selector.name().to_owned(),
        count => format!("{} {count}", config.selector.name()),
    }
}

fn range(range: &TimeRange) -> String {
    match (range.window(), range.end) {
        (Some(window), _) => window.to_string(),
        (None, Some(end)) => format!("{}; until {end}", UnusableReason::NoStart),
        (None, None) => UnusableReason::NoStart.to_string(),
    }
}
