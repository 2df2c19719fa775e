//! Whom to ask, and the trust on which the result must verify: of one profile, or of files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealwax_client::{LogVersion, LogVersions};
use sealwax_formats::{ClientTrustConfig, Service, SigningConfig};
use sealwax_verify::{Trust, Verifier};

use super::args::{RekorVersion, SignTrustArgs};
use crate::Failure;
use crate::profile::{self, ChosenBy, MAX_FILE};
use crate::sources::read_limited;
use crate::trust_store;

/// A profile that signs.
pub struct SigningTrust {
    pub verifier: Arc<Verifier>,
    pub config: SigningConfig,
    /// The profile, or the file.
    pub name: String,
    /// The project's file that chose the profile.
    pub project: Option<PathBuf>,
    /// Whether nothing becomes public by its services, as its profile says.
    pub private: bool,
}

impl SigningTrust {
    /// What the command line, or the environment, names.
    ///
    /// # Errors
    /// There is no such profile or file, or it cannot sign.
    pub fn of(args: &SignTrustArgs) -> Result<Self, Failure> {
        match (&args.trust_config, &args.trusted_root, &args.signing_config) {
            (Some(path), ..) => from_config(path),
            (None, Some(root), Some(config)) => {
                let profile = profile::from_file(root)?;
                let loaded = trust_store::prepare(profile).map_err(|stop| Failure::cannot(stop.reason))?;
                let name = config.display().to_string();
                let config = parse(&name, &read(config)?)?;
                let verifier = Arc::new(loaded.verifier);
                Ok(Self { verifier, config, name, project: None, private: false })
            }
            _ => {
                let named = args.trust.as_deref();
                let choice = profile::for_signing(named, &profile::working_directory()?)?;
                if choice.name == profile::KEY_ONLY {
                    return Ok(key_only());
                }
                let project = match choice.by {
                    ChosenBy::Project(file) => Some(file),
                    ChosenBy::User | ChosenBy::Default => None,
                };
                Ok(Self { project, ..from_profile(&choice.name, args.rekor)? })
            }
        }
    }

    /// Whether it is the profile that asks nobody, and not a file of that name.
    pub fn is_key_only(&self) -> bool {
        self.private && self.name == profile::KEY_ONLY
    }
}

/// Nobody is asked, and nothing but the signature is looked at.
fn key_only() -> SigningTrust {
    SigningTrust {
        verifier: Arc::new(Verifier::new(Trust::key_only())),
        config: SigningConfig::nobody(),
        name: profile::KEY_ONLY.to_owned(),
        project: None,
        private: true,
    }
}

/// Which logs the command line allows.
pub fn log_versions(version: Option<RekorVersion>) -> LogVersions {
    match version {
        None => LogVersions::Any,
        Some(RekorVersion::V1) => LogVersions::Only(LogVersion::V1),
        Some(RekorVersion::V2) => LogVersions::Only(LogVersion::V2),
    }
}

fn from_profile(name: &str, rekor: Option<RekorVersion>) -> Result<SigningTrust, Failure> {
    let mut profile = profile::load(name)?;
    let (config, private) = (profile.signing_config.take(), profile.private);
    let opt_in = profile.signing_config_rekor_v2.take().filter(|_| rekor == Some(RekorVersion::V2));
    let may_have_opt_in = opt_in.is_none() && profile.tuf_url.is_some();
    // First, as it says what to do about a profile that was never fetched: its services come with its root.
    let loaded = trust_store::prepare(profile).map_err(|stop| Failure::cannot(stop.reason))?;
    let config = opt_in.or(config).ok_or_else(|| {
        Failure::cannot(format!(
            "the trust profile {name} says whom to trust and not whom to ask: it has no signing config; \
             `sealwax trust add NAME --config client_trust_config.json` makes a profile that has one"
        ))
    })?;
    let config = parse(name, &config)?;
    let is_v2 = |log: &Service| log.major_api_version == 2;
    if rekor == Some(RekorVersion::V2) && may_have_opt_in && !config.rekor_tlog_urls.iter().any(is_v2) {
        return Err(Failure::cannot(format!(
            "--rekor v2: the signing config of {name} has no such log; `sealwax trust update {name}` gets the one that has, \
             if its repository does"
        )));
    }
    if let Some(url) = profile::public_service(&config).filter(|_| private) {
        return Err(Failure::cannot(format!(
            "the trust profile {name} is private, and {url}, which its signing config asks, is public: nothing was sent"
        )));
    }
    Ok(SigningTrust {
        verifier: Arc::new(loaded.verifier),
        config,
        name: name.to_owned(),
        project: None,
        private,
    })
}

fn from_config(path: &Path) -> Result<SigningTrust, Failure> {
    let name = path.display().to_string();
    let config = ClientTrustConfig::parse(&read(path)?);
    let config = config.map_err(|error| Failure::cannot(format!("{name} cannot be read: {error}")))?;
    let verifier = Arc::new(Verifier::new(Trust::new(&config.trusted_root)));
    Ok(SigningTrust { verifier, config: config.signing_config, name, project: None, private: false })
}

fn parse(name: &str, bytes: &[u8]) -> Result<SigningConfig, Failure> {
    SigningConfig::parse(bytes)
        .map_err(|error| Failure::cannot(format!("the signing config of {name} cannot be read: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MAX_FILE)
        .map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))
}
