//! The verdict depends on nothing but its arguments: not on what a verifier has seen before, not on the order in which it saw it,
//! not on how many threads share it.

use std::thread;

use sealwax_crypto::KeyKind;
use sealwax_testkit::{
    CertificateLog, Evidence, Instance, ManagedKey, SignOptions, SignatureLog, TimestampAuthorityOptions,
    authority::AuthorityOptions, options::BundleVersion,
};
use sealwax_verify::{Report, Verifier};

use crate::scenario::{ARTIFACT, Scenario};

const THREADS: usize = 8;

/// Two certificate authorities with the same names and different keys, so that every leaf fits either by name.
fn twins() -> Instance {
    Instance::builder()
        .authority(&AuthorityOptions::default())
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test"))
        .log(SignatureLog::v2("log2026.rekor.sealwax.test"))
        .timestamp_authority(&TimestampAuthorityOptions::default())
        .managed_key(ManagedKey::new(KeyKind::EcdsaP256))
        .build()
}

/// Good and bad bundles in turn, all to be judged under the trust of one instance.
fn good_and_bad(trusted: &Instance) -> Vec<Scenario> {
    let v1 = SignOptions::rekor_v1;
    let v2 = SignOptions::rekor_v2;
    let good = [
        v1(),
        v1().issued_by(1),
        v2(),
        v2().issued_by(1),
        v1().version(BundleVersion::V01).evidence(Evidence::SetOnly),
        v1().managed_key(0),
        v1().with_leaf(|leaf| leaf.key(KeyKind::EcdsaP384)).timestamps(&[0]),
    ];
    let bad = [
        v1().on_signature(|signature| *signature.last_mut().unwrap() ^= 1),
        v1().issued_by(1).on_scts(|scts| *scts[0].tbs.last_mut().unwrap() ^= 1),
        v2().on_timestamp(|stamp| stamp.message.push(0)),
        v2().issued_by(1).on_proof(|proof| proof.hashes[0][0] ^= 1),
        v1().version(BundleVersion::V01).evidence(Evidence::Neither),
        v1().managed_key(0).on_entry(|entry| entry.signature.push(0)),
        v1().on_set(|set| set.integrated_time += 601),
    ];
    // The same names again, with keys that nobody trusts.
    let strangers = twins();
    let judged = |signing: &Instance, options: &SignOptions| {
        Scenario::of(trusted, &signing.sign_message(ARTIFACT, options))
    };
    good.iter()
        .zip(&bad)
        .flat_map(|(good, bad)| [judged(trusted, good), judged(trusted, bad), judged(&strangers, good)])
        .collect()
}

/// Everything that a verdict says.
fn verdict(verifier: &Verifier, scenario: &Scenario) -> (bool, Report) {
    match scenario.judge_by(verifier) {
        Ok(verified) => (true, verified.report().clone()),
        Err(refused) => (false, refused.report().clone()),
    }
}

#[test]
fn a_verifier_shared_by_threads_gives_the_verdicts_of_fresh_ones() {
    let instance = twins();
    let scenarios = good_and_bad(&instance);
    let fresh: Vec<_> = scenarios.iter().map(|scenario| verdict(&scenario.verifier(), scenario)).collect();
    let accepted: Vec<usize> = (0..fresh.len()).filter(|index| fresh[*index].0).collect();
    assert_eq!(accepted, (0..fresh.len()).step_by(3).collect::<Vec<_>>(), "every third is good");

    let shared = scenarios[0].verifier();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (shared, scenarios, fresh) = (&shared, &scenarios, &fresh);
            scope.spawn(move || {
                // Every thread goes its own way round: strides that have no divisor in common with 21.
                let stride = [1, 2, 4, 5, 8, 10, 11, 13][thread];
                for step in 0..2 * scenarios.len() {
                    let index = (thread + step * stride) % scenarios.len();
                    assert_eq!(verdict(shared, &scenarios[index]), fresh[index], "bundle {index}");
                }
            });
        }
    });
}

/// Two signatures over one artifact, each by its own chain: whichever is seen first, and in whatever order the trusted root
/// lists the chains, each verdict is the same.
#[test]
fn two_signatures_from_different_chains_always_give_one_verdict() {
    let instance = twins();
    let turned =
        Instance { authorities: instance.authorities.iter().rev().cloned().collect(), ..instance.clone() };
    let first_only = Instance { authorities: instance.authorities[..1].to_vec(), ..instance.clone() };
    let signed =
        |authority: usize| instance.sign_message(ARTIFACT, &SignOptions::rekor_v2().issued_by(authority));
    let made = [signed(0), signed(1)];
    for (trusted, expected) in
        [(&instance, [true, true]), (&turned, [true, true]), (&first_only, [true, false])]
    {
        let scenarios = made.each_ref().map(|made| Scenario::of(trusted, made));
        for order in [[0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]] {
            let verifier = scenarios[0].verifier();
            for index in order {
                let (accepted, report) = verdict(&verifier, &scenarios[index]);
                assert_eq!(accepted, expected[index], "{report:#?}");
            }
        }
        let verifier = scenarios[0].verifier();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (verifier, scenario) = (&verifier, &scenarios[thread % 2]);
                scope.spawn(move || {
                    for _ in 0..4 {
                        assert_eq!(verdict(verifier, scenario).0, expected[thread % 2]);
                    }
                });
            }
        });
    }
}

/// More links between certificates than a verifier remembers: what it has forgotten it checks again.
#[test]
fn a_full_memory_changes_no_verdict() {
    const AUTHORITIES: usize = 300;
    let options = AuthorityOptions::default().keys(&[KeyKind::EcdsaP256, KeyKind::EcdsaP256]);
    let builder = Instance::builder()
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test"));
    let crowd = (0..AUTHORITIES).fold(builder, |builder, _| builder.authority(&options)).build();
    let issued = [0, AUTHORITIES / 2, AUTHORITIES - 1];
    let scenarios = issued.map(|authority| {
        let made = crowd.sign_message(ARTIFACT, &SignOptions::rekor_v1().issued_by(authority));
        Scenario::of(&crowd, &made)
    });
    let stranger = Instance { authorities: vec![options.build().into()], ..crowd.clone() };
    let bad = Scenario::of(&crowd, &stranger.sign_message(ARTIFACT, &SignOptions::rekor_v1()));
    let verifier = scenarios[0].verifier();
    for _ in 0..2 {
        assert!(!verdict(&verifier, &bad).0);
        for scenario in &scenarios {
            assert!(verdict(&verifier, scenario).0);
        }
    }
}
