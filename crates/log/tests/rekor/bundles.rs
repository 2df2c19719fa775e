//! Real bundles of Rekor v2 logs: whoever rebuilds the request from signature and certificate gets, byte for byte, the leaf that
//! the log of its day wrote. The conformance cases are not part of the repository; the bundles beside `verify` are.

use sealwax_formats::{
    Bundle, Content, EntryBody, KeyDetailsField, Material, Verifier as BodyVerifier, readers,
};
use sealwax_log::rekor::message::{
    DsseRequest, Envelope, EnvelopeSignature, HashedRekordRequest, RawBytes, RequestSpec, Signature,
    Verifier, VerifierKey,
};
use sealwax_log::rekor::{CreateEntryRequest, ValidEntry};
use sealwax_testkit::leaf::LeafOptions;
use sealwax_testkit::{Instance, SignOptions};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Cases whose bundle is made so that its content or signature is not that of the entry.
const MADE_TO_DIFFER: [&str; 3] =
    ["rekor2-dsse-invalid-sig_fail", "rekor2-dsse-mismatch-envelope_fail", "rekor2-dsse-mismatch-sig_fail"];

#[test]
fn bundles_beside_verify() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verify/tests/data/real");
    let found = Found::below(&directory);
    assert!(found.same >= 5 && found.differing.is_empty(), "{found:?}");
}

#[test]
fn conformance_cases() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    if !directory.exists() {
        assert!(std::env::var_os("CI").is_none(), "the conformance cases are missing");
        eprintln!("skipped: no conformance cases");
        return;
    }
    let found = Found::below(&directory);
    assert!(found.same >= 10, "{found:?}");
    assert!(found.differing.iter().eq(MADE_TO_DIFFER.iter()), "{found:?}");
}

/// The testkit writes leaves too, with code of its own: for messages and envelopes, certificates and bare keys of every kind.
#[test]
fn bundles_of_the_testkit() {
    use sealwax_crypto::KeyKind;
    let mut found = Found::default();
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Rsa { bits: 3072 }] {
        let instance = Instance::usual();
        let certificate = SignOptions::rekor_v2().with_leaf(|leaf| LeafOptions { key: kind, ..leaf });
        let key = SignOptions::rekor_v2().managed_key(0);
        for options in [certificate, key] {
            for made in
                [instance.sign_message(b"artifact", &options), instance.sign_dsse(b"artifact", &options)]
            {
                found.look(&Bundle::parse(&made.bundle_json()).unwrap(), "testkit");
            }
        }
    }
    assert!(found.same == 16 && found.differing.is_empty(), "{found:?}");
}

/// What became of the entries of Rekor v2 in every bundle below a directory.
#[derive(Debug, Default)]
struct Found {
    same: usize,
    /// The directories of the others.
    differing: BTreeSet<String>,
}

impl Found {
    fn below(directory: &Path) -> Self {
        let mut found = Self::default();
        for file in files(directory) {
            let Ok(reading) = readers::read(&fs::read(&file).unwrap()) else { continue };
            let case = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
            for bundle in reading.bundles.into_iter().filter_map(|found| found.bundle.ok()) {
                found.look(&bundle, case);
            }
        }
        found
    }

    fn look(&mut self, bundle: &Bundle, case: &str) {
        for entry in &bundle.log_entries {
            if (entry.kind.as_str(), entry.version.as_str()) != ("hashedrekord", "0.0.2") {
                continue;
            }
            let Ok(EntryBody::HashedRekordV002 { data, verifier, key_details, .. }) =
                EntryBody::parse(&entry.canonicalized_body)
            else {
                panic!("{case}")
            };
            let verifier = rebuilt_verifier(bundle, &verifier, &key_details);
            match ValidEntry::check(&rebuilt_request(bundle, data.as_bytes(), verifier)) {
                Ok(created) if created.body() == &entry.canonicalized_body => self.same += 1,
                _ => _ = self.differing.insert(case.to_owned()),
            }
        }
    }
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
