//! Real bundles of Rekor v2 logs: whoever rebuilds the request from signature and certificate gets, byte for byte, the leaf that
//! the log of its day wrote. The conformance cases are not part of the repository; the bundles beside `verify` are.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use sealwax_formats::{
    Bundle, Content, EntryBody, KeyDetailsField, Material, Verifier as BodyVerifier, readers,
};
use sealwax_log::rekor::message::{
    DsseRequest, Envelope, EnvelopeSignature, HashedRekordRequest, RawBytes, RequestSpec, Signature,
    Verifier, VerifierKey,
};
use sealwax_log::rekor::{CreateEntryRequest, ValidEntry};
use std::fs;
use std::path::{Path, PathBuf};

/// Cases whose bundle is made so that content, signature or certificate are not those of the entry.
const MADE_TO_DIFFER: &[&str] = &["rekor2-dsse-mismatch-envelope_fail", "rekor2-dsse-mismatch-sig_fail"];

#[test]
fn bundles_beside_verify() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verify/tests/data/real");
    assert!(entries_in(&directory) >= 5);
}

#[test]
fn conformance_cases() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    if !directory.exists() {
        assert!(std::env::var_os("CI").is_none(), "the conformance cases are missing");
        eprintln!("skipped: no conformance cases");
        return;
    }
    assert!(entries_in(&directory) >= 10);
}

/// Checks every entry of Rekor v2 in every bundle below a directory, and counts them.
fn entries_in(directory: &Path) -> usize {
    let mut count = 0;
    for file in files(directory) {
        let Ok(reading) = readers::read(&fs::read(&file).unwrap()) else { continue };
        for bundle in reading.bundles.into_iter().filter_map(|found| found.bundle.ok()) {
            count += check(&bundle, &file);
        }
    }
    count
}

fn check(bundle: &Bundle, file: &Path) -> usize {
    let mut count = 0;
    for entry in &bundle.log_entries {
        if (entry.kind.as_str(), entry.version.as_str()) != ("hashedrekord", "0.0.2") {
            continue;
        }
        let EntryBody::HashedRekordV002 { data, verifier, key_details, .. } =
            EntryBody::parse(&entry.canonicalized_body).unwrap()
        else {
            panic!("{}", file.display())
        };
        let verifier = rebuilt_verifier(bundle, &verifier, &key_details);
        let created = ValidEntry::check(&rebuilt_request(bundle, data.as_bytes(), verifier));
        let same = created.as_ref().is_ok_and(|created| created.body() == &entry.canonicalized_body);
        let differs = MADE_TO_DIFFER.iter().any(|case| file.to_string_lossy().contains(case));
        assert_eq!(same, !differs, "{}: {created:?}", file.display());
        count += 1;
    }
    count
}

/// The certificate from the bundle; a bare key, which a bundle does not have, from the entry.
fn rebuilt_verifier(bundle: &Bundle, logged: &BodyVerifier, key_details: &KeyDetailsField) -> Verifier {
    let raw = |der: &[u8]| RawBytes { raw_bytes: der.to_vec().into() };
    let key = match (&bundle.material, logged) {
        (Material::Certificate { leaf, .. }, _) => VerifierKey::Certificate(raw(leaf)),
        (Material::PublicKey { .. }, BodyVerifier::PublicKey(key)) => {
            VerifierKey::PublicKey(raw(key.spki_der()))
        }
        other => panic!("{other:?}"),
    };
    let KeyDetailsField::Known(details) = key_details else { panic!("{key_details:?}") };
    Verifier { key: Some(key), key_details: details.number() }
}

fn rebuilt_request(bundle: &Bundle, digest: &[u8], verifier: Verifier) -> CreateEntryRequest {
    let spec = match &bundle.content {
        Content::Message { signature, .. } => {
            let signature = Signature { content: signature.clone().into(), verifier: Some(verifier) };
            RequestSpec::HashedRekord(HashedRekordRequest {
                digest: digest.to_vec().into(),
                signature: Some(signature),
            })
        }
        Content::Dsse(envelope) => {
            let signatures = envelope.signatures.iter().map(|signature| EnvelopeSignature {
                sig: signature.sig.clone().into(),
                keyid: signature.keyid.clone(),
            });
            let envelope = Envelope {
                payload: envelope.payload.clone().into(),
                payload_type: envelope.payload_type.clone(),
                signatures: signatures.collect(),
            };
            RequestSpec::Dsse(DsseRequest { envelope: Some(envelope), verifiers: vec![verifier] })
        }
    };
    CreateEntryRequest { spec: Some(spec) }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}
