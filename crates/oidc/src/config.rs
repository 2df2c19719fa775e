//! The configuration of a certificate authority's issuers: Fulcio's file, as it is.
//!
//! **Two vocabularies.** A file that is JSON has the names of Fulcio's Go types (`OIDCIssuers`, `IssuerURL`), whose case does not
//! matter; any other file is YAML and has names with dashes (`oidc-issuers`, `issuer-url`). A name that belongs to neither
//! is an error, which says what was probably meant. The top-level key `define`, where the public instance keeps the anchors of its
//! file, is skipped.
//!
//! Everything that can be wrong is found when the file is read: a pattern, a template, a type without what it needs.

mod ci_provider;
mod document;
mod domain;
mod fields;
mod issuer;
mod pattern;
mod yaml;

use std::collections::BTreeMap;

pub use ci_provider::{CiProvider, Source};
pub use document::DocumentError;
pub use issuer::{Issuer, IssuerType};
pub use pattern::{Pattern, PatternError};

use crate::go_url::UrlError;
use crate::spiffe::SpiffeError;
use crate::template::TemplateError;
pub use fields::nearest;
use fields::{Fields, Syntax};

/// The longest file that is read, in bytes. The public instance's has 19 KB.
pub const MAX_CONFIG_BYTES: usize = 1 << 20;

/// Issuers in one file, patterns included. The public instance has 32.
pub const MAX_ISSUERS: usize = 1000;

/// Which issuers' tokens become which certificates.
#[derive(Clone, Debug)]
pub struct Configuration {
    issuers: BTreeMap<String, Issuer>,
    /// In the order of the file: the first that fits decides.
    patterns: Vec<(Pattern, Issuer)>,
    ci_providers: BTreeMap<String, CiProvider>,
}

/// Why a file is not a configuration. `path` leads to the place, as `oidc-issuers."https://a.example".type`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither JSON nor YAML that we read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A key that does not exist.
    #[error("{path} is unknown; did you mean {nearest:?}?")]
    UnknownKey {
        /// Where.
        path: String,
        /// The key of that place that is spelt most alike.
        nearest: &'static str,
    },
    /// The same key twice, in another case.
    #[error("{path} is there twice")]
    Duplicate {
        /// Where.
        path: String,
    },
    /// A value of another type.
    #[error("{path} is {found}, not {expected}")]
    Type {
        /// Where.
        path: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A value that is needed and missing.
    #[error("{path} is missing, and {needed_by}")]
    Missing {
        /// Where.
        path: String,
        /// Why it is needed.
        needed_by: &'static str,
    },
    /// A type of issuer that does not exist.
    #[error("{path} is {found:?}, which is no type of issuer; did you mean {nearest:?}?")]
    UnknownType {
        /// Where.
        path: String,
        /// What it says.
        found: String,
        /// The type that is spelt most alike.
        nearest: &'static str,
    },
    /// A setting that has no meaning for this type of issuer.
    #[error("{path} is for issuers of type {only:?}")]
    NotForType {
        /// Where.
        path: String,
        /// For which it is.
        only: &'static str,
    },
    /// The key of an issuer and the URL in it differ.
    #[error("{path} is {found:?}, and is listed under {key:?}")]
    IssuerUrl {
        /// Where.
        path: String,
        /// The key.
        key: String,
        /// The URL.
        found: String,
    },
    /// A URL that is none.
    #[error("{path}: {cause}")]
    Url {
        /// Where.
        path: String,
        /// What is wrong with it.
        cause: UrlError,
    },
    /// A URL without a scheme, or a domain with one.
    #[error("{path} is {found:?}, which is not {expected}")]
    Scheme {
        /// Where.
        path: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The subjects' domain is not the issuer's, in its last two labels.
    #[error("{path} is {found:?}, which is not in the domain of its issuer {issuer:?}")]
    SubjectDomain {
        /// Where.
        path: String,
        /// What it is.
        found: String,
        /// The issuer.
        issuer: String,
    },
    /// A SPIFFE trust domain that is none.
    #[error("{path}: {cause}")]
    TrustDomain {
        /// Where.
        path: String,
        /// What is wrong with it.
        cause: SpiffeError,
    },
    /// A type of issuer that cannot stand under a pattern.
    #[error(
        "{path}: issuers of type \"spiffe\" have one trust domain each, so they cannot be matched by a pattern"
    )]
    SpiffePattern {
        /// Where.
        path: String,
    },
    /// A pattern that is none.
    #[error("{path}: {cause}")]
    Pattern {
        /// Where.
        path: String,
        /// What is wrong with it.
        cause: PatternError,
    },
    /// A path to a claim that is not of the form `$.a.b`.
    #[error("{path} is {found:?}, not the path of a claim as in $.federated_claims.connector_id")]
    ClaimPath {
        /// Where.
        path: String,
        /// What it is.
        found: String,
    },
    /// A template that is none.
    #[error("{path}: {cause}")]
    Template {
        /// Where.
        path: String,
        /// What is wrong with it.
        cause: TemplateError,
    },
    /// A CI provider that the file does not describe.
    #[error("{path} is {found:?}, which ci-issuer-metadata does not have")]
    UnknownProvider {
        /// Where.
        path: String,
        /// What it says.
        found: String,
    },
    /// Certificates that are none.
    #[error("{path} is not certificates in PEM")]
    CaCertificate {
        /// Where.
        path: String,
    },
    /// More than [`MAX_ISSUERS`].
    #[error("more than {MAX_ISSUERS} issuers")]
    TooManyIssuers,
    /// Two files describe a CI provider of the same name, and issuers of one would get the templates of the other.
    #[error("the CI provider {name:?} is described twice")]
    ProviderTwice {
        /// Its name.
        name: String,
    },
    /// Two files say something about the same issuer.
    #[error("the issuer {issuer:?} is one of the instance's own, or listed twice")]
    Twice {
        /// Its URL.
        issuer: String,
    },
}

impl Configuration {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        let (syntax, document) = document::read(text)?;
        let mut root = Fields::new(syntax, String::new(), document)?;
        if syntax == Syntax::Yaml {
            root.skip("define");
        }
        let issuers = root.mapping("OIDCIssuers", "oidc-issuers")?;
        let patterns = root.mapping("MetaIssuers", "meta-issuers")?;
        let providers = root.mapping("CIIssuerMetadata", "ci-issuer-metadata")?;
        root.finish()?;
        if issuers.len() + patterns.len() > MAX_ISSUERS {
            return Err(ConfigError::TooManyIssuers);
        }

        let mut configuration =
            Configuration { issuers: BTreeMap::new(), patterns: Vec::new(), ci_providers: BTreeMap::new() };
        for (name, fields) in providers {
            configuration.ci_providers.insert(name, CiProvider::read(fields)?);
        }
        for (url, fields) in issuers {
            let issuer = Issuer::read(&url, fields, &configuration.ci_providers)?;
            configuration.issuers.insert(url, issuer);
        }
        for (pattern, fields) in patterns {
            let entry = Issuer::read_pattern(&pattern, fields, &configuration.ci_providers)?;
            configuration.patterns.push(entry);
        }
        Ok(configuration)
    }

    /// This and the issuers of another file. Which of two entries counts would be a guess, so there must not be two for one
    /// URL, nor for one CI provider; the patterns of the other come after these.
    ///
    /// # Errors
    /// [`ConfigError::Twice`], [`ConfigError::ProviderTwice`].
    pub fn with(mut self, further: Configuration) -> Result<Self, ConfigError> {
        if let Some(issuer) = further.issuers.keys().find(|issuer| self.issuers.contains_key(*issuer)) {
            return Err(ConfigError::Twice { issuer: issuer.clone() });
        }
        if let Some(name) = further.ci_providers.keys().find(|name| self.ci_providers.contains_key(*name)) {
            return Err(ConfigError::ProviderTwice { name: name.clone() });
        }
        self.issuers.extend(further.issuers);
        self.patterns.extend(further.patterns);
        self.ci_providers.extend(further.ci_providers);
        Ok(self)
    }

    /// The issuer of that URL: the one listed under it, or else the first whose pattern fits.
    #[must_use]
    pub fn issuer(&self, url: &str) -> Option<&Issuer> {
        let matched = || self.patterns.iter().find(|(pattern, _)| pattern.matches(url));
        self.issuers.get(url).or_else(|| matched().map(|(_, issuer)| issuer))
    }

    /// The issuers that are listed by URL.
    pub fn issuers(&self) -> impl Iterator<Item = (&str, &Issuer)> {
        self.issuers.iter().map(|(url, issuer)| (url.as_str(), issuer))
    }

    /// The issuers that are matched by a pattern, in the order of the file.
    pub fn patterns(&self) -> impl Iterator<Item = (&Pattern, &Issuer)> {
        self.patterns.iter().map(|(pattern, issuer)| (pattern, issuer))
    }

    /// What is said about a CI provider.
    #[must_use]
    pub fn ci_provider(&self, name: &str) -> Option<&CiProvider> {
        self.ci_providers.get(name)
    }
}

#[cfg(test)]
mod tests;
