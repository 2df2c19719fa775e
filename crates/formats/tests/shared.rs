//! Every bundle, trusted root, signing config and key list of the shared test data: what it must parse to, or why not.

#![allow(clippy::disallowed_methods, reason = "tests read files; the crate does not")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic, and say why"
)]

use sealwax_formats::readers::{self, Form};
use sealwax_formats::{
    BodyError, Bundle, BundleError, Content, DocumentError, EntryBody, FieldCause, NpmKeys, SigningConfig,
    Statement, TrustedRoot, UnusableReason,
};
use std::fs;
use std::path::{Path, PathBuf};

/// The shared data beside the repository; `None` (and a word about it) where it is missing, except in CI.
fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let Some(shared) = shared() else { return Vec::new() };
    let directory = shared.join("conformance/bundle-verify");
    let mut cases: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().join(name))
        .filter(|path| path.is_file())
        .map(|path| {
            let case = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
            (case, fs::read(path).unwrap())
        })
        .collect();
    cases.sort();
    cases
}

/// The path of the field that the case has broken, or what else is wrong with the document.
fn refusal(error: &BundleError) -> String {
    match error {
        DocumentError::Json(error) => format!("json: {error:?}"),
        DocumentError::MediaType { found } => format!("media type: {found}"),
        DocumentError::Field(error) => match &error.cause {
            FieldCause::Base64(_) => format!("{}: base64", error.path),
            cause => format!("{}: {cause:?}", error.path),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn bundles() {
    let refused = [
        (
            "bundle-empty-certificate-chain_fail",
            "verificationMaterial.x509CertificateChain.certificates: Missing",
        ),
        ("bundle-invalid-base64-signature_fail", "messageSignature.signature: base64"),
        ("bundle-malformed-json_fail", "json: UnexpectedEnd"),
        (
            "bundle-negative-log-index_fail",
            "verificationMaterial.tlogEntries[0].logIndex: Integer { least: 0, most: 9223372036854775807 }",
        ),
        ("bundle-unknown-version_fail", "media type: application/vnd.dev.sigstore.bundle+json;version=99.9"),
    ];
    let cases = files("bundle.sigstore.json");
    let mut seen = Vec::new();
    for (case, bytes) in &cases {
        match Bundle::parse(bytes) {
            Err(error) => seen.push((case.as_str(), refusal(&error))),
            Ok(bundle) => {
                let written = bundle.write();
                assert_eq!(Bundle::parse(written.as_bytes()).as_ref(), Ok(&bundle), "{case}");
                assert_eq!(Bundle::parse(written.as_bytes()).unwrap().write(), written, "{case}");
                let reading = readers::read(bytes).unwrap();
                assert_eq!(reading.form, Form::Bundle);
                assert_eq!(reading.bundles[0].bundle.as_ref(), Ok(&bundle), "{case}");
                entries_and_statement(case, &bundle);
                conversions(case, &bundle);
            }
        }
    }
    if !cases.is_empty() {
        assert_eq!(cases.len(), 70);
        let expected: Vec<_> = refused.iter().map(|(case, why)| (*case, (*why).to_owned())).collect();
        assert_eq!(seen, expected);
    }
}

fn entries_and_statement(case: &str, bundle: &Bundle) {
    for entry in &bundle.log_entries {
        let body = match EntryBody::parse(&entry.canonicalized_body) {
            Ok(body) => body,
            // Its log never was Rekor: the signature in the body is encoded once, not twice.
            Err(error) if case == "intoto-log-entry-mismatch_fail" => {
                assert!(
                    matches!(error, BodyError::Field(e) if e.path == "spec.content.envelope.signatures[0].sig")
                );
                continue;
            }
            Err(error) => panic!("{case}: {error}"),
        };
        assert_eq!(body.kind_version(), (entry.kind.as_str(), entry.version.as_str()), "{case}");
        let peeked = EntryBody::peek(&entry.canonicalized_body).unwrap();
        assert_eq!(peeked, (entry.kind.clone(), entry.version.clone()));
        assert_eq!(body.is_rekor_v2(), entry.integrated_time.is_none(), "{case}");
    }
    if let Content::Dsse(envelope) = &bundle.content {
        let statement = Statement::parse(&envelope.payload).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert!(statement.subjects.iter().flat_map(|s| &s.digests).any(|d| d.digest().is_some()), "{case}");
        assert!(!statement.predicate_type.is_empty(), "{case}");
    }
}

/// Whatever converts reads back as itself, and nothing but the form has changed.
fn conversions(case: &str, bundle: &Bundle) {
    for converted in [bundle.to_v01(), bundle.to_v03()].into_iter().flatten() {
        converted.check_form().unwrap();
        assert_eq!(Bundle::parse(converted.write().as_bytes()).as_ref(), Ok(&converted), "{case}");
        assert_eq!((&converted.content, &converted.log_entries), (&bundle.content, &bundle.log_entries));
    }
    let detached = bundle.to_detached().unwrap();
    let again = readers::detached(&readers::DetachedParts {
        signature: detached.signature.as_bytes(),
        certificate: detached.certificate.as_ref().map(String::as_bytes),
        rekor_entry: detached.rekor_entry.as_ref().map(String::as_bytes),
        timestamps: &detached.timestamps.iter().map(Vec::as_slice).collect::<Vec<_>>(),
    })
    .unwrap_or_else(|e| panic!("{case}: {e}"));
    assert_eq!(again.signature(), bundle.signature(), "{case}");
    assert_eq!(again.timestamps, bundle.timestamps, "{case}");
    if detached.rekor_entry.is_some() {
        let mut expected = bundle.log_entries.clone();
        for entry in &mut expected {
            // Beside a detached signature, a proof without a checkpoint counts as none.
            entry.inclusion_proof.take_if(|proof| proof.checkpoint.is_none());
        }
        assert_eq!(again.log_entries.len(), expected.len());
        assert!(again.log_entries == expected, "{case}: the log entries differ");
        let cosign = readers::read(detached.cosign_bundle.unwrap().as_bytes()).unwrap();
        assert_eq!(cosign.form, Form::Cosign);
        let cosign = cosign.bundles[0].bundle.clone().unwrap();
        assert_eq!(cosign.signature(), bundle.signature(), "{case}");
        assert_eq!(cosign.log_entries[0].set_payload(), bundle.log_entries[0].set_payload(), "{case}");
        assert_eq!(
            cosign.log_entries[0].inclusion_promise, bundle.log_entries[0].inclusion_promise,
            "{case}"
        );
    }
}

#[test]
fn trusted_roots() {
    let mut roots = files("trusted_root.json");
    if let Some(shared) = shared() {
        for instance in ["public-good", "staging"] {
            let path = shared.join("trust").join(instance).join("targets/trusted_root.json");
            roots.push((instance.to_owned(), fs::read(path).unwrap()));
        }
    }
    for (case, bytes) in &roots {
        let root = TrustedRoot::parse(bytes).unwrap_or_else(|e| panic!("{case}: {e}"));
        let written = root.write();
        assert_eq!(TrustedRoot::parse(written.as_bytes()).as_ref(), Ok(&root), "{case}");
        assert_eq!(TrustedRoot::parse(written.as_bytes()).unwrap().write(), written, "{case}");
        assert!(!root.certificate_authorities.is_empty());
        for ca in root.certificate_authorities.iter().chain(&root.timestamp_authorities) {
            ca.usable().unwrap_or_else(|e| panic!("{case}: {}: {e}", ca.uri));
        }
        for log in root.logs.iter().chain(&root.certificate_logs) {
            let reason = log.usable().err();
            // The one log whose key has lost its start must not count as valid since ever.
            let broken = case == "trust-root-tlog-missing-validity-start_fail"
                && log.base_url == "https://log2025-alpha1.rekor.sigstage.dev";
            assert_eq!(reason, broken.then_some(UnusableReason::NoStart), "{case}: {}", log.base_url);
        }
    }
}

#[test]
fn signing_configs_and_npm_keys() {
    let Some(shared) = shared() else { return };
    for instance in ["public-good", "staging"] {
        let targets = shared.join("trust").join(instance).join("targets");
        for name in ["signing_config.json", "signing_config.v0.2.json", "signing_config_rekor_v2.v0.2.json"] {
            let config = SigningConfig::parse(&fs::read(targets.join(name)).unwrap()).unwrap();
            assert!(!config.ca_urls.is_empty() && !config.rekor_tlog_urls.is_empty(), "{instance} {name}");
            assert_eq!(SigningConfig::parse(config.write().as_bytes()), Ok(config));
        }
        let keys = NpmKeys::parse(&fs::read(targets.join("registry.npmjs.org/keys.json")).unwrap()).unwrap();
        assert!(keys.keys.iter().all(|key| key.key.public_key().is_ok()));
        assert_eq!(NpmKeys::parse(keys.write().as_bytes()).as_ref(), Ok(&keys));
        let hint = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";
        let key = keys.for_attestations(hint).unwrap();
        assert!(key.key.valid_for().unwrap().window().is_some());
        assert!(keys.for_attestations("SHA256:").is_none());
    }
}
