//! Timestamps, and windows of time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{HashAlgorithm, Scheme};

use super::{Cases, P256, P384, P521, RSA, builder, with_authority, with_timestamp_authority};
use crate::{
    Instance, SIGNED_AT, Window,
    authority::AuthorityOptions,
    certificate_log::CertificateLog,
    leaf::LeafOptions,
    options::SignOptions,
    signature_log::SignatureLog,
    timestamp::{ContentEncoding, MessageDigest, SigningCertificateAttribute},
    timestamp_authority::TimestampAuthorityOptions,
};

/// Tokens and their authorities.
pub(super) fn timestamps(cases: &mut Cases) {
    let options = TimestampAuthorityOptions::default;
    let v2 = SignOptions::rekor_v2;
    for (name, authority) in [
        ("timestamp authority: root, intermediate, leaf", options().keys(&[P384, P384, P384])),
        ("timestamp authority P-256", options().keys(&[P256, P256])),
        ("timestamp authority P-521", options().keys(&[P521, P521])),
        ("timestamp authority RSA", options().keys(&[RSA, RSA])),
        ("timestamp authority P-384 with SHA-256", options().scheme(Scheme::Ecdsa(HashAlgorithm::Sha256))),
        ("timestamp authority without leaf in the trusted root", options().leaf_not_in_trusted_root()),
    ] {
        cases.turn_to(&with_timestamp_authority(&authority));
        cases.message(name, &v2());
    }

    let unlisted = TimestampAuthorityOptions::default().with_authority(AuthorityOptions::unlisted);
    let second = TimestampAuthorityOptions::default().with_authority(|authority| AuthorityOptions {
        uri: "https://timestamp.two.test".into(),
        ..authority
    });
    let instance = builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(P256))
        .timestamp_authority(&options())
        .timestamp_authority(&second)
        .timestamp_authority(&unlisted)
        .build();
    cases.turn_to(&instance);
    for hash in [HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        cases.message(&format!("imprint {}", hash.name()), &{
            v2().on_timestamp(move |timestamp| timestamp.imprint_algorithm = hash)
        });
        cases.message(
            &format!("ESSCertIDv2 with {}", hash.name()),
            &v2().on_timestamp(move |timestamp| {
                timestamp.signing_certificate = SigningCertificateAttribute::V2With(hash);
            }),
        );
    }
    cases.message("ESSCertID of the first version", &{
        v2().on_timestamp(|timestamp| timestamp.signing_certificate = SigningCertificateAttribute::V1)
    });
    cases.message("token without certificate", &v2().on_timestamp(|timestamp| timestamp.embedded.clear()));
    let root = instance.timestamp_authorities[0].root().to_vec();
    cases.message("token with the whole chain", &{
        v2().on_timestamp(move |timestamp| timestamp.embedded.push(root.clone()))
    });
    cases
        .message("token with a nonce", &v2().on_timestamp(|timestamp| timestamp.nonce = Some(vec![0xff; 8])));
    cases.message("granted with modifications", &v2().on_timestamp(|timestamp| timestamp.status = 1));
    for encoding in [ContentEncoding::OnePiece, ContentEncoding::TwoPieces, ContentEncoding::IndefiniteLength]
    {
        let constructed = v2().on_timestamp(move |timestamp| timestamp.content_encoding = encoding);
        cases.message(&format!("constructed OCTET STRING, {encoding:?}"), &constructed);
    }
    cases.message("fraction of a second in genTime", &{
        v2().stamped_at(SIGNED_AT + SignedDuration::from_millis(5_500))
    });
    cases.message("timestamps of two authorities", &v2().timestamps(&[0, 1]));
    cases.message("timestamp of an unknown authority beside a good one", &v2().timestamps(&[2, 0]));
    cases.message(
        "bad timestamp beside a good one",
        &v2().timestamps(&[0, 1]).on_timestamp(|timestamp| {
            if timestamp.position == 0 {
                timestamp.message_digest = MessageDigest::Other(vec![0; 32]);
            }
        }),
    );
    cases.message(
        "the same timestamp twice",
        &v2().on_bundle(|bundle| {
            let timestamps =
                &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
            let again = timestamps[0].clone();
            timestamps.as_array_mut().unwrap().push(again);
        }),
    );
}

/// Windows are inclusive at both ends: integrated time and genTime are five seconds after the signing.
pub(super) fn windows(cases: &mut Cases) {
    let established = SIGNED_AT + SignedDuration::from_secs(5);
    let v1 = SignOptions::rekor_v1;
    let v2 = SignOptions::rekor_v2;
    cases.turn_to(&Instance::usual());
    let leaf = |not_before, lifetime_s| move |leaf: LeafOptions| leaf.valid(not_before, lifetime_s);
    cases.message("integrated in the leaf's last second", &v1().with_leaf(leaf(SIGNED_AT, 5)));
    cases.message("integrated in the leaf's first second", &v1().with_leaf(leaf(established, 600)));
    cases.message("stamped in the leaf's last second", &v2().with_leaf(leaf(SIGNED_AT, 5)));
    let year: i64 = 365 * 24 * 3600;
    cases.message("leaf valid for a year", &v1().with_leaf(leaf(SIGNED_AT, year)));

    let instant = |at: Timestamp| Window::between(at, at);
    let authority = AuthorityOptions::default().valid_for(instant(established));
    cases.turn_to(&with_authority(&authority));
    cases.message("authority valid in that second only", &v1());
    let authority = TimestampAuthorityOptions::default()
        .with_authority(|authority| authority.valid_for(instant(established)));
    cases.turn_to(&with_timestamp_authority(&authority));
    cases.message("timestamp authority valid in that second only", &v2());
    let authority = TimestampAuthorityOptions::default().validity(instant(established));
    cases.turn_to(&with_timestamp_authority(&authority));
    cases.message("timestamp authority's certificate valid in that second only", &v2());
    for (name, log) in
        [("v1", SignatureLog::v1("rekor.sealwax.test")), ("v2", SignatureLog::v2("log.sealwax.test"))]
    {
        let options = if log.is_v1() { v1() } else { v2() };
        let instance =
            Instance { logs: vec![Arc::new(log.valid_for(instant(established)))], ..Instance::usual() };
        cases.turn_to(&instance);
        cases.message(&format!("{name} log key valid in that second only"), &options);
    }
    let log = CertificateLog::new(P256).valid_for(instant(SIGNED_AT));
    cases.turn_to(&builder().authority(&AuthorityOptions::default()).certificate_log(log).build());
    cases.message("certificate log key valid in that second only", &v1());
}
