//! Kinds of statements: their names, and what a file must have to be what it claims.

use std::borrow::Cow;

use sealwax_json::{Error, Limits, Reader};

/// How a predicate is looked at: large, and nothing of it is kept.
const LIMITS: Limits = Limits { bytes: 128 << 20, depth: 63, values: 1 << 26, members: 1 << 22 };

/// Short names, what cosign calls the same, URIs, and members that such a file has at its top.
const KNOWN: &[(&str, &[&str], &str, &[&str])] = &[
    (
        "slsa-provenance",
        &["slsaprovenance1"],
        "https://slsa.dev/provenance/v1",
        &["buildDefinition", "runDetails"],
    ),
    (
        "slsa-provenance-v0.2",
        &["slsaprovenance", "slsaprovenance02"],
        "https://slsa.dev/provenance/v0.2",
        &["builder", "buildType"],
    ),
    ("spdx", &["spdxjson"], "https://spdx.dev/Document", &["spdxVersion"]),
    ("cyclonedx", &[], "https://cyclonedx.org/bom", &["bomFormat", "specVersion"]),
    ("openvex", &["vex"], "https://openvex.dev/ns/v0.2.0", &["@context", "statements"]),
    ("test-result", &[], "https://in-toto.io/attestation/test-result/v0.1", &["result"]),
    ("vuln", &[], "https://cosign.sigstore.dev/attestation/vuln/v1", &["scanner"]),
    ("link", &[], "https://in-toto.io/attestation/link/v0.3", &["name"]),
];

/// The longest name of a kind in a file name.
const MAX_SHORT: usize = 32;

/// A kind of statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateType {
    uri: String,
    /// For file names: without a dot.
    pub short: String,
    members: &'static [&'static str],
}

/// Why a file is not what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredicateError {
    /// Not strict JSON, or not an object.
    #[error("it is not a JSON object: {0}")]
    Json(#[from] Error),
    /// Something else than it claims.
    #[error("it has no {member:?}, which every {uri} has")]
    Missing {
        /// What is missing.
        member: &'static str,
        /// What it claims to be.
        uri: String,
    },
}

impl PredicateType {
    /// By its short name or its URI.
    ///
    /// # Errors
    /// It is neither.
    pub fn of(word: &str) -> Result<Self, String> {
        let found = KNOWN
            .iter()
            .find(|(short, others, uri, _)| *short == word || others.contains(&word) || *uri == word);
        if let Some((short, _, uri, members)) = found {
            return Ok(Self { uri: (*uri).to_owned(), short: short.replace('.', "-"), members });
        }
        if !word.contains(':') {
            let names: Vec<&str> = KNOWN.iter().map(|(short, ..)| *short).collect();
            return Err(format!("{word:?} is neither a URI nor one of {}", names.join(", ")));
        }
        let safe = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        let segment =
            word.rsplit('/').find(|part| part.chars().any(|c| c.is_ascii_alphabetic())).unwrap_or_default();
        let short: String = segment.chars().map(safe).take(MAX_SHORT).collect();
        let short = if short.is_empty() { "attestation".to_owned() } else { short.to_ascii_lowercase() };
        Ok(Self { uri: word.to_owned(), short, members: &[] })
    }

    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether a file can be one of these: an object that has what each has.
    ///
    /// # Errors
    /// [`PredicateError`].
    pub fn check(&self, predicate: &[u8]) -> Result<(), PredicateError> {
        let mut reader = Reader::new(predicate, &LIMITS)?;
        let mut found: Vec<Cow<'_, str>> = Vec::new();
        reader.members(|name, reader| {
            if self.members.contains(&name.as_ref()) {
                found.push(name);
            }
            reader.skip().map(|_| ())
        })?;
        reader.end()?;
        match self.members.iter().find(|member| !found.iter().any(|name| name == **member)) {
            Some(member) => Err(PredicateError::Missing { member, uri: self.uri.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_uris() {
        let of = |word: &str| PredicateType::of(word).map(|kind| (kind.uri, kind.short));
        let spdx = ("https://spdx.dev/Document".to_owned(), "spdx".to_owned());
        for word in ["spdx", "spdxjson", "https://spdx.dev/Document"] {
            assert_eq!(of(word), Ok(spdx.clone()));
        }
        assert_eq!(of("https://x.example/Review/v1").unwrap().1, "v1");
        assert_eq!(of("https://x.example/Code.Review").unwrap().1, "code-review");
        assert_eq!(of("urn:1").unwrap().1, "urn-1");
        assert!(of("sbom").unwrap_err().contains("cyclonedx"));
    }

    #[test]
    fn files_are_what_they_claim() {
        let check = |kind: &str, text: &str| PredicateType::of(kind).unwrap().check(text.as_bytes());
        assert_eq!(check("spdx", r#"{"spdxVersion":"SPDX-2.3","packages":[]}"#), Ok(()));
        let uri = "https://spdx.dev/Document".to_owned();
        let missing = PredicateError::Missing { member: "spdxVersion", uri };
        assert_eq!(check("spdx", r#"{"bomFormat":"CycloneDX"}"#), Err(missing));
        assert!(matches!(check("spdx", "[]"), Err(PredicateError::Json(_))));
        assert!(matches!(check("urn:x", r#"{"a":1,"a":2}"#), Err(PredicateError::Json(_))));
        assert_eq!(check("urn:x", "{}"), Ok(()));
    }
}
