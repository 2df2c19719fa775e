//! Kinds of statements: their names, and what a file must have to be what it claims.

use std::fmt;

use sealwax_json::{Error, Kind, Limits, Reader};

/// How a predicate is looked at: large, and nothing of it is kept.
const LIMITS: Limits = Limits { bytes: 128 << 20, depth: 63, values: 1 << 26, members: 1 << 22 };

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Object,
    Array,
    /// A text that begins like this.
    Text(&'static str),
    /// One of these texts.
    OneOf(&'static [&'static str]),
}

/// Members that such a file has at its top.
type Members = &'static [(&'static str, Shape)];

/// Short names, what cosign calls the same, URIs, and what such a file has.
const KNOWN: &[(&str, &[&str], &str, Members)] = &[
    (
        "slsa-provenance",
        &["slsaprovenance1"],
        "https://slsa.dev/provenance/v1",
        &[("buildDefinition", Shape::Object), ("runDetails", Shape::Object)],
    ),
    (
        "slsa-provenance-v0.2",
        &["slsaprovenance", "slsaprovenance02"],
        "https://slsa.dev/provenance/v0.2",
        &[("builder", Shape::Object), ("buildType", Shape::Text(""))],
    ),
    ("spdx", &["spdxjson"], "https://spdx.dev/Document", &[("spdxVersion", Shape::Text("SPDX-"))]),
    // <https://spdx.github.io/spdx-spec/v3.0.1/serializations/>: JSON-LD, of which nothing else stands at the top of every document.
    ("spdx3", &[], "https://spdx.dev/Document/v3", &[("@context", Shape::Text("https://spdx.org/rdf/3."))]),
    (
        "cyclonedx",
        &[],
        "https://cyclonedx.org/bom",
        &[("bomFormat", Shape::OneOf(&["CycloneDX"])), ("specVersion", Shape::Text(""))],
    ),
    (
        "openvex",
        &["vex"],
        "https://openvex.dev/ns/v0.2.0",
        &[("@context", Shape::Text("https://openvex.dev/ns")), ("statements", Shape::Array)],
    ),
    (
        "test-result",
        &[],
        "https://in-toto.io/attestation/test-result/v0.1",
        &[("result", Shape::OneOf(&["PASSED", "WARNED", "FAILED"]))],
    ),
    ("vuln", &[], "https://cosign.sigstore.dev/attestation/vuln/v1", &[("scanner", Shape::Object)]),
    ("link", &[], "https://in-toto.io/attestation/link/v0.3", &[("name", Shape::Text(""))]),
];

/// The longest name of a kind in a file name.
const MAX_SHORT: usize = 32;

/// A kind of statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateType {
    uri: String,
    /// For file names: without a dot.
    pub short: String,
    members: Members,
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
    /// Something else than it claims, which has a member of that name too.
    #[error("its {member:?} is not what every {uri} has there: {expected}")]
    Value {
        /// The member.
        member: &'static str,
        /// What it should be.
        expected: Shape,
        /// What it claims to be.
        uri: String,
    },
}

/// The URI that a short name stands for; any other word stands for itself.
pub fn type_uri(word: &str) -> String {
    PredicateType::of(word).map_or_else(|_| word.to_owned(), |kind| kind.uri)
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

    /// Its name for everybody.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether a file can be one of these: an object that has what each has.
    ///
    /// # Errors
    /// [`PredicateError`].
    pub fn check(&self, predicate: &[u8]) -> Result<(), PredicateError> {
        let mut reader = Reader::new(predicate, &LIMITS)?;
        let mut found: Vec<(&'static str, bool)> = Vec::new();
        reader.members(|name, reader| {
            match self.members.iter().find(|(member, _)| *member == name) {
                Some(&(member, shape)) => found.push((member, shape.read(reader)?)),
                None => drop(reader.skip()?),
            }
            Ok::<(), Error>(())
        })?;
        reader.end()?;
        for &(member, expected) in self.members {
            let uri = || self.uri.clone();
            match found.iter().find(|(name, _)| *name == member) {
                None => return Err(PredicateError::Missing { member, uri: uri() }),
                Some((_, false)) => return Err(PredicateError::Value { member, expected, uri: uri() }),
                Some((_, true)) => {}
            }
        }
        Ok(())
    }
}

impl Shape {
    /// Reads the value, whatever it is; whether it is this.
    fn read(self, reader: &mut Reader<'_>) -> Result<bool, Error> {
        let kind = reader.kind()?;
        if let (Shape::Text(_) | Shape::OneOf(_), Kind::String) = (self, kind) {
            let text = reader.string()?;
            return Ok(match self {
                Shape::Text(start) => text.starts_with(start),
                Shape::OneOf(texts) => texts.contains(&text.as_ref()),
                Shape::Object | Shape::Array => false,
            });
        }
        reader.skip()?;
        Ok(matches!((self, kind), (Shape::Object, Kind::Object) | (Shape::Array, Kind::Array)))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Object => f.write_str("an object"),
            Shape::Array => f.write_str("an array"),
            Shape::Text("") => f.write_str("a string"),
            Shape::Text(start) => write!(f, "a string that begins with {start:?}"),
            Shape::OneOf(texts) => f.write_str(&texts.join(" or ")),
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
        for (kind, text, wrong) in [
            ("spdx", r#"{"spdxVersion":2.3}"#, "spdxVersion"),
            ("spdx", r#"{"spdxVersion":"2.3"}"#, "spdxVersion"),
            ("cyclonedx", r#"{"bomFormat":"SPDX","specVersion":"1.6"}"#, "bomFormat"),
            ("slsa-provenance", r#"{"buildDefinition":{},"runDetails":[]}"#, "runDetails"),
            ("vex", r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":{}}"#, "statements"),
            ("test-result", r#"{"result":"passed"}"#, "result"),
        ] {
            match check(kind, text) {
                Err(PredicateError::Value { member, .. }) => assert_eq!(member, wrong, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        for (kind, text) in [
            ("cyclonedx", r#"{"specVersion":"1.6","bomFormat":"CycloneDX"}"#),
            ("slsa-provenance", r#"{"buildDefinition":{},"runDetails":{}}"#),
            ("slsaprovenance", r#"{"builder":{"id":"x"},"buildType":"y"}"#),
            ("vex", r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}"#),
            ("test-result", r#"{"result":"FAILED","configuration":[]}"#),
            ("vuln", r#"{"scanner":{"uri":"x"}}"#),
            ("link", r#"{"name":"build"}"#),
            (
                "spdx3",
                r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"SpdxDocument"}]}"#,
            ),
        ] {
            assert_eq!(check(kind, text), Ok(()), "{text}");
        }
        assert!(matches!(check("urn:x", r#"{"a":1,"a":2}"#), Err(PredicateError::Json(_))));
        assert_eq!(check("urn:x", "{}"), Ok(()));
    }
}
