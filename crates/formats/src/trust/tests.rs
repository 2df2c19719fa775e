use super::*;
use crate::{HashField, Window};
use sealwax_crypto::{HashAlgorithm, KeyDetails, KeyError};

/// The Ed25519 key of RFC 8032 §7.1, test 1, as SubjectPublicKeyInfo.
const ED25519: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn read(text: &str) -> Result<TrustedRoot, DocumentError> {
    let result = TrustedRoot::parse(text.as_bytes());
    if let Ok(root) = &result {
        assert_eq!(TrustedRoot::parse(root.write().as_bytes()).as_ref(), Ok(root));
    }
    result
}

fn log(text: &str) -> TransparencyLog {
    let text = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{text}]}}"#
    );
    read(&text).unwrap().logs.remove(0)
}

/// A log that can be used, with one text replaced.
fn replaced(from: &str, to: &str) -> TransparencyLog {
    let text = format!(
        r#"{{"baseUrl":"https://log.example","hashAlgorithm":"SHA2_256","publicKey":{{"rawBytes":"{ED25519}",
            "keyDetails":"PKIX_ED25519","validFor":{{"start":"2025-01-01T00:00:00Z"}}}},"logId":{{"keyId":"bG9n"}}}}"#
    );
    assert!(text.contains(from), "{from}");
    log(&text.replace(from, to))
}

#[test]
fn a_log_that_can_be_used() {
    let log = replaced("", "");
    let usable = log.usable().unwrap();
    assert_eq!(usable.key_details, KeyDetails::PkixEd25519);
    assert_eq!(usable.log_id, b"log");
    let start = "2025-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(usable.window, Window { start, end: None });
    assert_eq!(crate::base64::encode(usable.public_key.spki_der()), ED25519);
    // Cloning and comparing look at what was written, whether the key has been read or not.
    assert_eq!(replaced("", ""), log);
    assert_eq!(
        replaced("PKIX_ED25519", "PKIX_ED25519_PH").usable().unwrap().key_details,
        KeyDetails::PkixEd25519ph
    );
    assert_eq!(replaced("\"PKIX_ED25519\"", "7").usable().unwrap().key_details, KeyDetails::PkixEd25519);
    assert_eq!(replaced("\"SHA2_256\"", "1").usable().unwrap().log_id, b"log");
}

#[test]
fn unknown_material_is_kept_and_fails_where_it_is_used() {
    let reason = |from: &str, to: &str| replaced(from, to).usable().unwrap_err();
    let unknown = |details: &str| UnusableReason::UnknownKeyDetails { details: details.to_owned() };
    assert_eq!(reason("PKIX_ED25519", "PKIX_SLH_DSA"), unknown("PKIX_SLH_DSA"));
    assert_eq!(reason("\"PKIX_ED25519\"", "99"), unknown("99"));
    let unsupported = |details| UnusableReason::UnsupportedKeyDetails { details };
    assert_eq!(reason("PKIX_ED25519", "LMS_SHA256"), unsupported(KeyDetails::LmsSha256));
    assert_eq!(reason("\"PKIX_ED25519\"", "null"), unsupported(KeyDetails::Unspecified));
    let mismatch = UnusableReason::KeyMismatch { details: KeyDetails::PkixEcdsaP256Sha256 };
    assert_eq!(reason("PKIX_ED25519", "PKIX_ECDSA_P256_SHA_256"), mismatch);
    assert!(matches!(reason(ED25519, "MAA="), UnusableReason::Key(KeyError::Malformed)));
    assert_eq!(reason(ED25519, ""), UnusableReason::NoKey);
    assert_eq!(reason("\"publicKey\"", "\"was\""), UnusableReason::NoKey);
    assert_eq!(reason("\"logId\"", "\"was\""), UnusableReason::NoLogId);
    assert_eq!(reason("\"bG9n\"", "\"\""), UnusableReason::NoLogId);
    assert_eq!(reason("\"start\"", "\"end\""), UnusableReason::NoStart);
    assert_eq!(reason("\"validFor\"", "\"was\""), UnusableReason::NoStart);
    let hash = |algorithm: &str| UnusableReason::HashAlgorithm { algorithm: algorithm.to_owned() };
    assert_eq!(reason("SHA2_256", "SHA2_512"), hash("SHA2_512"));
    assert_eq!(reason("SHA2_256", "BLAKE3"), hash("BLAKE3"));
    assert_eq!(reason("\"hashAlgorithm\"", "\"was\""), hash("HASH_ALGORITHM_UNSPECIFIED"));
}

#[test]
fn what_is_written_reads_the_same() {
    for (from, to) in [
        ("PKIX_ED25519", "PKIX_SLH_DSA"),
        ("\"PKIX_ED25519\"", "99"),
        ("SHA2_256", "SHA3_256"),
        ("\"validFor\"", "\"was\""),
        ("\"start\":\"2025-01-01T00:00:00Z\"", ""),
        ("2025-01-01T00:00:00Z", "2025-01-01T01:00:00.123456789+01:00"),
    ] {
        // `log` compares.
        drop(replaced(from, to));
    }
    assert_eq!(replaced("SHA2_256", "SHA2_384").hash_algorithm, HashField::Known(HashAlgorithm::Sha384));
}

#[test]
fn authorities() {
    let authority = |text: &str| {
        let text = format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.trustedroot.v0.2+json","timestampAuthorities":[{text}]}}"#
        );
        read(&text).unwrap().timestamp_authorities.remove(0)
    };
    let chain = r#""certChain":{"certificates":[{"rawBytes":"MAA="},{"rawBytes":"MAE="}]}"#;
    let full = authority(&format!(
        r#"{{"subject":{{"organization":"o","commonName":"c"}},"uri":"https://tsa",{chain},
            "validFor":{{"start":"2025-01-01T00:00:00Z","end":"2026-01-01T00:00:00Z"}},"operator":"op"}}"#
    ));
    assert_eq!(full.cert_chain, [vec![0x30, 0], vec![0x30, 1]]);
    assert_eq!(full.operator_or_uri(), "op");
    let window = full.usable().unwrap();
    for (time, inside) in [
        ("2024-12-31T23:59:59Z", false),
        ("2025-01-01T00:00:00Z", true),
        ("2026-01-01T00:00:00Z", true),
        ("2026-01-01T00:00:00.000000001Z", false),
    ] {
        assert_eq!(window.contains(time.parse().unwrap()), inside, "{time}");
    }
    // No common name, as scaffolding has it, and no operator.
    let bare =
        authority(&format!(r#"{{"subject":{{}},"uri":"https://tsa",{chain},"validFor":{{"start":null}}}}"#));
    assert_eq!(bare.usable(), Err(UnusableReason::NoStart));
    assert_eq!(bare.operator_or_uri(), "https://tsa");
    assert_eq!(authority("{}").usable(), Err(UnusableReason::NoCertificate));
}

#[test]
fn media_types() {
    for (media_type, version) in [
        ("application/vnd.dev.sigstore.trustedroot+json;version=0.1", TrustedRootVersion::V01),
        ("application/vnd.dev.sigstore.trustedroot.v0.1+json", TrustedRootVersion::V01),
        ("application/vnd.dev.sigstore.trustedroot.v0.2+json", TrustedRootVersion::V02),
    ] {
        let root = read(&format!("{{\"mediaType\":{media_type:?}}}")).unwrap();
        assert_eq!(root.version, version);
        assert!(root.logs.is_empty() && root.timestamp_authorities.is_empty());
    }
    let found = "application/vnd.dev.sigstore.trustedroot.v0.3+json".to_owned();
    assert_eq!(read(&format!("{{\"mediaType\":{found:?}}}")), Err(DocumentError::MediaType { found }));
    assert_eq!(read("{}"), Err(DocumentError::MediaType { found: String::new() }));
}
