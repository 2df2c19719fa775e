use super::*;
use crate::{EnvelopeSignature, InclusionProof, LogEntry, base64};

const ED25519: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

fn envelope(payload: &[u8]) -> Envelope {
    Envelope {
        payload_type: crate::dsse::IN_TOTO.to_owned(),
        payload: payload.to_vec(),
        signatures: vec![EnvelopeSignature { keyid: String::new(), sig: b"sig".to_vec() }],
    }
}

fn log_entry() -> LogEntry {
    LogEntry {
        log_index: 25,
        log_id: b"log".to_vec(),
        kind: "dsse".to_owned(),
        version: "0.0.1".to_owned(),
        integrated_time: Some(1_700_000_000),
        inclusion_promise: Some(b"set".to_vec()),
        inclusion_proof: Some(InclusionProof {
            log_index: 5,
            root_hash: [0; 32],
            tree_size: 9,
            hashes: vec![[1; 32]],
            checkpoint: Some("log\n9\n".to_owned()),
        }),
        canonicalized_body: br#"{"apiVersion":"0.0.1","kind":"dsse"}"#.to_vec(),
    }
}

fn bundle(payload: &[u8]) -> Bundle {
    Bundle {
        version: BundleVersion::V03,
        material: Material::Certificate {
            leaf: vec![0x30, 0],
            others: vec![],
            form: CertificateForm::Single,
        },
        log_entries: vec![log_entry()],
        timestamps: Vec::new(),
        content: Content::Dsse(envelope(payload)),
    }
}

/// Form, and where each bundle stood, and the bundles themselves.
fn all(text: &str) -> (Form, Vec<String>, Vec<Bundle>) {
    let reading = read(text.as_bytes()).unwrap();
    let places = reading.bundles.iter().map(|found| found.place.clone()).collect();
    (reading.form, places, reading.bundles.into_iter().map(|found| found.bundle.unwrap()).collect())
}

#[test]
fn one_bundle_and_lines() {
    let (a, b) = (bundle(b"a"), bundle(b"b"));
    assert_eq!(all(&a.write()), (Form::Bundle, vec![String::new()], vec![a.clone()]));
    let lines = format!("{}\n{}\n", a.write(), b.write());
    let expected = (Form::Lines, vec!["line 1".to_owned(), "line 2".to_owned()], vec![a.clone(), b.clone()]);
    assert_eq!(all(&lines), expected);
    let pretty = sealwax_json::pretty(&a.to_json()) + &sealwax_json::pretty(&b.to_json());
    assert_eq!(all(&pretty).2, [a.clone(), b]);

    // One bad line does not hide the good ones before it, even if it is no JSON; what stands behind a bundle is no line.
    let reading = read(format!("{}\n{{\"mediaType\":\"x\"}}\n{{\"a\":1}}", a.write()).as_bytes()).unwrap();
    assert!(reading.bundles[0].bundle.is_ok());
    assert!(matches!(reading.bundles[1].bundle, Err(ReadError::Bundle(DocumentError::MediaType { .. }))));
    assert_eq!(reading.bundles[2].bundle, Err(ReadError::UnknownForm));
    let reading = read(format!("{}\n{{", a.write()).as_bytes()).unwrap();
    assert!(reading.bundles[0].bundle.is_ok());
    assert!(matches!(reading.bundles[1].bundle, Err(ReadError::Json(_))));
    assert!(matches!(read(format!("{} {{", a.write()).as_bytes()), Err(ReadError::Json(_))));
    let reading = read(format!("{{\"a\":1}}\n{}", a.write()).as_bytes()).unwrap();
    assert_eq!(reading.bundles[0].bundle, Err(ReadError::UnknownForm));
    assert!(reading.bundles[1].bundle.is_ok());
}

#[test]
fn npm_and_github() {
    let (a, b) = (bundle(b"a"), bundle(b"b"));
    let element = |b: &Bundle, rest: &str| format!("{{{rest}\"bundle\":{}}}", b.write());
    let npm = format!(
        "{{\"attestations\":[{},{}]}}",
        element(&a, "\"predicateType\":\"p\","),
        element(&b, "\"predicateType\":\"q\",")
    );
    let places = vec!["attestations[0].bundle".to_owned(), "attestations[1].bundle".to_owned()];
    assert_eq!(all(&npm), (Form::Npm, places, vec![a.clone(), b]));
    let github = format!("{{\"attestations\":[{}]}}", element(&a, "\"repository_id\":1,"));
    assert_eq!(all(&github).0, Form::GitHub);
    let address = r#"{"attestations":[{"bundle":null,"bundle_url":"https://…"}]}"#;
    assert_eq!(read(address.as_bytes()).unwrap().bundles[0].bundle, Err(ReadError::NoBundle));
    assert_eq!(read(br#"{"attestations":[]}"#), Err(ReadError::Empty));
}

/// PEP 740: what pypi-attestations makes of it is a bundle 0.3.
#[test]
fn pypi() {
    let expected = bundle(b"statement");
    let text = expected.write();
    let value = sealwax_json::parse(text.as_bytes(), &LIMITS).unwrap();
    let entries = value.member("verificationMaterial").and_then(|m| m.member("tlogEntries")).unwrap();
    let attestation = format!(
        r#"{{"version":1,"verification_material":{{"certificate":"MAA=","transparency_entries":{}}},
            "envelope":{{"statement":"{}","signature":"c2ln"}}}}"#,
        sealwax_json::compact(entries),
        base64::encode(b"statement")
    );
    assert_eq!(all(&attestation), (Form::PypiAttestation, vec![String::new()], vec![expected.clone()]));
    let provenance = format!(
        r#"{{"version":1,"attestation_bundles":[{{"publisher":{{"kind":"GitHub"}},"attestations":[{attestation}]}}]}}"#
    );
    let place = "attestation_bundles[0].attestations[0]".to_owned();
    assert_eq!(all(&provenance), (Form::PypiProvenance, vec![place], vec![expected]));
    let future = attestation.replacen("\"version\":1", "\"version\":2", 1);
    let found = read(future.as_bytes()).unwrap().bundles.remove(0);
    assert!(matches!(found.bundle, Err(ReadError::Field(e)) if e.path == "version"));
}

#[test]
fn cosign_bundle() {
    let document = |signature: &str, cert: &str| {
        format!(
            r#"{{"base64Signature":"{signature}","cert":"{cert}","rekorBundle":{{"SignedEntryTimestamp":"c2V0",
                "Payload":{{"body":"{}","integratedTime":1700000000,"logIndex":25,"logID":"6c6f67"}}}}}}"#,
            base64::encode(&log_entry().canonicalized_body)
        )
    };
    let entry = LogEntry { inclusion_proof: None, ..log_entry() };
    let expected = Bundle {
        version: BundleVersion::V01,
        material: Material::Certificate { leaf: vec![0x30, 0], others: vec![], form: CertificateForm::Chain },
        log_entries: vec![entry],
        timestamps: vec![],
        content: Content::Message { digest: None, signature: b"sig".to_vec() },
    };
    let cert = base64::encode(CERTIFICATE.as_bytes());
    assert_eq!(all(&document("c2ln", &cert)), (Form::Cosign, vec![String::new()], vec![expected.clone()]));
    assert_eq!(all(&document("c2ln", &CERTIFICATE.replace('\n', "\\n"))).2, std::slice::from_ref(&expected));
    expected.check_form().unwrap();

    let wrapped = base64::encode(sealwax_json::compact(&envelope(b"p").to_json()).as_bytes());
    assert_eq!(all(&document(&wrapped, &cert)).2[0].content, Content::Dsse(envelope(b"p")));

    let key = format!("-----BEGIN PUBLIC KEY-----\n{ED25519}\n-----END PUBLIC KEY-----\n");
    let hint = base64::encode(&sealwax_crypto::sha256(&base64::decode(ED25519).unwrap()));
    assert_eq!(
        all(&document("c2ln", &base64::encode(key.as_bytes()))).2[0].material,
        Material::PublicKey { hint }
    );
    let nameless = Material::PublicKey { hint: String::new() };
    assert_eq!(all(&document("c2ln", "")).2[0].material, nameless);
}

#[test]
fn envelope_alone() {
    let text = sealwax_json::compact(&envelope(b"p").to_json());
    let (form, _, mut bundles) = all(&text);
    assert_eq!(form, Form::Envelope);
    assert_eq!(bundles.remove(0).material, Material::PublicKey { hint: String::new() });
    // SLSA builders put the certificate beside the signature.
    let cert = format!("\"cert\":\"{}\",\"sig\"", CERTIFICATE.replace('\n', "\\n"));
    let bundle = all(&text.replace("\"sig\"", &cert)).2.remove(0);
    assert!(matches!(bundle.material, Material::Certificate { leaf, .. } if leaf == [0x30, 0]));
    assert_eq!((bundle.log_entries, bundle.content), (vec![], Content::Dsse(envelope(b"p"))));
}

#[test]
fn signature_files() {
    let content = |signature: &[u8]| {
        detached(&DetachedParts { signature, ..DetachedParts::default() }).map(|b| b.content)
    };
    let raw = Content::Message { digest: None, signature: vec![0x30, 0x06, 0xff] };
    for file in [b"\x30\x06\xff".as_slice(), b"MAb/", b"MAb/\n", b" MA\nb/\r\n", b"MAb_"] {
        assert_eq!(content(file).as_ref(), Ok(&raw), "{file:?}");
    }
    let json = sealwax_json::pretty(&envelope(b"p").to_json());
    let dsse = Content::Dsse(envelope(b"p"));
    assert_eq!(content(json.as_bytes()).as_ref(), Ok(&dsse));
    assert_eq!(content(base64::encode(json.as_bytes()).as_bytes()).as_ref(), Ok(&dsse));
    for file in [b"".as_slice(), b"not a signature!", b"-----BEGIN PGP SIGNATURE-----"] {
        assert_eq!(content(file), Err(ReadError::Encoding { part: "signature" }), "{file:?}");
    }
    assert!(matches!(content(b"{}}"), Err(ReadError::Json(_))));
}

#[test]
fn certificate_files() {
    let material = |certificate: &[u8]| {
        let parts =
            DetachedParts { signature: b"\xff", certificate: Some(certificate), ..DetachedParts::default() };
        detached(&parts).map(|b| b.material)
    };
    let der = b"\x30\x01\xff".as_slice();
    let one = |leaf: &[u8], others: Vec<Vec<u8>>| Material::Certificate {
        leaf: leaf.to_vec(),
        others,
        form: CertificateForm::Chain,
    };
    assert_eq!(material(der), Ok(one(der, vec![])));
    assert_eq!(material(base64::encode(der).as_bytes()), Ok(one(der, vec![])));
    assert_eq!(material(CERTIFICATE.as_bytes()), Ok(one(&[0x30, 0], vec![])));
    assert_eq!(material(base64::encode(CERTIFICATE.as_bytes()).as_bytes()), Ok(one(&[0x30, 0], vec![])));
    assert_eq!(material(CERTIFICATE.repeat(2).as_bytes()), Ok(one(&[0x30, 0], vec![vec![0x30, 0]])));
    for file in ["", "nothing", "MAb"] {
        assert_eq!(material(file.as_bytes()), Err(ReadError::Encoding { part: "certificate" }), "{file}");
    }
    let Err(ReadError::Field(error)) = material(CERTIFICATE.replace("CERT", "XERT").as_bytes()) else {
        panic!("read")
    };
    assert_eq!(error.cause, FieldCause::PemLabel { label: "XERTIFICATE".to_owned() });
    let Err(ReadError::Field(error)) = material(CERTIFICATE.repeat(17).as_bytes()) else { panic!("read") };
    assert_eq!(error.cause, FieldCause::TooMany { limit: 16, found: 17 });
}

#[test]
fn rekor_entries() {
    let entry = |text: &str| {
        let parts = DetachedParts {
            signature: b"\xff",
            rekor_entry: Some(text.as_bytes()),
            ..DetachedParts::default()
        };
        detached(&parts).map(|mut b| b.log_entries.remove(0))
    };
    let hashes = format!(
        "\"hashes\":[\"{}\"],\"logIndex\":5,\"rootHash\":\"{}\",\"treeSize\":9",
        "01".repeat(32),
        "00".repeat(32)
    );
    let api = format!(
        r#"{{"24296fb24b8ad77a":{{"attestation":{{}},"body":"{}","integratedTime":1700000000,"logID":"6c6f67","logIndex":25,
            "verification":{{"inclusionProof":{{"checkpoint":"log\n9\n",{hashes}}},"signedEntryTimestamp":"c2V0"}}}}}}"#,
        base64::encode(&log_entry().canonicalized_body)
    );
    assert_eq!(entry(&api), Ok(log_entry()));
    // The inner object alone, and a proof of before there were checkpoints.
    let inner = api.trim_start_matches("{\"24296fb24b8ad77a\":").strip_suffix('}').unwrap();
    assert_eq!(entry(inner), Ok(log_entry()));
    let old = api.replace(r#""checkpoint":"log\n9\n","#, "");
    assert_eq!(entry(&old), Ok(LogEntry { inclusion_proof: None, ..log_entry() }));
    let image = format!(
        r#"{{"SignedEntryTimestamp":"c2V0","Payload":{{"body":"{}","integratedTime":1700000000,"logIndex":25,"logID":"6c6f67"}}}}"#,
        base64::encode(&log_entry().canonicalized_body)
    );
    assert_eq!(entry(&image), Ok(LogEntry { inclusion_proof: None, ..log_entry() }));
    assert!(
        matches!(entry(&api.replace("6c6f67", "6c6f6")), Err(ReadError::Field(e)) if e.cause == FieldCause::Hex)
    );
    assert!(matches!(entry("{}"), Err(ReadError::Field(_))));
    assert!(matches!(entry(&api.replace("eyJ", "AAAA")), Err(ReadError::Body(_) | ReadError::Field(_))));
}

#[test]
fn limits() {
    let line = "{\"mediaType\":\"x\"}\n";
    assert_eq!(read(line.repeat(MAX_BUNDLES).as_bytes()).unwrap().bundles.len(), MAX_BUNDLES);
    let too_many = Err(ReadError::TooMany { limit: MAX_BUNDLES });
    assert_eq!(read(line.repeat(MAX_BUNDLES + 1).as_bytes()), too_many);
    let elements = vec!["{}"; MAX_BUNDLES + 1].join(",");
    assert_eq!(read(format!("{{\"attestations\":[{elements}]}}").as_bytes()), too_many);
    let group = format!("{{\"attestations\":[{}]}}", vec!["{}"; 600].join(","));
    let provenance = format!("{{\"version\":1,\"attestation_bundles\":[{group},{group}]}}");
    assert_eq!(read(provenance.as_bytes()), too_many);

    let large = bundle(&vec![b' '; MAX_PAYLOAD_AMONG_MANY + 1]).write();
    assert!(read(large.as_bytes()).unwrap().bundles[0].bundle.is_ok());
    let reading = read(format!("{large}\n{}", bundle(b"b").write()).as_bytes()).unwrap();
    let found = MAX_PAYLOAD_AMONG_MANY + 1;
    assert_eq!(reading.bundles[0].bundle, Err(ReadError::TooLarge { limit: MAX_PAYLOAD_AMONG_MANY, found }));
    assert!(reading.bundles[1].bundle.is_ok());
}

#[test]
fn nothing_known() {
    for text in ["[]", "3", "{}", "{\"a\":1}", "\"x\""] {
        assert_eq!(read(text.as_bytes()), Err(ReadError::UnknownForm), "{text}");
    }
    assert_eq!(read(b" \n"), Err(ReadError::Empty));
    assert!(matches!(read(b"-----BEGIN"), Err(ReadError::Json(_))));
    let nameless = br#"{"verificationMaterial":{}}"#;
    let found = read(nameless).unwrap().bundles.remove(0);
    assert!(
        matches!(found.bundle, Err(ReadError::Bundle(DocumentError::MediaType { found })) if found.is_empty())
    );
}
