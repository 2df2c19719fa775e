//! Other processes of the same Sigstore, each on a directory of its own: what they say of themselves, in files that somebody
//! brought here. Who has the TUF repository publishes it; a certificate log accepts their authorities' roots; a certificate
//! authority logs at their log.

use std::path::PathBuf;

use sealwax_formats::trust::Instance as Entry;
use sealwax_formats::{ClientTrustConfig, TrustedRoot};
use sealwax_pki::Certificate;

use super::instance::Instance;
use super::places::Service;
use crate::sources::read_limited;
use crate::{Failure, output_file};

/// What a process says of itself, in its directory, if it has no repository to say it in.
pub const NAME: &str = "client_trust_config.json";

/// The longest one that is read, bytes: a trusted root of many years.
const MAX_BYTES: u64 = 4 << 20;

/// The files of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others(pub Vec<PathBuf>);

impl Others {
    /// What they say.
    pub fn read(&self) -> Result<Vec<ClientTrustConfig>, Failure> {
        self.0
            .iter()
            .map(|path| {
                let cannot = |error: &dyn std::fmt::Display| {
                    Failure::cannot(format!("trust.others: {}: {error}", path.display()))
                };
                let bytes = read_limited(path, MAX_BYTES).map_err(|error| cannot(&error))?;
                ClientTrustConfig::parse(&bytes).map_err(|error| cannot(&error))
            })
            .collect()
    }

    /// The roots of their certificate authorities, in PEM.
    pub fn roots(&self) -> Result<Vec<String>, Failure> {
        let others = self.read()?;
        let authorities = others.iter().flat_map(|other| &other.trusted_root.certificate_authorities);
        let roots = authorities.filter_map(|authority| authority.cert_chain.last());
        let roots = roots.map(|der| Certificate::from_der(der).map(|root| root.to_pem()));
        roots.collect::<Result<_, _>>().map_err(|error| Failure::cannot(format!("trust.others: {error}")))
    }
}

/// Adds what the others say to what this instance says.
pub fn add(own: &mut ClientTrustConfig, others: Vec<ClientTrustConfig>) {
    for ClientTrustConfig { trusted_root, signing_config } in others {
        let root = &mut own.trusted_root;
        append(&mut root.logs, trusted_root.logs);
        append(&mut root.certificate_authorities, trusted_root.certificate_authorities);
        append(&mut root.certificate_logs, trusted_root.certificate_logs);
        append(&mut root.timestamp_authorities, trusted_root.timestamp_authorities);
        let config = &mut own.signing_config;
        append(&mut config.ca_urls, signing_config.ca_urls);
        append(&mut config.oidc_urls, signing_config.oidc_urls);
        append(&mut config.rekor_tlog_urls, signing_config.rekor_tlog_urls);
        append(&mut config.tsa_urls, signing_config.tsa_urls);
    }
}

/// Keeps what clients were told of others and nobody says any more: a process that was restored does not know the keys that it made
/// after its backup, and what they signed stays verifiable. What is kept.
pub fn keep(root: &mut TrustedRoot, told: &TrustedRoot) -> Vec<String> {
    let is_listed =
        |one: &Entry| root.instances().any(|listed| listed.kind() == one.kind() && listed.id() == one.id());
    let forgotten: Vec<Entry> = told.instances().filter(|one| !is_listed(one)).collect();
    let names = forgotten.iter().map(|one| format!("{} {}", one.kind(), one.id())).collect();
    for one in forgotten {
        match one {
            Entry::Log(log) => root.logs.push(log),
            Entry::CertificateLog(log) => root.certificate_logs.push(log),
            Entry::CertificateAuthority(authority) => root.certificate_authorities.push(authority),
            Entry::TimestampAuthority(authority) => root.timestamp_authorities.push(authority),
        }
    }
    names
}

fn append<T: PartialEq>(list: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}

/// What was last handed to others of this instance, if it is one that hands it in a file.
pub fn handed(directory: &std::path::Path) -> Result<Option<ClientTrustConfig>, Failure> {
    let path = directory.join(NAME);
    match path.exists() {
        false => Ok(None),
        true => Others(vec![path]).read().map(|mut all| all.pop()),
    }
}

/// Hands it.
pub fn hand(directory: &std::path::Path, text: &str) -> Result<(), Failure> {
    output_file::write(&directory.join(NAME), text.as_bytes(), true)
}

/// Refuses parts that can do nothing without others that nobody named.
pub fn check(instance: &Instance, others: &Others) -> Result<(), Failure> {
    let of_others = others.read()?;
    let (ca, ct) = (instance.has(Service::Ca), instance.has(Service::Ct));
    if ca && !ct && !of_others.iter().any(|other| !other.trusted_root.certificate_logs.is_empty()) {
        return Err(Failure::usage(format!(
            "the certificate authority has no certificate log: serve ct too, or name the {NAME} of who does in trust.others. \
             That log must accept the root of this authority, so it needs the {NAME} of this directory"
        )));
    }
    if ct && !ca && !of_others.iter().any(|other| !other.trusted_root.certificate_authorities.is_empty()) {
        return Err(Failure::usage(format!(
            "the certificate log has no root to accept: serve ca too, or name the {NAME} of who does in trust.others"
        )));
    }
    Ok(())
}
