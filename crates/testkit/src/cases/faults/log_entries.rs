//! Log entries: their bodies, and the signed entry timestamp.

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::{KeyKind, sha256};
use serde_json::{Value, json};

use crate::{
    Instance, SIGNED_AT, Window,
    cases::Cases,
    entry::{EntryDraft, EntryKind, Verifier},
    options::{BundleVersion, EntryOptions, Evidence, LogChoice, SignOptions},
    signature_log::SignatureLog,
    signer::Signer,
};

/// What the entry binds: digest, signature, verifier.
pub(super) fn entry(cases: &mut Cases, twin: &Instance) {
    cases.turn_to(&Instance::usual());
    let stranger = twin.sign_message(b"another artifact", &SignOptions::rekor_v1());
    let other_leaf = stranger.leaf.clone().unwrap();
    let other_key = stranger.signer.spki().to_vec();
    let other_signature = stranger.signature.clone();

    let v1 = SignOptions::rekor_v1;
    let kinds = [
        (EntryKind::HashedRekordV001, v1()),
        (EntryKind::DsseV001, v1()),
        (EntryKind::IntotoV002, v1()),
        (EntryKind::HashedRekordV002, SignOptions::rekor_v2()),
    ];
    for (kind, options) in kinds {
        let (name, version) = kind.kind_version();
        let mut case = |what: &str, change: Box<dyn Fn(&mut EntryDraft) + Send + Sync>| {
            let options = options.clone().entry_kind(kind).on_entry(change);
            let name = format!("{name} {version} entry {what}");
            match kind {
                EntryKind::DsseV001 | EntryKind::IntotoV002 => cases.attestation(&name, &options),
                _ => cases.message(&name, &options),
            };
        };
        case(
            "for another artifact",
            Box::new(|entry| {
                entry.digest = sha256(b"another artifact").to_vec();
                entry.payload = b"another payload".to_vec();
            }),
        );
        let signature = other_signature.clone();
        case("with another signature", Box::new(move |entry| entry.signature = signature.clone()));
        let leaf = other_leaf.clone();
        case(
            "with another certificate",
            Box::new(move |entry| entry.verifier = Verifier::Certificate(leaf.clone())),
        );
        let key = other_key.clone();
        case("with another key", Box::new(move |entry| entry.verifier = Verifier::PublicKey(key.clone())));
    }
    bare_key(cases);
    kind_and_version(cases);

    let ours = EntryOptions::new(LogChoice::FirstV1, Evidence::ProofAndSet);
    let theirs = EntryOptions { at: Some((4, 9)), ..ours.clone() };
    let other = (stranger.signer.clone(), other_leaf);
    let with_other = v1().entries(vec![ours, theirs]).on_entry(move |entry| {
        if entry.position == 1 {
            (entry.signature, entry.verifier) =
                (other.0.sign(b"an artifact\n"), Verifier::Certificate(other.1.clone()));
        }
    });
    cases.message("good entry beside one of another signer", &with_other);
}

/// The key of the leaf in the entry, where the leaf should be: the identity is then not in the log.
fn bare_key(cases: &mut Cases) {
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let spki = signer.spki().to_vec();
    let options = |options: SignOptions| {
        let (signer, spki) = (signer.clone(), spki.clone());
        options
            .with_leaf(|leaf| crate::leaf::LeafOptions { signer: Some(signer), ..leaf })
            .on_entry(move |entry| entry.verifier = Verifier::PublicKey(spki.clone()))
    };
    cases
        .message("hashedrekord 0.0.1 entry with the bare key of the leaf", &options(SignOptions::rekor_v1()));
    cases
        .message("hashedrekord 0.0.2 entry with the bare key of the leaf", &options(SignOptions::rekor_v2()));
    cases.attestation("dsse 0.0.1 entry with the bare key of the leaf", &options(SignOptions::rekor_v1()));
    let intoto = options(SignOptions::rekor_v1()).entry_kind(EntryKind::IntotoV002);
    cases.attestation("intoto 0.0.2 entry with the bare key of the leaf", &intoto);
}

fn kind_and_version(cases: &mut Cases) {
    let v1 = SignOptions::rekor_v1;
    let v2 = SignOptions::rekor_v2;
    cases.message("kindVersion says dsse", &{
        v1().on_log_entry(|entry| entry["kindVersion"]["kind"] = "dsse".into())
    });
    cases.message("kindVersion says 0.0.2", &{
        v1().on_log_entry(|entry| entry["kindVersion"]["version"] = "0.0.2".into())
    });
    cases.message("body of an unknown version", &{
        v1().on_entry_body(|body| body["apiVersion"] = "0.0.9".into())
            .on_log_entry(|entry| entry["kindVersion"]["version"] = "0.0.9".into())
    });
    cases.message("body of an unknown kind", &{
        v1().on_entry_body(|body| body["kind"] = "rpm".into())
            .on_log_entry(|entry| entry["kindVersion"]["kind"] = "rpm".into())
    });
    cases.attestation("intoto 0.0.1", &v1().entry_kind(EntryKind::IntotoV001));
    cases.attestation("an envelope as hashedrekord 0.0.1", &v1().entry_kind(EntryKind::HashedRekordV001));
    cases.attestation("hashedrekord 0.0.2 over the payload", &{
        v2().on_entry(|entry| entry.digest = sha256(&entry.payload).to_vec())
    });
    cases.message("keyDetails of another kind of key", &{
        v2().on_entry(|entry| entry.key_details = "PKIX_ECDSA_P384_SHA_384".into())
    });
    cases.message(
        "body with a member twice",
        &v1().on_canonical_body(|body| {
            let text = String::from_utf8(body.clone()).unwrap();
            *body = text.replacen("{\"apiVersion\":", "{\"kind\":\"dsse\",\"apiVersion\":", 1).into_bytes();
        }),
    );
    cases.message("body that is not JSON", &v1().on_canonical_body(|body| body.truncate(body.len() - 1)));
    cases.attestation(
        "dsse 0.0.1 body with two signatures",
        &v1().on_entry_body(|body| {
            let signatures = body["spec"]["signatures"].as_array_mut().unwrap();
            signatures.push(signatures[0].clone());
        }),
    );
    cases.attestation("dsse 0.0.1 body without a signature", &{
        v1().on_entry_body(|body| body["spec"]["signatures"] = json!([]))
    });
}

/// The signed entry timestamp, and the log's key.
pub(super) fn promise(cases: &mut Cases, twin: &Instance) {
    let world = Instance::usual();
    cases.turn_to(&world);
    let v1 = SignOptions::rekor_v1;
    let v01 = || v1().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    let impostor = twin.logs[0].signer.clone();
    let set_by_another = |options: SignOptions| {
        let impostor = impostor.clone();
        options.on_set(move |set| set.signer = impostor.clone())
    };
    cases.message("SET by another key", &set_by_another(v01()));
    cases.message("SET by another key beside a proof", &set_by_another(v1()));
    cases.message("SET corrupted", &v1().on_set(|set| set.signature = Some(b"not a signature".to_vec())));
    cases.message("SET for another body", &v1().on_set(|set| set.body.push(b' ')));
    cases.message("SET for another time", &v1().on_set(|set| set.integrated_time += 1));
    cases.message("SET for another index", &v1().on_set(|set| set.log_index += 1));
    cases.message("SET for another log", &v1().on_set(|set| set.log_id[0] ^= 1));
    cases.message(
        "integrated time altered",
        &v1().on_log_entry(|entry| increment(&mut entry["integratedTime"])),
    );
    cases.message("global index altered", &v1().on_log_entry(|entry| increment(&mut entry["logIndex"])));
    cases.message("0.1 without a SET", &v01().evidence(Evidence::Neither));
    cases.message("0.1 with proof and timestamp, without a SET", &{
        v01().evidence(Evidence::ProofOnly).timestamps(&[0])
    });
    cases.message("0.2 with a SET only", &v01().version(BundleVersion::V02));
    cases.message("0.3 with a SET only", &v01().version(BundleVersion::V03));
    cases.message("integrated time without a SET", &v1().evidence(Evidence::ProofOnly));
    cases.message("SET in a v2 entry", &{
        SignOptions::rekor_v2().evidence(Evidence::ProofAndSet).on_log_entry(|entry| {
            entry["integratedTime"] = (SIGNED_AT.as_second() + 5).to_string().into();
        })
    });
    cases.message("integrated time in a v2 entry instead of a timestamp", &{
        SignOptions::rekor_v2().timestamps(&[]).on_log_entry(|entry| {
            entry["integratedTime"] = (SIGNED_AT.as_second() + 5).to_string().into();
        })
    });
    cases.message(
        "negative integrated time",
        &v1().on_log_entry(|entry| entry["integratedTime"] = "-1".into()),
    );

    let ended = Window::until(SIGNED_AT - SignedDuration::from_secs(1));
    let to_come = Window::since(SIGNED_AT + SignedDuration::from_secs(6));
    for (when, window) in [("after the log's key ended", ended), ("before the log's key began", to_come)] {
        let log = Arc::new(SignatureLog::v1("rekor.sealwax.test").valid_for(window));
        cases.turn_to(&Instance { logs: vec![log], ..world.clone() });
        cases.message(&format!("v1 entry {when}"), &v1());
        cases.message(
            &format!("v1 entry, stamped {when}"),
            &v1().evidence(Evidence::ProofOnly).timestamps(&[0]),
        );
        let log = Arc::new(SignatureLog::v2("log.sealwax.test").valid_for(window));
        cases.turn_to(&Instance { logs: vec![log], ..world.clone() });
        cases.message(&format!("v2 entry, stamped {when}"), &SignOptions::rekor_v2());
    }
}

/// How many entries there are, and of which logs.
pub(super) fn count(cases: &mut Cases) {
    let world = Instance::usual();
    cases.turn_to(&world);
    let v1 = SignOptions::rekor_v1;
    let entries = |bundle: &mut Value, count: usize| {
        let entries = bundle["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
        *entries = vec![entries[0].clone(); count];
    };
    cases.message("the same entry twice", &v1().on_bundle(move |bundle| entries(bundle, 2)));
    cases.message("33 entries", &v1().on_bundle(move |bundle| entries(bundle, 33)));
    cases.message("no entry but a timestamp", &SignOptions::timestamp_only());
    cases.message("no entry and no timestamp", &SignOptions::bare());
    cases.message(
        "empty list of entries",
        &SignOptions::timestamp_only().on_bundle(|bundle| {
            bundle["verificationMaterial"]["tlogEntries"] = json!([]);
        }),
    );
    let unknown_v1 = Arc::new(SignatureLog::v1("unknown.sealwax.test"));
    let unknown_v2 = Arc::new(SignatureLog::v2("unknown.sealwax.test"));
    let unknown = Instance { logs: vec![unknown_v1, unknown_v2], ..world };
    cases.message_of(&unknown, "entry of an unknown v1 log only", &v1());
    cases.message_of(&unknown, "entry of an unknown v2 log only", &SignOptions::rekor_v2());
    cases.message(
        "logId altered",
        &SignOptions::rekor_v2().on_log_entry(|entry| {
            entry["logId"]["keyId"] = crate::base64([7; 32]).into();
        }),
    );
    cases.message(
        "logId of four bytes",
        &SignOptions::rekor_v2().on_log_entry(|entry| {
            let id = entry["logId"]["keyId"].as_str().unwrap()[..4].to_string() + "AA==";
            entry["logId"]["keyId"] = id.into();
        }),
    );
}

/// One more, in a string as protobuf JSON has it.
fn increment(number: &mut Value) {
    let next = number.as_str().unwrap().parse::<i64>().unwrap() + 1;
    *number = next.to_string().into();
}
