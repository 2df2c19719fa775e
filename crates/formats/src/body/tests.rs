use super::*;
use sealwax_crypto::{HashAlgorithm, KeyDetails, KeyError};

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// The Ed25519 key of RFC 8032 §7.1, test 1, as SubjectPublicKeyInfo.
const ED25519: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn sha256() -> Digest {
    Digest::from_hex(HashAlgorithm::Sha256, HEX).unwrap()
}

fn pem(label: &str, base64: &str) -> String {
    base64::encode(format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n").as_bytes())
}

fn certificate_pem() -> String {
    pem("CERTIFICATE", "MAA=")
}

fn certificate() -> Verifier {
    Verifier::Certificate(vec![0x30, 0])
}

fn read(text: &str) -> Result<EntryBody, BodyError> {
    EntryBody::parse(text.as_bytes())
}

fn v1_hashedrekord(verifier: &str) -> String {
    format!(
        r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"sha256","value":"{HEX}"}}}},
            "signature":{{"content":"c2ln","publicKey":{{"content":"{verifier}"}}}}}}}}"#
    )
}

fn v2_hashedrekord(verifier: &str) -> String {
    format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{
            "data":{{"algorithm":"SHA2_256","digest":"{}"}},"signature":{{"content":"c2ln","verifier":{{{verifier}}}}}}}}}}}"#,
        base64::encode(sha256().as_bytes())
    )
}

#[test]
fn rekor_v1() {
    let hashedrekord =
        EntryBody::HashedRekordV001 { data: sha256(), signature: b"sig".to_vec(), verifier: certificate() };
    let text = v1_hashedrekord(&certificate_pem());
    assert_eq!(read(&text).as_ref(), Ok(&hashedrekord));
    assert_eq!(read(&text.replace(HEX, &HEX.to_uppercase())).as_ref(), Ok(&hashedrekord));
    assert_eq!(hashedrekord.kind_version(), ("hashedrekord", "0.0.1"));

    let signature = BodySignature { signature: b"sig".to_vec(), verifier: certificate(), key_details: None };
    let verifier = certificate_pem();
    let dsse = format!(
        r#"{{"apiVersion":"0.0.1","kind":"dsse","spec":{{"envelopeHash":{{"algorithm":"sha256","value":"not looked at"}},
            "payloadHash":{{"algorithm":"sha256","value":"{HEX}"}},"signatures":[{{"signature":"c2ln","verifier":"{verifier}"}}]}}}}"#
    );
    let expected = EntryBody::DsseV001 { payload_hash: sha256(), signatures: vec![signature.clone()] };
    assert_eq!(read(&dsse), Ok(expected));

    // The signature is in base64 twice: "c2ln" is "YzJsbg==".
    let intoto = format!(
        r#"{{"apiVersion":"0.0.2","kind":"intoto","spec":{{"content":{{"envelope":{{"payloadType":"t",
            "signatures":[{{"publicKey":"{verifier}","sig":"YzJsbg=="}}]}},"hash":{{}},
            "payloadHash":{{"algorithm":"sha256","value":"{HEX}"}}}}}}}}"#
    );
    let expected = EntryBody::IntotoV002 {
        payload_hash: sha256(),
        payload_type: "t".to_owned(),
        signatures: vec![signature],
    };
    assert_eq!(read(&intoto), Ok(expected));
    let Err(BodyError::Field(error)) = read(&intoto.replace("YzJsbg==", "/w==")) else { panic!("read") };
    assert!(matches!(error.cause, FieldCause::Base64(_)));

    let oldest = format!(
        r#"{{"apiVersion":"0.0.1","kind":"intoto","spec":{{"content":{{"hash":{{"algorithm":"sha256","value":"{HEX}"}}}},"publicKey":"{verifier}"}}}}"#
    );
    assert_eq!(read(&oldest), Ok(EntryBody::IntotoV001 { payload_hash: None, verifier: certificate() }));
}

#[test]
fn rekor_v2() {
    let details = KeyDetailsField::Known(KeyDetails::PkixEcdsaP256Sha256);
    let with_certificate = r#""keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"MAA="}"#;
    let expected = EntryBody::HashedRekordV002 {
        data: sha256(),
        signature: b"sig".to_vec(),
        verifier: certificate(),
        key_details: details.clone(),
    };
    assert!(expected.is_rekor_v2());
    assert_eq!(read(&v2_hashedrekord(with_certificate)).as_ref(), Ok(&expected));

    let dsse = format!(
        r#"{{"apiVersion":"0.0.2","kind":"dsse","spec":{{"dsseV002":{{"payloadHash":{{"algorithm":"SHA2_256","digest":"{}"}},
            "signatures":[{{"content":"c2ln","verifier":{{{with_certificate}}}}}]}}}}}}"#,
        base64::encode(sha256().as_bytes())
    );
    let signature =
        BodySignature { signature: b"sig".to_vec(), verifier: certificate(), key_details: Some(details) };
    assert_eq!(read(&dsse), Ok(EntryBody::DsseV002 { payload_hash: sha256(), signatures: vec![signature] }));

    let key = format!(r#""keyDetails":"PKIX_ED25519_PH","publicKey":{{"rawBytes":"{ED25519}"}}"#);
    let Ok(EntryBody::HashedRekordV002 { verifier: Verifier::PublicKey(key), .. }) =
        read(&v2_hashedrekord(&key))
    else {
        panic!("no key")
    };
    assert_eq!(base64::encode(key.spki_der()), ED25519);
    let unreadable = r#""keyDetails":"FROM_THE_FUTURE","publicKey":{"rawBytes":"MAA="}"#;
    let Ok(EntryBody::HashedRekordV002 { verifier, key_details, .. }) = read(&v2_hashedrekord(unreadable))
    else {
        panic!("unread")
    };
    assert_eq!(verifier, Verifier::UnreadableKey(vec![0x30, 0], KeyError::Malformed));
    assert_eq!(key_details, KeyDetailsField::Unknown("FROM_THE_FUTURE".to_owned()));
}

/// WIRE §12 (4): the same verifier in any layout of PEM.
#[test]
fn verifiers_are_compared_as_der() {
    let verifier = |text: &str| match read(&v1_hashedrekord(&base64::encode(text.as_bytes()))) {
        Ok(EntryBody::HashedRekordV001 { verifier, .. }) => Ok(verifier),
        Ok(other) => panic!("{other:?}"),
        Err(BodyError::Field(error)) => Err(error.cause),
        Err(other) => panic!("{other:?}"),
    };
    let (half, rest) = ED25519.split_at(30);
    let expected =
        verifier(&format!("-----BEGIN PUBLIC KEY-----\n{ED25519}\n-----END PUBLIC KEY-----\n")).unwrap();
    for text in [
        format!("-----BEGIN PUBLIC KEY-----\n{ED25519}\n-----END PUBLIC KEY-----"),
        format!("-----BEGIN PUBLIC KEY-----\r\n{half}\r\n{rest}\r\n-----END PUBLIC KEY-----\r\n"),
        format!("\n-----BEGIN PUBLIC KEY-----\n{half}\n{rest}\n-----END PUBLIC KEY-----\n\n"),
    ] {
        assert_eq!(verifier(&text).as_ref(), Ok(&expected), "{text}");
    }
    let block = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert!(matches!(verifier(&block.repeat(2)), Err(FieldCause::Pem(pem::PemError::Count { found: 2 }))));
    assert!(matches!(verifier("no PEM"), Err(FieldCause::Pem(pem::PemError::Count { found: 0 }))));
    let label = "PRIVATE KEY".to_owned();
    assert_eq!(verifier(&block.replace("CERTIFICATE", &label)), Err(FieldCause::PemLabel { label }));
}

#[test]
fn refused() {
    let kind =
        |kind: &str, version: &str| BodyError::Kind { kind: kind.to_owned(), version: version.to_owned() };
    assert_eq!(read("{}"), Err(kind("", "")));
    assert_eq!(read(r#"{"kind":"rekord","apiVersion":"0.0.1"}"#), Err(kind("rekord", "0.0.1")));
    assert_eq!(read(r#"{"kind":"hashedrekord","apiVersion":"0.0.3"}"#), Err(kind("hashedrekord", "0.0.3")));
    let field = |text: &str| match read(text) {
        Err(BodyError::Field(error)) => (error.path, error.cause),
        other => panic!("{other:?}"),
    };
    let missing = |path: &str| (path.to_owned(), FieldCause::Missing);
    assert_eq!(field(r#"{"kind":"hashedrekord","apiVersion":"0.0.1"}"#), missing("spec"));
    assert_eq!(
        field(r#"{"kind":"hashedrekord","apiVersion":"0.0.2","spec":{}}"#),
        missing("spec.hashedRekordV002")
    );
    let good = v1_hashedrekord(&certificate_pem());
    let hash = field(&good.replace("sha256", "md5"));
    assert_eq!(
        hash,
        ("spec.data.hash.algorithm".to_owned(), FieldCause::Unknown { found: "md5".to_owned() })
    );
    assert_eq!(field(&good.replace(HEX, &HEX[2..])).1, FieldCause::Length { expected: 32, found: 31 });
    assert_eq!(field(&good.replace(HEX, "0")).1, FieldCause::Hex);
    // A log writes the canonical names; other spellings are someone else's.
    let v2 = v2_hashedrekord(r#""x509Certificate":{"rawBytes":"MAA="}"#);
    assert_eq!(
        field(&v2.replace("hashedRekordV002", "hashed_rekord_v002")),
        missing("spec.hashedRekordV002")
    );
    let both = v2_hashedrekord(r#""x509Certificate":{"rawBytes":"MAA="},"publicKey":{"rawBytes":"MAA="}"#);
    assert_eq!(field(&both).1, FieldCause::OneOf { other: "x509Certificate" });
    let both = v2.replace("\"spec\":{", "\"spec\":{\"dsseV002\":{},");
    assert_eq!(field(&both).1, FieldCause::OneOf { other: "hashedRekordV002" });
    let twice = good.replacen("\"kind\"", "\"kind\":\"dsse\",\"kind\"", 1);
    assert!(matches!(read(&twice), Err(BodyError::Json(sealwax_json::Error::Duplicate { .. }))));
}

/// The writer, against the reader and the canonical form.
#[test]
fn what_we_write_we_read() {
    let spki = base64::decode(ED25519).unwrap();
    let key = Verifier::PublicKey(PublicKey::from_spki_der(&spki).unwrap());
    let certificate = vec![0x30, 0];
    for algorithm in HashAlgorithm::ALL {
        let data = sealwax_crypto::digest(algorithm, b"artifact");
        for (der, read) in [
            (VerifierDer::PublicKey(&spki), key.clone()),
            (VerifierDer::Certificate(&certificate), Verifier::Certificate(certificate.clone())),
        ] {
            let key_details = KeyDetails::PkixEd25519ph;
            let leaf = HashedRekordV002 { data: &data, signature: b"sig", verifier: der, key_details };
            let body = leaf.to_body();
            let expected = EntryBody::HashedRekordV002 {
                data,
                signature: b"sig".to_vec(),
                verifier: read,
                key_details: KeyDetailsField::Known(key_details),
            };
            assert_eq!(EntryBody::parse(&body).as_ref(), Ok(&expected));
            assert_eq!(expected.kind_version(), HashedRekordV002::KIND_VERSION);
            let value = sealwax_json::parse(&body, &LIMITS).unwrap();
            assert_eq!(sealwax_json::jcs(&value), body);
        }
    }
}
