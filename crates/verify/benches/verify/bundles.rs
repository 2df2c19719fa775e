//! Bundles like those of the public instance: the same kinds of keys, certificates as its workflows get them.

use std::fs;
use std::path::Path;

use sealwax_crypto::KeyKind;
use sealwax_testkit::leaf::RELEASE;
use sealwax_testkit::{
    AuthorityOptions, CertificateLog, Instance, Made, SignOptions, SignatureLog, Statement, Subject,
    TimestampAuthorityOptions,
};
use sealwax_verify::{HashAlgorithm, Hasher, digest};
use serde_json::{Value, json};

/// So many distinct bundles of each class.
const BUNDLES: usize = 64;

/// Where the entry is, and how large the tree: fourteen hashes. (The public logs have some thirty.)
const ENTRY: (u64, u64) = (12_345, 16_384);

/// What kind of bundle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    V1,
    V2,
}

impl Class {
    pub(crate) const ALL: [Class; 2] = [Class::V1, Class::V2];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::V1 => "v1: message, hashedrekord 0.0.1, proof + SET",
            Class::V2 => "v2: message, hashedrekord 0.0.2, proof + TSA",
        }
    }

    fn options(self) -> SignOptions {
        let options = match self {
            Class::V1 => SignOptions::rekor_v1(),
            Class::V2 => SignOptions::rekor_v2(),
        };
        options.with_leaf(|leaf| RELEASE.iter().fold(leaf, |leaf, (number, text)| leaf.fulcio(*number, text)))
    }
}

/// P-384 for the certificate and timestamp authorities, P-256 for the certificate log and the v1 log, Ed25519 for the v2 log.
pub(crate) fn instance() -> Instance {
    let (index, size) = ENTRY;
    Instance::builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test").entry_at(index, size).after_shards_of(121_904_262))
        .log(SignatureLog::v2("log2026.rekor.sealwax.test").entry_at(index, size))
        .timestamp_authority(&TimestampAuthorityOptions::default())
        .build()
}

/// The bundles of a class, each of another key, certificate and artifact.
pub(crate) fn made(instance: &Instance, class: Class) -> Vec<Made> {
    let options = class.options();
    (0..BUNDLES)
        .map(|number| instance.sign_message(format!("artifact {number}\n").as_bytes(), &options))
        .collect()
}

/// Writes all bundles, the trusted root and the manifest, and what is large.
pub(crate) fn write(directory: &Path) {
    let instance = instance();
    write_large(&instance, directory);
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("trusted_root.json"), instance.trusted_root_json()).unwrap();
    let mut manifest: Vec<Value> = Vec::new();
    for class in Class::ALL {
        for (number, made) in made(&instance, class).into_iter().enumerate() {
            let name = format!("{}-{number}", &class.name()[..2]);
            fs::write(directory.join(format!("{name}.sigstore.json")), made.bundle_json()).unwrap();
            fs::write(directory.join(&name), &made.artifact).unwrap();
            manifest.push(json!({
                "name": name, "class": class.name(), "format": "bundle",
                "bundle": format!("{name}.sigstore.json"),
                "artifact": digest(HashAlgorithm::Sha256, &made.artifact).to_string(),
                "identity": made.identity, "issuer": made.issuer, "key": null,
                "trusted_root": "trusted_root.json", "trust": null,
            }));
        }
    }
    fs::write(directory.join("manifest.json"), serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
}

/// An artifact of 1 GiB (a file with a hole, so that the disk is not measured), and an attestation of 100 MiB.
fn write_large(instance: &Instance, directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let options = Class::V2.options();
    let file = fs::File::create(directory.join("gibibyte")).unwrap();
    file.set_len(1 << 30).unwrap();
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    let zeros = vec![0; 1 << 20];
    (0..1 << 10).for_each(|_| hasher.update(&zeros));
    let subject = Subject { name: Some("gibibyte".to_owned()), digests: Vec::new() }
        .with_digest("sha256", &hasher.finish().to_hex());
    let statement = Statement { subjects: vec![subject], ..Statement::about(b"") };
    let made = instance.sign_statement(b"", &statement, &options);
    fs::write(directory.join("gibibyte.sigstore.json"), made.bundle_json()).unwrap();

    let component = |number: usize| {
        let digest = digest(HashAlgorithm::Sha256, &number.to_be_bytes()).to_hex();
        json!({
            "SPDXID": format!("SPDXRef-Package-{number}"), "name": format!("package-{number}"),
            "versionInfo": "1.2.3", "filesAnalyzed": false, "licenseDeclared": "Apache-2.0",
            "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
            "downloadLocation": format!("https://packages.sealwax.test/package-{number}/1.2.3.tar.gz"),
        })
    };
    let length = serde_json::to_vec(&component(100_000)).unwrap().len() + 1;
    let packages: Vec<Value> = (0..(100 << 20) / length).map(component).collect();
    let predicate = json!({"spdxVersion": "SPDX-2.3", "packages": packages});
    let statement = Statement {
        predicate_type: "https://spdx.dev/Document/v2.3".to_owned(),
        predicate,
        ..Statement::about(b"small\n")
    };
    let made = instance.sign_statement(b"small\n", &statement, &options);
    fs::write(directory.join("small"), &made.artifact).unwrap();
    fs::write(directory.join("small.sigstore.json"), made.bundle_json()).unwrap();
}
