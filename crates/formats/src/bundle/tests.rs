use super::*;
use crate::{EnvelopeSignature, base64};
use sealwax_json::{Kind, Object};

/// A bundle with everything in it; tests change one thing each.
fn sample() -> Object<'static> {
    let text = r#"{
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": "MAA="},
            "tlogEntries": [{
                "logIndex": "25", "logId": {"keyId": "bG9n"},
                "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
                "integratedTime": "1700000000",
                "inclusionPromise": {"signedEntryTimestamp": "c2V0"},
                "inclusionProof": {
                    "logIndex": "5", "rootHash": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "treeSize": "9",
                    "hashes": ["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="],
                    "checkpoint": {"envelope": "log\n9\nAAAA\n"}
                },
                "canonicalizedBody": "e30="
            }],
            "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "dHNh"}]}
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
            "signature": "c2ln"
        }
    }"#;
    let Value::Object(object) = sealwax_json::parse(text.as_bytes(), &LIMITS).unwrap().into_owned() else {
        panic!("no object")
    };
    object
}

/// The sample with the member at `path` (names and indexes) replaced; no value removes it.
fn changed(path: &str, value: Option<&str>) -> String {
    fn put(target: &mut Value<'static>, path: &[&str], new: Option<&Value<'static>>) {
        let Some((step, rest)) = path.split_first() else { return };
        match target {
            Value::Array(list) => put(&mut list[step.parse::<usize>().unwrap()], rest, new),
            Value::Object(object) if rest.is_empty() => match new {
                Some(value) => drop(object.insert((*step).to_owned(), value.clone())),
                None => drop(object.remove(step).expect("the member to remove")),
            },
            Value::Object(object) => {
                let mut inner = object.remove(step).expect("a member on the way");
                put(&mut inner, rest, new);
                object.insert((*step).to_owned(), inner);
            }
            other => panic!("{step} in {}", other.kind()),
        }
    }
    let new = value
        .map(|text| sealwax_json::parse(text.as_bytes(), &Limits::of_bytes(1 << 20)).unwrap().into_owned());
    let mut root = Value::Object(sample());
    put(&mut root, &path.split('.').collect::<Vec<_>>(), new.as_ref());
    sealwax_json::compact(&root)
}

fn read(text: &str) -> Result<Bundle, BundleError> {
    let result = Bundle::parse(text.as_bytes());
    if let Ok(bundle) = &result {
        assert_eq!(Bundle::parse(bundle.write().as_bytes()).as_ref(), Ok(bundle));
    }
    result
}

fn with(path: &str, value: &str) -> Result<Bundle, BundleError> {
    read(&changed(path, Some(value)))
}

fn cause(path: &str, value: &str) -> FieldCause {
    match with(path, value).unwrap_err() {
        BundleError::Field(error) => error.cause,
        other => panic!("{other:?}"),
    }
}

const ENTRY: &str = "verificationMaterial.tlogEntries.0";

#[test]
fn everything() {
    let bundle = read(&sealwax_json::compact(&Value::Object(sample()))).unwrap();
    assert_eq!(bundle.version, BundleVersion::V03);
    let single = Material::Certificate { leaf: vec![0x30, 0], others: vec![], form: CertificateForm::Single };
    assert_eq!(bundle.material, single);
    assert_eq!(bundle.timestamps, [b"tsa"]);
    assert_eq!(bundle.signature(), Some(b"sig".as_slice()));
    let entry = &bundle.log_entries[0];
    assert_eq!((entry.log_index, entry.integrated_time), (25, Some(1_700_000_000)));
    assert_eq!(entry.inclusion_promise.as_deref(), Some(b"set".as_slice()));
    let proof = entry.inclusion_proof.as_ref().unwrap();
    assert_eq!((proof.log_index, proof.tree_size, proof.hashes.as_slice()), (5, 9, [[1; 32]].as_slice()));
    assert_eq!(
        String::from_utf8(entry.set_payload()).unwrap(),
        r#"{"body":"e30=","integratedTime":1700000000,"logID":"6c6f67","logIndex":25}"#
    );
    bundle.check_form().unwrap();
}

#[test]
fn media_types() {
    for (media_type, version) in [
        ("application/vnd.dev.sigstore.bundle+json;version=0.1", BundleVersion::V01),
        ("application/vnd.dev.sigstore.bundle+json;version=0.2", BundleVersion::V02),
        ("application/vnd.dev.sigstore.bundle+json;version=0.3", BundleVersion::V03),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", BundleVersion::V03),
    ] {
        assert_eq!(with("mediaType", &format!("{media_type:?}")).unwrap().version, version);
        assert_eq!(BundleVersion::from_media_type(version.media_type()), Some(version));
    }
    for media_type in [
        "",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle+json; version=0.1",
    ] {
        let found = media_type.to_owned();
        assert_eq!(with("mediaType", &format!("{media_type:?}")), Err(BundleError::MediaType { found }));
    }
}

/// WIRE §12 (21) and (22): what valid protobuf JSON may look like.
#[test]
fn spellings_that_load() {
    let expected = read(&sealwax_json::compact(&Value::Object(sample()))).unwrap();
    for (path, value) in [
        ("unknown", r#"{"deep":[1]}"#),
        ("dsseEnvelope", "null"),
        ("verificationMaterial.publicKey", "null"),
        ("verificationMaterial.x509CertificateChain", "null"),
        ("verificationMaterial.tlogEntries.0.logIndex", "25"),
        ("verificationMaterial.tlogEntries.0.logIndex", "25.0"),
        ("verificationMaterial.tlogEntries.0.logIndex", "\"2\\u0035\""),
        ("verificationMaterial.tlogEntries.0.integratedTime", "1700000000"),
        ("verificationMaterial.tlogEntries.0.inclusionProof.treeSize", "9"),
        ("messageSignature.messageDigest.algorithm", "1"),
        ("messageSignature.signature", "\"c2ln\""),
        ("verificationMaterial.certificate.rawBytes", "\"MAA\""),
    ] {
        assert_eq!(with(path, value).as_ref(), Ok(&expected), "{path} = {value}");
    }
    let mut text = sealwax_json::pretty(&Value::Object(sample()));
    for (json, proto) in [
        ("mediaType", "media_type"),
        ("verificationMaterial", "verification_material"),
        ("tlogEntries", "tlog_entries"),
        ("logIndex", "log_index"),
        ("keyId", "key_id"),
        ("integratedTime", "integrated_time"),
        ("signedEntryTimestamp", "signed_entry_timestamp"),
        ("rootHash", "root_hash"),
        ("rfc3161Timestamps", "rfc3161_timestamps"),
        ("canonicalizedBody", "canonicalized_body"),
        ("messageSignature", "message_signature"),
    ] {
        text = text.replace(json, proto);
    }
    assert_eq!(read(&text).as_ref(), Ok(&expected));
}

#[test]
fn defaults_and_nulls() {
    let entry = |path: &str, value| with(&format!("{ENTRY}.{path}"), value).unwrap().log_entries.remove(0);
    for nothing in ["null", r#"{"signedEntryTimestamp":""}"#, "{}"] {
        assert_eq!(entry("inclusionPromise", nothing).inclusion_promise, None);
    }
    assert_eq!(entry("inclusionProof", "null").inclusion_proof, None);
    // There, and of no use: what asks for it finds no checkpoint.
    let empty = entry("inclusionProof", "{}");
    assert_eq!(empty.inclusion_proof.as_ref().unwrap().checkpoint, None);
    assert!(empty.write().get("inclusionProof").unwrap().as_object().unwrap().is_empty());
    for nothing in ["null", "{}", r#"{"envelope":""}"#] {
        assert_eq!(entry("inclusionProof.checkpoint", nothing).inclusion_proof.unwrap().checkpoint, None);
    }
    for nothing in ["null", "0", "\"0\""] {
        assert_eq!(entry("integratedTime", nothing).integrated_time, None);
        assert_eq!(entry("logIndex", nothing).log_index, 0);
    }
    for nothing in ["null", "{}", r#"{"rfc3161Timestamps":null}"#, r#"{"rfc3161Timestamps":[]}"#] {
        let bundle = with("verificationMaterial.timestampVerificationData", nothing).unwrap();
        assert_eq!(bundle.timestamps, Vec::<Vec<u8>>::new());
    }
    for nothing in ["null", "[]"] {
        assert_eq!(with("verificationMaterial.tlogEntries", nothing).unwrap().log_entries, []);
    }
    for nothing in ["null", "{}"] {
        let content = with("messageSignature.messageDigest", nothing).unwrap().content;
        assert_eq!(content, Content::Message { digest: None, signature: b"sig".to_vec() });
    }
    let mut object = sample();
    let Some(Value::Object(mut material)) = object.remove("verificationMaterial") else {
        panic!("no object")
    };
    material.remove("certificate");
    material.insert("publicKey", Object::new());
    object.insert("verificationMaterial", material);
    let bundle = read(&sealwax_json::compact(&Value::Object(object))).unwrap();
    assert_eq!(bundle.material, Material::PublicKey { hint: String::new() });
}

#[test]
fn required() {
    for path in [
        "verificationMaterial",
        "verificationMaterial.certificate",
        "verificationMaterial.certificate.rawBytes",
        "messageSignature",
        "messageSignature.signature",
        "messageSignature.messageDigest.algorithm",
        &format!("{ENTRY}.logId"),
        &format!("{ENTRY}.logId.keyId"),
        &format!("{ENTRY}.kindVersion"),
        &format!("{ENTRY}.kindVersion.kind"),
        &format!("{ENTRY}.kindVersion.version"),
        &format!("{ENTRY}.canonicalizedBody"),
    ] {
        let Err(BundleError::Field(error)) = read(&changed(path, None)) else { panic!("{path}") };
        assert_eq!(error.cause, FieldCause::Missing, "{path}");
        assert!(error.path.starts_with(path.split('.').next().unwrap()), "{path}: {}", error.path);
    }
}

#[test]
fn refused() {
    let one_of = |other| FieldCause::OneOf { other };
    let natural = FieldCause::Integer { least: 0, most: i64::MAX };
    assert_eq!(cause("dsseEnvelope", "{}"), one_of("messageSignature"));
    assert_eq!(cause("verificationMaterial.publicKey", "{}"), one_of("certificate"));
    assert_eq!(cause("verificationMaterial.x509CertificateChain", "{}"), one_of("certificate"));
    assert_eq!(cause("verificationMaterial.x509_certificate_chain", "{}"), one_of("certificate"));
    assert_eq!(cause("media_type", "null"), FieldCause::Spellings);
    for path in ["logIndex", "integratedTime", "inclusionProof.logIndex", "inclusionProof.treeSize"] {
        assert_eq!(cause(&format!("{ENTRY}.{path}"), "\"-1\""), natural, "{path}");
    }
    assert_eq!(
        cause(&format!("{ENTRY}.inclusionProof.rootHash"), "\"AAAA\""),
        FieldCause::Length { expected: 32, found: 3 }
    );
    assert_eq!(
        cause(&format!("{ENTRY}.inclusionProof.hashes"), "[\"\"]"),
        FieldCause::Length { expected: 32, found: 0 }
    );
    assert_eq!(
        cause("messageSignature.messageDigest.digest", "\"AAAA\""),
        FieldCause::Length { expected: 32, found: 3 }
    );
    for (algorithm, found) in [("\"SHA3_256\"", "SHA3_256"), ("4", "4"), ("\"sha256\"", "sha256")] {
        let unknown = FieldCause::Unknown { found: found.to_owned() };
        assert_eq!(cause("messageSignature.messageDigest.algorithm", algorithm), unknown);
    }
    assert!(matches!(cause("messageSignature.signature", "\"c2ln!\""), FieldCause::Base64(_)));
    assert!(matches!(cause("verificationMaterial", "[]"), FieldCause::Type { found: Kind::Array, .. }));
    assert!(matches!(
        cause("verificationMaterial.tlogEntries", "{}"),
        FieldCause::Type { found: Kind::Object, .. }
    ));
    assert!(matches!(
        cause("verificationMaterial.tlogEntries", "[null]"),
        FieldCause::Type { found: Kind::Null, .. }
    ));
    assert!(matches!(cause("mediaType", "3"), FieldCause::Type { found: Kind::Number, .. }));
    assert!(matches!(Bundle::parse(b"[]"), Err(BundleError::Field(e)) if e.path.is_empty()));
    let duplicate = sealwax_json::compact(&Value::Object(sample())).replacen(
        "\"rawBytes\":",
        "\"rawBytes\":\"\",\"rawBytes\":",
        1,
    );
    assert!(matches!(read(&duplicate), Err(BundleError::Json(sealwax_json::Error::Duplicate { .. }))));
}

#[test]
fn limits() {
    let list = |element: &str, count: usize| format!("[{}]", vec![element; count].join(","));
    let too_many = |limit, found| FieldCause::TooMany { limit, found };
    let hash = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"";
    let hashes = format!("{ENTRY}.inclusionProof.hashes");
    with(&hashes, &list(hash, 63)).unwrap();
    assert_eq!(cause(&hashes, &list(hash, 64)), too_many(63, 64));
    let timestamps = "verificationMaterial.timestampVerificationData.rfc3161Timestamps";
    with(timestamps, &list("{}", 32)).unwrap();
    assert_eq!(cause(timestamps, &list("{}", 33)), too_many(32, 33));
    assert_eq!(cause("verificationMaterial.tlogEntries", &list("{}", 33)), too_many(32, 33));
    let values = with("unknown", &list("0", MAX_VALUES));
    assert!(matches!(values, Err(BundleError::Json(sealwax_json::Error::TooManyValues { .. }))));
}

#[test]
fn forms() {
    let bundle = read(&sealwax_json::compact(&Value::Object(sample()))).unwrap();
    let form = |change: &dyn Fn(&mut Bundle)| {
        let mut changed = bundle.clone();
        change(&mut changed);
        changed.check_form()
    };
    let chain = |b: &mut Bundle| {
        let Material::Certificate { form, .. } = &mut b.material else { panic!("no certificate") };
        *form = CertificateForm::Chain;
    };
    use BundleVersion::{V01, V02, V03};
    assert_eq!(form(&|b| b.version = V01), Err(FormError::CertificateField { version: V01 }));
    assert_eq!(form(&chain), Err(FormError::CertificateField { version: V03 }));
    let old = |version, change: &dyn Fn(&mut Bundle)| {
        form(&|b| {
            chain(b);
            b.version = version;
            change(b);
        })
    };
    let no_promise = |b: &mut Bundle| b.log_entries[0].inclusion_promise = None;
    let no_proof = |b: &mut Bundle| b.log_entries[0].inclusion_proof = None;
    let no_checkpoint = |b: &mut Bundle| b.log_entries[0].inclusion_proof.as_mut().unwrap().checkpoint = None;
    assert_eq!(old(V01, &no_proof), Ok(()));
    assert_eq!(old(V01, &no_promise), Err(FormError::NoPromise { entry: 0 }));
    assert_eq!(old(V01, &no_checkpoint), Err(FormError::NoCheckpoint { entry: 0 }));
    assert_eq!(old(V02, &no_promise), Ok(()));
    assert_eq!(old(V02, &no_proof), Err(FormError::NoProof { entry: 0, version: V02 }));
    assert_eq!(form(&no_proof), Err(FormError::NoProof { entry: 0, version: V03 }));
    assert_eq!(form(&no_checkpoint), Err(FormError::NoCheckpoint { entry: 0 }));
}

#[test]
fn conversions() {
    let bundle = read(&sealwax_json::compact(&Value::Object(sample()))).unwrap();
    let old = bundle.to_v01().unwrap();
    assert_eq!(old.version, BundleVersion::V01);
    assert!(matches!(&old.material, Material::Certificate { form: CertificateForm::Chain, .. }));
    assert!(old.write().contains(r#""x509CertificateChain":{"certificates":[{"rawBytes":"MAA="}]}"#));
    assert_eq!(old.to_v03().as_ref(), Ok(&bundle));

    let mut no_promise = bundle.clone();
    no_promise.log_entries[0].inclusion_promise = None;
    assert_eq!(no_promise.to_v01(), Err(ConvertError::Form(FormError::NoPromise { entry: 0 })));
    assert_eq!(no_promise.to_detached().unwrap().rekor_entry, None);
    let mut no_proof = old.clone();
    no_proof.log_entries[0].inclusion_proof = None;
    let version = BundleVersion::V03;
    assert_eq!(no_proof.to_v03(), Err(ConvertError::Form(FormError::NoProof { entry: 0, version })));

    let mut two = bundle.clone();
    let signature = EnvelopeSignature { keyid: String::new(), sig: vec![1] };
    two.content = Content::Dsse(Envelope {
        payload_type: "t".to_owned(),
        payload: vec![],
        signatures: vec![signature.clone(), signature],
    });
    assert_eq!(two.to_detached(), Err(ConvertError::Signatures { found: 2 }));
}

#[test]
fn rekor_uuid_names_the_tree() {
    let mut bundle = read(&sealwax_json::compact(&Value::Object(sample()))).unwrap();
    let leaf = crate::body::hex(&sealwax_tlog::leaf_hash(b"{}"));
    assert!(bundle.to_detached().unwrap().rekor_entry.unwrap().starts_with(&format!("{{\"{leaf}\":")));
    let proof = bundle.log_entries[0].inclusion_proof.as_mut().unwrap();
    proof.checkpoint = Some("rekor.sigstore.dev - 1193050959916656506\n9\n".to_owned());
    // The public log's tree: 108e9186e8c5677a.
    let entry = bundle.to_detached().unwrap().rekor_entry.unwrap();
    assert!(entry.starts_with(&format!("{{\"108e9186e8c5677a{leaf}\":")), "{entry}");
}

#[test]
fn an_escaped_or_url_safe_payload_is_the_same_payload() {
    let envelope = |payload: &str| {
        let text = changed("messageSignature", None).replacen(
            '{',
            &format!(r#"{{"dsseEnvelope":{{"payload":"{payload}","payloadType":"t","signatures":[{{"sig":"c2ln","keyid":""}}]}},"#),
            1,
        );
        read(&text).unwrap().content
    };
    let bytes = [0xfb, 0xef, 0xff];
    assert_eq!(base64::encode(&bytes), "++//");
    for payload in ["++//", r"+\u002b\/\/", "--__"] {
        let Content::Dsse(envelope) = envelope(payload) else { panic!("no envelope") };
        assert_eq!(envelope.payload, bytes);
    }
}
