//! The collections of cases as a whole: that they can be made, and that good signatures are good.
#![allow(clippy::unwrap_used, reason = "tests")]

use sealwax_crypto::{Message, PublicKey};
use sealwax_testkit::{
    SignOptions,
    cases::{Case, classes, faults, oddities},
    entry::EntryKind,
};
use serde_json::Value;

fn names(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}

#[test]
fn every_class_occurs_once_per_form() {
    let cases = classes();
    assert_eq!(cases.len(), 21, "{:#?}", names(&cases));
    for case in &cases {
        let key = PublicKey::from_spki_der(case.made.signer.spki()).unwrap();
        if case.made.bundle.get("messageSignature").is_some() {
            let artifact = Message::Bytes(&case.made.artifact);
            key.verify(case.made.signer.scheme, artifact, &case.made.signature).unwrap();
        }
        assert_eq!(case.managed_key.is_some(), case.made.leaf.is_none(), "{}", case.name);
    }
}

#[test]
fn faults_and_oddities_can_be_made() {
    assert!(oddities().len() > 100);
    assert!(faults().len() > 300);
}

#[test]
fn a_hook_comes_before_what_is_computed_from_its_part() {
    let instance = sealwax_testkit::Instance::usual();
    let body = |bundle: &Value| -> Value {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
        serde_json::from_slice(&STANDARD.decode(entry["canonicalizedBody"].as_str().unwrap()).unwrap())
            .unwrap()
    };
    let options = SignOptions::rekor_v1()
        .entry_kind(EntryKind::HashedRekordV001)
        .on_signed_bytes(|bytes| *bytes = b"other".to_vec());
    let made = instance.sign_message(b"artifact", &options);
    let digest = sealwax_testkit::hex(&sealwax_crypto::sha256(b"other"));
    assert_eq!(body(&made.bundle)["spec"]["data"]["hash"]["value"], digest.as_str());
}
