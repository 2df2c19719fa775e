//! The time-stamping authority: requests in both forms, with the token that answers them, and answers of time sources.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use sealwax_crypto::{HashAlgorithm, KeyKind, SigningKey, base64, digest};
use sealwax_pki::{
    Accuracy, Nonce, ObjectIdentifier, Stamp, Timestamp, TimestampRequest, TimestampToken, TimestampWriter,
};
use sealwax_tsa::{
    SIGSTORE_POLICY, Subject,
    clock::{Observation, Reading},
    issue_leaf, issue_root,
    ntp::{Answer, NtpTime, PACKET_BYTES},
    request::from_json,
};

/// A writer by a certificate, which is made once. Signatures are left out: no fuzzer finds one.
static WRITER: LazyLock<TimestampWriter> = LazyLock::new(|| {
    let key = Arc::new(SigningKey::generate(KeyKind::EcdsaP256).unwrap());
    let subject = |common_name| Subject {
        organization: "sealwax.test",
        common_name,
        not_before: Timestamp::UNIX_EPOCH,
        not_after: Timestamp::MAX,
    };
    let root = issue_root(&*key, subject("root")).unwrap();
    let leaf = issue_leaf(&*key, &root, key.public_key(), subject("tsa")).unwrap();
    TimestampWriter::new(&leaf, &[]).unwrap()
});

/// TimeStampReq.
pub(crate) fn request(input: &[u8]) {
    if let Ok(request) = TimestampRequest::from_der(input) {
        check(&request);
    }
}

/// The form in JSON.
pub(crate) fn json(input: &[u8]) {
    if let Ok(request) = from_json(input) {
        check(&request);
    }
}

/// What is read is written and read again as the same thing, and the token that answers it says what was asked.
fn check(request: &TimestampRequest) {
    let bare = TimestampRequest { extensions: Vec::new(), ..request.clone() };
    assert_eq!(TimestampRequest::from_der(&request.to_der()).as_ref(), Ok(&bare));
    let policy = request.policy.unwrap_or(SIGSTORE_POLICY);
    let gen_time = Timestamp::from_second(1_763_800_000).unwrap();
    let accuracy = Accuracy { seconds: 1, milliseconds: 250, microseconds: 0 };
    let stamp = Stamp { policy, random: [0xff; 16], gen_time, accuracy };
    let unsigned = WRITER.unsigned(request, &stamp);
    assert!(!unsigned.signed_attributes().is_empty());
    let token = TimestampToken::from_response_der(&unsigned.into_response(&[0x30, 0])).unwrap();
    assert_eq!(*token.imprint(), request.imprint);
    assert_eq!(token.nonce(), request.nonce.as_ref().map(Nonce::as_bytes));
    assert_eq!((token.policy(), token.gen_time()), (policy, gen_time));
    assert_eq!(token.accuracy(), Some(accuracy));
    assert_eq!(token.certificates().count(), usize::from(request.certificates));
}

/// A packet, and what it says about the time.
pub(crate) fn ntp(input: &[u8]) {
    // As an answer to the request that it says it answers: no fuzzer finds the cookie.
    let cookie = input.get(24..32).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 8]);
    let Ok(answer) = Answer::read(input, NtpTime(u64::from_be_bytes(cookie))) else { return };
    assert_eq!(input.len(), PACKET_BYTES);
    for wall in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        for round_trip in [Duration::ZERO, Duration::from_millis(20), Duration::from_secs(1)] {
            let sent = Reading { monotonic: Duration::from_secs(1), wall };
            let Observation::Time { monotonic, error, .. } = answer.observation(sent, round_trip) else {
                panic!("an answer is an observation");
            };
            assert_eq!(monotonic, sent.monotonic);
            assert!(error <= Duration::from_secs(3), "{error:?}");
        }
    }
}

/// Requests of each hash, bare and with everything.
pub(crate) fn request_seeds() -> Vec<Vec<u8>> {
    let each = HashAlgorithm::ALL.into_iter().flat_map(|hash| {
        let bare = TimestampRequest::new(digest(hash, b"message"));
        let full = TimestampRequest {
            null_parameters: false,
            policy: Some(ObjectIdentifier::new_unwrap("1.2.3.4")),
            nonce: Nonce::new(&[0x42; 20]).ok(),
            certificates: true,
            ..bare.clone()
        };
        [bare.to_der(), full.to_der()]
    });
    each.collect()
}

/// The same in JSON.
pub(crate) fn json_seeds() -> Vec<Vec<u8>> {
    let hash = base64::encode(digest(HashAlgorithm::Sha256, b"message").as_bytes());
    let bare = format!(r#"{{"artifactHash":"{hash}","hashAlgorithm":"sha256"}}"#);
    let full = format!(
        r#"{{"artifactHash":"{hash}","certificates":true,"hashAlgorithm":"sha256","nonce":-1123343434,"tsaPolicyOID":"1.2.3.4"}}"#
    );
    vec![bare.into_bytes(), full.into_bytes()]
}

/// An answer of a server of stratum 2.
pub(crate) fn ntp_seeds() -> Vec<Vec<u8>> {
    // Leap indicator, version and mode; stratum, poll, precision; root delay and dispersion; reference.
    let head = [0b00_100_100, 2, 6, 0xe8, 0, 0, 0x10, 0, 0, 0, 0x04, 0, 192, 0, 2, 1];
    let times = [0xeccd_0000_0000_0000, 0x5a5a_5a5a_5a5a_5a5a, 0xeccd_0000_8000_0000, 0xeccd_0000_8010_0000];
    vec![[&head[..], times.map(u64::to_be_bytes).as_flattened()].concat()]
}
