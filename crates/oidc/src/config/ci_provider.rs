//! What `ci-issuer-metadata` says about a CI provider: how its claims become a certificate.

use std::collections::BTreeMap;

use super::ConfigError;
use super::fields::Fields;
use crate::extensions::{ISSUER, NAMES, SUBJECT};
use crate::template::Template;

/// How the claims of a CI provider become a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiProvider {
    /// What a claim is where the token does not have it.
    pub defaults: BTreeMap<String, String>,
    /// The subject alternative name, a URI.
    pub subject: Source,
    /// The extensions, by the last arc of their identifiers. Issuer and subject are always the token's own.
    pub extensions: BTreeMap<u8, Source>,
}

/// Where the text of an extension comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The claim of that name.
    Claim(String),
    /// A template over the claims.
    Template(Template),
}

impl CiProvider {
    pub(super) fn read(mut fields: Fields) -> Result<Self, ConfigError> {
        let defaults =
            fields.texts("DefaultTemplateValues", "default-template-values")?.into_iter().collect();
        let mut extensions = BTreeMap::new();
        if let Some(mut templates) = fields.object("ExtensionTemplates", "extension-templates")? {
            for (number, json, yaml) in NAMES {
                let path = templates.path_of(json, yaml);
                let Some(text) = templates.text(json, yaml)?.filter(|text| !text.trim().is_empty()) else {
                    continue;
                };
                let source = Source::read(path, text)?;
                if number != ISSUER && number != SUBJECT {
                    extensions.insert(number, source);
                }
            }
            templates.finish()?;
        }
        let (json, yaml) = ("SubjectAlternativeNameTemplate", "subject-alternative-name-template");
        let path = fields.path_of(json, yaml);
        let subject = fields.text(json, yaml)?.filter(|text| !text.trim().is_empty());
        let needed_by = "without it no certificate has a subject";
        let subject = subject.ok_or_else(|| ConfigError::Missing { path: path.clone(), needed_by })?;
        fields.finish()?;
        Ok(CiProvider { defaults, subject: Source::read(path, subject)?, extensions })
    }
}

impl Source {
    /// What has braces is a template, anything else the name of a claim.
    fn read(path: String, text: String) -> Result<Self, ConfigError> {
        if !text.contains("{{") {
            return Ok(Source::Claim(text));
        }
        Template::parse(&text).map(Source::Template).map_err(|cause| ConfigError::Template { path, cause })
    }
}
