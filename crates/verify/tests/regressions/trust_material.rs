//! Trust material of many kinds in one root.

use super::*;

/// What a log's entry in the trusted root is made to say.
type Spoilt = (&'static str, fn(&mut Value));

/// Number 5: What a trusted root may hold that we cannot use is kept, and fails only where it is used. (sigstore-python#1423,
/// sigstore-rs#338 #429) The same for TUF metadata stands with `tuf`.
#[test]
fn unknown_trust_material_fails_only_where_it_is_used() {
    let instance = Instance::usual();
    let v1 = instance.sign_message(ARTIFACT, &SignOptions::rekor_v1());
    let v2 = instance.sign_message(ARTIFACT, &SignOptions::rekor_v2());
    let good = instance.trusted_root();
    let spoilt: [Spoilt; 6] = [
        ("a key type to come", |log| log["publicKey"]["keyDetails"] = "PKIX_SLH_DSA_128".into()),
        ("a key type by a number to come", |log| log["publicKey"]["keyDetails"] = 4_711.into()),
        ("key bytes that are no key", |log| log["publicKey"]["rawBytes"] = base64([7; 99]).into()),
        ("a key of another type than it says", |log| {
            log["publicKey"]["keyDetails"] = "PKIX_ECDSA_P521_SHA_512".into();
        }),
        ("no start", |log| log["publicKey"]["validFor"] = json!({})),
        ("no key at all", |log| drop(log.as_object_mut().unwrap().remove("publicKey"))),
    ];
    for (what, spoil) in spoilt {
        // Beside the good ones: no harm.
        let mut root = good.clone();
        for list in ["tlogs", "ctlogs"] {
            let mut odd = root[list][0].clone();
            odd["logId"]["keyId"] = base64([9; 32]).into();
            spoil(&mut odd);
            root[list].as_array_mut().unwrap().insert(0, odd);
        }
        for made in [&v1, &v2] {
            let verdict = judge(&Verifier::new(trust(&root)), &made.bundle_json(), ARTIFACT, &policy(made));
            assert_eq!(verdict, Ok(()), "{what}");
        }
        // In the place of the log that is needed: this log's entries fail, the other's do not.
        let mut root = good.clone();
        spoil(&mut root["tlogs"][0]);
        let verifier = Verifier::new(trust(&root));
        assert_eq!(
            judge(&verifier, &v1.bundle_json(), ARTIFACT, &policy(&v1)),
            failing(&["log.known"]),
            "{what}"
        );
        assert_eq!(judge(&verifier, &v2.bundle_json(), ARTIFACT, &policy(&v2)), Ok(()), "{what}");
    }

    // Whole authorities: certificates of a kind to come beside the good one.
    let mut root = good.clone();
    for list in ["certificateAuthorities", "timestampAuthorities"] {
        let mut odd = root[list][0].clone();
        odd["certChain"]["certificates"][0]["rawBytes"] = base64([0x30, 0]).into();
        root[list].as_array_mut().unwrap().insert(0, odd);
    }
    assert_eq!(judge(&Verifier::new(trust(&root)), &v2.bundle_json(), ARTIFACT, &policy(&v2)), Ok(()));
}

/// Number 9, last part: signatures of different chains give one verdict, in any order and from any thread. (cosign#1208 #3476)
#[test]
fn signatures_of_different_chains_give_one_verdict() {
    // Two authorities of one subject name; only the signatures tell their intermediates apart.
    let instance = Instance::builder()
        .authority(&AuthorityOptions::default())
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test"))
        .build();
    let stranger = Instance::builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test"))
        .build();
    let first = instance.sign_message(ARTIFACT, &SignOptions::rekor_v1());
    let second = instance.sign_message(ARTIFACT, &SignOptions::rekor_v1().issued_by(1));
    // The third authority of that name is not trusted, though its log is.
    let mixed = Instance { authorities: stranger.authorities, ..instance.clone() };
    let unknown = mixed.sign_message(ARTIFACT, &SignOptions::rekor_v1());
    let expected = [(first, Ok(())), (second, Ok(())), (unknown, failing(&["certificate.path"]))];

    let mut reversed = instance.trusted_root();
    reversed["certificateAuthorities"].as_array_mut().unwrap().reverse();
    for root in [instance.trusted_root(), reversed] {
        let verifier = Verifier::new(trust(&root));
        thread::scope(|scope| {
            for start in 0..8 {
                let (verifier, expected) = (&verifier, &expected);
                scope.spawn(move || {
                    for turn in 0..30 {
                        let (made, verdict) = &expected[(start + turn) % 3];
                        let found = judge(verifier, &made.bundle_json(), ARTIFACT, &policy(made));
                        assert_eq!(found, *verdict);
                    }
                });
            }
        });
    }
}
