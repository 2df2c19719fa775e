//! The texts of Fulcio's certificate extensions, 1.3.6.1.4.1.57264.1.1 to .24 (Fulcio's `docs/oid-info.md`).

use std::collections::BTreeMap;

/// The issuer: written as .1 (as it is) and .8 (as a UTF8String) with the same text.
pub(crate) const ISSUER: u8 = 8;
/// The issuer in its first form.
pub(crate) const ISSUER_V1: u8 = 1;
/// The subject of the token.
pub(crate) const SUBJECT: u8 = 24;

/// The last arc of each extension, and what a configuration file calls it, in JSON and in YAML. Number 1 follows from 8, and 7 is no
/// extension (it is the type of a user name in subjectAltName).
pub(crate) const NAMES: [(u8, &str, &str); 22] = [
    (8, "Issuer", "issuer"),
    (2, "GithubWorkflowTrigger", "github-workflow-trigger"),
    (3, "GithubWorkflowSHA", "github-workflow-sha"),
    (4, "GithubWorkflowName", "github-workflow-name"),
    (5, "GithubWorkflowRepository", "github-workflow-repository"),
    (6, "GithubWorkflowRef", "github-workflow-ref"),
    (9, "BuildSignerURI", "build-signer-uri"),
    (10, "BuildSignerDigest", "build-signer-digest"),
    (11, "RunnerEnvironment", "runner-environment"),
    (12, "SourceRepositoryURI", "source-repository-uri"),
    (13, "SourceRepositoryDigest", "source-repository-digest"),
    (14, "SourceRepositoryRef", "source-repository-ref"),
    (15, "SourceRepositoryIdentifier", "source-repository-identifier"),
    (16, "SourceRepositoryOwnerURI", "source-repository-owner-uri"),
    (17, "SourceRepositoryOwnerIdentifier", "source-repository-owner-identifier"),
    (18, "BuildConfigURI", "build-config-uri"),
    (19, "BuildConfigDigest", "build-config-digest"),
    (20, "BuildTrigger", "build-trigger"),
    (21, "RunInvocationURI", "run-invocation-uri"),
    (22, "SourceRepositoryVisibilityAtSigning", "source-repository-visibility-at-signing"),
    (23, "DeploymentEnvironment", "deployment-environment"),
    (24, "Subject", "subject"),
];

/// What a certificate says besides its subject. No text is empty, and there is always an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extensions(BTreeMap<u8, String>);

impl Extensions {
    /// The extensions that every certificate has.
    pub(crate) fn new(issuer: &str, subject: &str) -> Self {
        let mut extensions = Extensions(BTreeMap::new());
        extensions.set(ISSUER_V1, issuer);
        extensions.set(ISSUER, issuer);
        extensions.set(SUBJECT, subject);
        extensions
    }

    /// Sets an extension, unless the text is empty: then there is none.
    pub(crate) fn set(&mut self, number: u8, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.0.insert(number, text);
        }
    }

    /// The text of an extension, by the last arc of its identifier.
    #[must_use]
    pub fn get(&self, number: u8) -> Option<&str> {
        self.0.get(&number).map(String::as_str)
    }

    /// The last arcs of the extensions and their texts, in the order in which Fulcio writes them: ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &str)> {
        self.0.iter().map(|(number, text)| (*number, text.as_str()))
    }

    /// The same with the names that a configuration file has for them.
    pub fn named(&self) -> impl Iterator<Item = (u8, &'static str, &str)> {
        self.iter().map(|(number, text)| {
            let known = if number == ISSUER_V1 { ISSUER } else { number };
            let name = NAMES.iter().find(|(other, ..)| *other == known).map_or("", |(_, _, yaml)| yaml);
            (number, name, text)
        })
    }
}
