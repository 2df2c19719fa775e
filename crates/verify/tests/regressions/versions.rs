//! Bundles that were rewritten so that less would be checked.

use super::*;

/// Number 3: Rewriting a bundle to 0.1 must not buy weaker checks. (sigstore-ruby#307, sigstore-go#51)
#[test]
fn a_bundle_rewritten_to_an_older_version_needs_its_set() {
    const V01: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
    const SET: &str = "inclusionPromise";
    let instance = Instance::usual();
    let good = instance.sign_message(ARTIFACT, &SignOptions::rekor_v1());
    let rewritten = |change: &dyn Fn(&mut Value)| {
        let mut made = good.clone();
        change(&mut made.bundle);
        verdict(&instance, &made)
    };
    let to_chain = |bundle: &mut Value| {
        bundle["mediaType"] = V01.into();
        let leaf = bundle["verificationMaterial"].as_object_mut().unwrap().remove("certificate").unwrap();
        bundle["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": [leaf]});
    };
    let entry = |bundle: &mut Value, member: &str| {
        bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove(member);
    };
    assert_eq!(rewritten(&|_| {}), Ok(()));
    assert_eq!(rewritten(&to_chain), Ok(()), "with its SET");
    let set_only = |bundle: &mut Value| {
        to_chain(bundle);
        entry(bundle, "inclusionProof");
    };
    assert_eq!(rewritten(&set_only), Ok(()), "with its SET alone");
    let only_media_type = |bundle: &mut Value| bundle["mediaType"] = V01.into();
    assert_eq!(rewritten(&only_media_type), failing(&["material.kind"]), "0.1 with `certificate`");
    let without_set = |bundle: &mut Value| {
        to_chain(bundle);
        entry(bundle, SET);
    };
    assert_eq!(rewritten(&without_set), failing(&["log.signed-entry-timestamp"]));
    let other_time = |bundle: &mut Value| {
        to_chain(bundle);
        bundle["verificationMaterial"]["tlogEntries"][0]["integratedTime"] =
            SIGNED_AT.as_second().to_string().into();
    };
    assert_eq!(rewritten(&other_time), failing(&["log.signed-entry-timestamp"]));
    let neither = |bundle: &mut Value| {
        set_only(bundle);
        entry(bundle, SET);
    };
    assert_eq!(rewritten(&neither), failing(&["log.signed-entry-timestamp"]));

    // A v2 entry has no SET, so that it can never be a 0.1 bundle.
    let mut v2 = instance.sign_message(ARTIFACT, &SignOptions::rekor_v2());
    to_chain(&mut v2.bundle);
    assert_eq!(verdict(&instance, &v2), failing(&["log.signed-entry-timestamp"]));

    // The same with what the public instance has signed.
    let mut bundle = real_json("message-hashedrekord001/a.txt.sigstore");
    assert_eq!(real_verdict(&bundle), Ok(()));
    bundle["mediaType"] = V01.into();
    assert_eq!(real_verdict(&bundle), Ok(()));
    entry(&mut bundle, SET);
    assert_eq!(real_verdict(&bundle), failing(&["log.signed-entry-timestamp"]));
}

/// Number 3, the other half: an integrated time without a SET is an assertion of the bundle's, not of the log's.
#[test]
fn an_integrated_time_without_a_set_never_counts() {
    let instance = Instance::usual();
    let proof_only = SignOptions::rekor_v1().evidence(Evidence::ProofOnly);
    refuses(&instance, "no time at all", &proof_only, &["time.established"]);
    accepts(&instance, "with a timestamp", &proof_only.clone().timestamps(&[0]));
    // Nor does it count beside a timestamp: the certificate has expired when that was made.
    let late = proof_only.timestamps(&[0]).stamped_at(SIGNED_AT + SignedDuration::from_hours(1));
    refuses(&instance, "stamped after the certificate expired", &late, &["certificate.time"]);
    let v2 = SignOptions::rekor_v2().timestamps(&[]).on_log_entry(|entry| {
        entry["integratedTime"] = (SIGNED_AT.as_second() + 5).to_string().into();
    });
    refuses(&instance, "in a v2 entry", &v2, &["time.established"]);

    let mut bundle = real_json("message-hashedrekord001/a.txt.sigstore");
    bundle["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionPromise");
    assert_eq!(real_verdict(&bundle), failing(&["time.established"]));
}

/// Number 4: `messageDigest` altered, all else valid. (sigstore-python#1651)
#[test]
fn an_altered_message_digest_is_refused() {
    let instance = Instance::usual();
    let other = base64(sealwax_crypto::sha256(b"another artifact"));
    for options in [SignOptions::rekor_v1(), SignOptions::rekor_v2()] {
        let other = other.clone();
        let altered = options.on_bundle(move |bundle| {
            bundle["messageSignature"]["messageDigest"]["digest"] = other.clone().into();
        });
        refuses(&instance, "the digest of something else", &altered, &["artifact.digest"]);
    }
    let mut bundle = real_json("message-hashedrekord001/a.txt.sigstore");
    bundle["messageSignature"]["messageDigest"]["digest"] = other.into();
    assert_eq!(real_verdict(&bundle), failing(&["artifact.digest"]));

    // And it never stands in for hashing: the digest as it was, another artifact.
    let mut made = instance.sign_message(ARTIFACT, &SignOptions::rekor_v1());
    made.artifact = b"another artifact".to_vec();
    assert_eq!(verdict(&instance, &made), failing(&["artifact.digest", "signature", "log.content"]));
}
