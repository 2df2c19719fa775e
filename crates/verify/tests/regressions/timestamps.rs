//! Time-stamp tokens of every shape.

use super::*;

/// Number 7: Timestamps. (sigstore-python#1481 #1372, timestamp-authority#1384, sigstore-conformance#118, sigstore-go#43)
#[test]
fn timestamps_of_every_shape() {
    let v2 = SignOptions::rekor_v2;
    let instance = Instance::usual();
    accepts(&instance, "no embedded certificate", &v2().on_timestamp(|stamp| stamp.embedded.clear()));
    accepts(&instance, "SHA-512 imprint", &{
        v2().on_timestamp(|stamp| stamp.imprint_algorithm = HashAlgorithm::Sha512)
    });
    accepts(&instance, "SHA-384 imprint", &{
        v2().on_timestamp(|stamp| stamp.imprint_algorithm = HashAlgorithm::Sha384)
    });
    for encoding in [ContentEncoding::OnePiece, ContentEncoding::TwoPieces, ContentEncoding::IndefiniteLength]
    {
        let constructed = v2().on_timestamp(move |stamp| stamp.content_encoding = encoding);
        accepts(&instance, &format!("constructed OCTET STRING, {encoding:?}"), &constructed);
    }
    refuses(
        &instance,
        "over another signature",
        &v2().on_timestamp(|stamp| stamp.message.push(0)),
        &["time.established"],
    );

    // What counts is the time of the stamp: the verifier's clock is not even asked (it says 1970 in these tests), and by
    // any clock this authority has expired.
    let hour = SignedDuration::from_hours(1);
    let then = Window::between(SIGNED_AT - hour, SIGNED_AT + hour);
    let expired = TimestampAuthorityOptions::default()
        .validity(then)
        .with_authority(move |authority| authority.validity(then).valid_for(then));
    let old = with_timestamp_authorities(&[&expired]);
    accepts(&old, "expired now, valid at genTime", &v2());
    let late = v2().stamped_at(SIGNED_AT + hour + hour).with_leaf(|leaf| leaf.valid(SIGNED_AT, 86_400));
    refuses(&old, "stamped after it expired", &late, &["time.established"]);

    // One that does not verify, beside enough that do.
    let two = with_timestamp_authorities(&[
        &TimestampAuthorityOptions::default(),
        &TimestampAuthorityOptions::default().with_authority(|mut authority| {
            authority.uri = "https://timestamp.two.test".into();
            authority
        }),
    ]);
    for bad in [0, 1] {
        let one_bad = v2().timestamps(&[0, 1]).on_timestamp(move |stamp| {
            if stamp.position == bad {
                stamp.message_digest = MessageDigest::Other(vec![7; 48]);
            }
        });
        accepts(&two, "one invalid beside one valid", &one_bad);
    }
    let both_bad = v2()
        .timestamps(&[0, 1])
        .on_timestamp(|stamp| stamp.message_digest = MessageDigest::Other(vec![7; 48]));
    refuses(&two, "two invalid ones", &both_bad, &["time.established"]);
    // Valid, but too late for the certificate: every verified time must satisfy every window.
    let one_late = v2().timestamps(&[0, 1]).on_timestamp(move |stamp| {
        if stamp.position == 1 {
            stamp.gen_time = SIGNED_AT + hour;
        }
    });
    refuses(&two, "a second one an hour later", &one_late, &["certificate.time"]);
}

fn with_timestamp_authorities(authorities: &[&TimestampAuthorityOptions]) -> Instance {
    let builder = Instance::builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test"))
        .log(SignatureLog::v2("log2026.rekor.sealwax.test"));
    authorities.iter().fold(builder, |builder, options| builder.timestamp_authority(options)).build()
}
