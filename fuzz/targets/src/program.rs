//! What the program reads itself: the file of a project and that of a profile; what statements are made of.

use std::path::Path;

use sealwax::parsers::{PredicateType, Profile, checksums, project};

/// `sealwax.toml`, which whoever hands out a repository has written, and `profile.json`.
pub(crate) fn profile(input: &[u8]) {
    match project(input, Path::new("sealwax.toml")) {
        Ok(name) => assert!(name.len() <= input.len()),
        Err(error) => assert!(error.to_string().contains("sealwax.toml")),
    }
    if let Ok(profile) = Profile::parse(input) {
        assert_eq!(Profile::parse(&profile.write()).unwrap(), profile);
    }
}

/// Lists of checksums, and predicates of the kinds that are looked into.
pub(crate) fn attest(input: &[u8]) {
    if let Ok(subjects) = checksums(input) {
        assert!(subjects.iter().all(|(name, digest)| !name.is_empty() && !digest.as_bytes().is_empty()));
    }
    let is = |kind: &str| PredicateType::of(kind).unwrap().check(input).is_ok();
    // What is of a kind is an object, which is all that a type without a name of ours demands.
    assert!(!KINDS.into_iter().any(is) || is("urn:x"));
}

/// One of each shape of members.
const KINDS: [&str; 5] = ["slsa-provenance", "spdx", "cyclonedx", "openvex", "test-result"];

pub(crate) fn profile_seeds() -> Vec<Vec<u8>> {
    [
        "# ours\ntrust = \"acme\"\n",
        "trust = 'a'\n[signing_config]\ncaUrls = [\"https://x.example\"]\n",
        "trust.tuf = \"\"\"\\u00e9\"\"\"",
        r#"{"tuf_url":"https://x.example/tuf","root_version":3,"as_of":"2026-10-23T00:00:00Z","private":true}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn attest_seeds() -> Vec<Vec<u8>> {
    let digest = "ab".repeat(32);
    let list = format!("{digest}  a b\n\n{digest}{digest} *c\n");
    let predicates = [
        r#"{"buildDefinition":{},"runDetails":{}}"#,
        r#"{"spdxVersion":"SPDX-2.3","packages":[]}"#,
        r#"{"specVersion":"1.6","bomFormat":"CycloneDX"}"#,
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}"#,
    ];
    predicates.map(str::to_owned).into_iter().chain([list]).map(String::into_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_what_they_should_be() {
        let seeds = profile_seeds();
        assert_eq!(project(&seeds[0], Path::new("p")).unwrap(), "acme");
        assert!(Profile::parse(&seeds[3]).unwrap().private);
        assert_eq!(checksums(attest_seeds().last().unwrap()).unwrap().len(), 2);
    }
}
