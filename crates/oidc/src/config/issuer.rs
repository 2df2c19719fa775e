//! One issuer of a configuration, by its type.

use std::collections::BTreeMap;

use super::ci_provider::CiProvider;
use super::fields::{Fields, nearest};
use super::{ConfigError, Pattern, domain};
use crate::go_url::GoUrl;
use crate::spiffe;

/// An issuer whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Whom its tokens must be for (`aud`).
    pub client_id: String,
    /// What its tokens say, and what becomes of it.
    pub kind: IssuerType,
    /// The claim over which a client proves that it has its key, as the API tells clients: `email` or `sub` unless set.
    pub challenge_claim: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// Whom to ask about it.
    pub contact: Option<String>,
    /// The environment it is for, if it is for one only.
    pub environment: Option<String>,
    /// Certificates to trust for TLS to it, PEM, besides the system's.
    pub ca_certificates: Option<String>,
}

/// What an issuer's tokens are about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerType {
    /// People with an e-mail address.
    Email {
        /// The claim, by the names of its levels, that names the issuer behind this one.
        issuer_claim: Option<Vec<String>>,
        /// Whether an address counts that the token does not call verified.
        skip_verification: bool,
    },
    /// Workloads with a SPIFFE ID.
    Spiffe {
        /// The only trust domain it speaks for.
        trust_domain: String,
    },
    /// Subjects that are URIs.
    Uri {
        /// Scheme and host of them.
        subject_domain: String,
    },
    /// Subjects that are user names.
    Username {
        /// The domain they are names in.
        subject_domain: String,
    },
    /// Service accounts of a Kubernetes cluster.
    Kubernetes,
    /// GitHub Actions.
    GithubWorkflow,
    /// GitLab CI.
    GitlabPipeline,
    /// Buildkite.
    BuildkiteJob,
    /// Codefresh.
    CodefreshWorkflow,
    /// Chainguard.
    ChainguardIdentity,
    /// A CI provider described by templates.
    CiProvider {
        /// Its name in `ci-issuer-metadata`.
        provider: String,
    },
}

/// The types' names in a file and in the API.
const TYPES: [&str; 11] = [
    "email",
    "spiffe",
    "uri",
    "username",
    "kubernetes",
    "github-workflow",
    "gitlab-pipeline",
    "buildkite-job",
    "codefresh-workflow",
    "chainguard-identity",
    "ci-provider",
];

impl IssuerType {
    /// The name of the type, as the file and the API have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            IssuerType::Email { .. } => "email",
            IssuerType::Spiffe { .. } => "spiffe",
            IssuerType::Uri { .. } => "uri",
            IssuerType::Username { .. } => "username",
            IssuerType::Kubernetes => "kubernetes",
            IssuerType::GithubWorkflow => "github-workflow",
            IssuerType::GitlabPipeline => "gitlab-pipeline",
            IssuerType::BuildkiteJob => "buildkite-job",
            IssuerType::CodefreshWorkflow => "codefresh-workflow",
            IssuerType::ChainguardIdentity => "chainguard-identity",
            IssuerType::CiProvider { .. } => "ci-provider",
        }
    }

    /// `subject-domain`, where the type has one.
    #[must_use]
    pub fn subject_domain(&self) -> Option<&str> {
        match self {
            IssuerType::Uri { subject_domain } | IssuerType::Username { subject_domain } => {
                Some(subject_domain)
            }
            _ => None,
        }
    }
}

impl Issuer {
    /// Reads what stands under an issuer's URL.
    pub(super) fn read(
        url: &str,
        mut fields: Fields,
        providers: &BTreeMap<String, CiProvider>,
    ) -> Result<Self, ConfigError> {
        let path = fields.path_of("IssuerURL", "issuer-url");
        if let Some(found) = fields.text("IssuerURL", "issuer-url")?
            && found != url
        {
            return Err(ConfigError::IssuerUrl { path, key: url.to_owned(), found });
        }
        Issuer::read_rest(fields, Some(url), providers)
    }

    /// Reads what stands under a pattern.
    pub(super) fn read_pattern(
        pattern: &str,
        mut fields: Fields,
        providers: &BTreeMap<String, CiProvider>,
    ) -> Result<(Pattern, Self), ConfigError> {
        let path = fields.path.clone();
        let pattern =
            Pattern::new(pattern).map_err(|cause| ConfigError::Pattern { path: path.clone(), cause })?;
        fields.text("IssuerURL", "issuer-url")?; // means nothing here, and is written out by some
        let issuer = Issuer::read_rest(fields, None, providers)?;
        match issuer.kind {
            IssuerType::Spiffe { .. } => Err(ConfigError::SpiffePattern { path }),
            _ => Ok((pattern, issuer)),
        }
    }

    fn read_rest(
        mut fields: Fields,
        url: Option<&str>,
        providers: &BTreeMap<String, CiProvider>,
    ) -> Result<Self, ConfigError> {
        let kind = read_type(&mut fields, url, providers)?;
        let default_claim = if matches!(kind, IssuerType::Email { .. }) { "email" } else { "sub" };
        let issuer = Issuer {
            client_id: required(&mut fields, "ClientID", "client-id", "tokens must be for somebody")?,
            challenge_claim: fields
                .text("ChallengeClaim", "challenge-claim")?
                .unwrap_or_else(|| default_claim.to_owned()),
            description: fields.text("Description", "description")?,
            contact: fields.text("Contact", "contact")?,
            environment: fields.text("Environment", "environment")?,
            ca_certificates: read_certificates(&mut fields)?,
            kind,
        };
        fields.finish()?;
        Ok(issuer)
    }
}

fn read_type(
    fields: &mut Fields,
    url: Option<&str>,
    providers: &BTreeMap<String, CiProvider>,
) -> Result<IssuerType, ConfigError> {
    let name = required(fields, "Type", "type", "says what the tokens are about")?;
    let issuer_claim = fields.text("IssuerClaim", "issuer-claim")?;
    let trust_domain = fields.text("SPIFFETrustDomain", "spiffe-trust-domain")?;
    let subject_domain = fields.text("SubjectDomain", "subject-domain")?;
    let provider = fields.text("CIProvider", "ci-provider")?;
    let skip_verification = fields.boolean("SkipEmailVerification", "skip-email-verification")?;
    let not_for = |present: bool, json, yaml, only: &'static str| match present && name != only {
        true => Err(ConfigError::NotForType { path: fields.path_of(json, yaml), only }),
        false => Ok(()),
    };
    not_for(issuer_claim.is_some(), "IssuerClaim", "issuer-claim", "email")?;
    not_for(skip_verification, "SkipEmailVerification", "skip-email-verification", "email")?;

    let subject_path = || fields.path_of("SubjectDomain", "subject-domain");
    let subject_domain = || {
        let missing =
            || ConfigError::Missing { path: subject_path(), needed_by: "issuers of this type have one" };
        subject_domain.clone().ok_or_else(missing)
    };
    match name.as_str() {
        "email" => {
            let path = fields.path_of("IssuerClaim", "issuer-claim");
            let issuer_claim = issuer_claim.map(|text| claim_path(path, text)).transpose()?;
            Ok(IssuerType::Email { issuer_claim, skip_verification })
        }
        "spiffe" => {
            let path = fields.path_of("SPIFFETrustDomain", "spiffe-trust-domain");
            let needed_by = "issuers of type spiffe speak for one trust domain";
            let text = trust_domain.ok_or_else(|| ConfigError::Missing { path: path.clone(), needed_by })?;
            let domain =
                spiffe::read_trust_domain(&text).map_err(|cause| ConfigError::TrustDomain { path, cause })?;
            Ok(IssuerType::Spiffe { trust_domain: domain.to_owned() })
        }
        "uri" => {
            let subject_domain = subject_domain()?;
            check_uri_domain(&subject_domain, url, subject_path)?;
            Ok(IssuerType::Uri { subject_domain })
        }
        "username" => {
            let subject_domain = subject_domain()?;
            check_user_domain(&subject_domain, url, subject_path)?;
            Ok(IssuerType::Username { subject_domain })
        }
        "ci-provider" => {
            let path = fields.path_of("CIProvider", "ci-provider");
            let provider = provider.ok_or_else(|| ConfigError::Missing {
                path: path.clone(),
                needed_by: "issuers of type ci-provider are described in ci-issuer-metadata",
            })?;
            if !providers.contains_key(&provider) {
                return Err(ConfigError::UnknownProvider { path, found: provider });
            }
            Ok(IssuerType::CiProvider { provider })
        }
        "kubernetes" => Ok(IssuerType::Kubernetes),
        "github-workflow" => Ok(IssuerType::GithubWorkflow),
        "gitlab-pipeline" => Ok(IssuerType::GitlabPipeline),
        "buildkite-job" => Ok(IssuerType::BuildkiteJob),
        "codefresh-workflow" => Ok(IssuerType::CodefreshWorkflow),
        "chainguard-identity" => Ok(IssuerType::ChainguardIdentity),
        _ => {
            let (path, nearest) = (fields.path_of("Type", "type"), nearest(&name, &TYPES));
            Err(ConfigError::UnknownType { path, found: name, nearest })
        }
    }
}

/// The URIs of subjects and the issuer's have one scheme and one domain. Under a pattern there is no issuer yet to compare with.
fn check_uri_domain(text: &str, issuer: Option<&str>, path: impl Fn() -> String) -> Result<(), ConfigError> {
    let subject = GoUrl::parse(text).map_err(|cause| ConfigError::Url { path: path(), cause })?;
    if subject.scheme().is_empty() {
        let expected = "a URL with a scheme";
        return Err(ConfigError::Scheme { path: path(), found: text.to_owned(), expected });
    }
    let Some(issuer) = issuer else { return Ok(()) };
    let parsed = GoUrl::parse(issuer).map_err(|cause| ConfigError::Url { path: path(), cause })?;
    if subject.scheme() == parsed.scheme() && domain::is_same(subject.host_name(), parsed.host_name()) {
        return Ok(());
    }
    Err(ConfigError::SubjectDomain { path: path(), found: text.to_owned(), issuer: issuer.to_owned() })
}

/// The domain of user names is a bare name, of the issuer's domain.
fn check_user_domain(text: &str, issuer: Option<&str>, path: impl Fn() -> String) -> Result<(), ConfigError> {
    let subject = GoUrl::parse(text).map_err(|cause| ConfigError::Url { path: path(), cause })?;
    if !subject.scheme().is_empty() {
        let expected = "a domain without a scheme";
        return Err(ConfigError::Scheme { path: path(), found: text.to_owned(), expected });
    }
    let Some(issuer) = issuer else { return Ok(()) };
    let parsed = GoUrl::parse(issuer).map_err(|cause| ConfigError::Url { path: path(), cause })?;
    if !parsed.scheme().is_empty() && domain::is_same(text.as_bytes(), parsed.host_name()) {
        return Ok(());
    }
    Err(ConfigError::SubjectDomain { path: path(), found: text.to_owned(), issuer: issuer.to_owned() })
}

fn required(
    fields: &mut Fields,
    json: &'static str,
    yaml: &'static str,
    needed_by: &'static str,
) -> Result<String, ConfigError> {
    let path = fields.path_of(json, yaml);
    fields.text(json, yaml)?.ok_or(ConfigError::Missing { path, needed_by })
}

/// `$.a.b`, the part of JSONPath that anybody uses here.
fn claim_path(path: String, text: String) -> Result<Vec<String>, ConfigError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let levels = text.strip_prefix("$.").map(|rest| rest.split('.').collect::<Vec<_>>()).unwrap_or_default();
    if levels.is_empty() || levels.iter().any(|level| level.is_empty() || !level.chars().all(fits)) {
        return Err(ConfigError::ClaimPath { path, found: text });
    }
    Ok(levels.into_iter().map(str::to_owned).collect())
}

/// PEM blocks of certificates, at least one. What is in them is for whoever speaks TLS.
fn read_certificates(fields: &mut Fields) -> Result<Option<String>, ConfigError> {
    let path = fields.path_of("CACert", "ca-cert");
    let Some(text) = fields.text("CACert", "ca-cert")? else { return Ok(None) };
    match sealwax_crypto::pem::decode_all(&text) {
        Ok(blocks) if blocks.iter().any(|block| block.label == "CERTIFICATE") => Ok(Some(text)),
        _ => Err(ConfigError::CaCertificate { path }),
    }
}
