//! Who may sign: rotations, thresholds, keys under several names, keys of every type and of none.

use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};
use sealwax_testkit::tuf_repository::{TufKey, TufRepository};
use sealwax_tuf::{Error, MetadataError};
use serde_json::json;

use crate::client::Client;

/// A version of a role: its keys, its threshold, and who has signed.
type Version = (&'static [usize], u64, &'static [usize]);

fn set(repository: &mut TufRepository, role: &str, keys: &[TufKey], (listed, threshold, signing): Version) {
    let pick = |numbers: &[usize]| numbers.iter().map(|number| keys[*number].clone()).collect::<Vec<_>>();
    repository.set_keys(role, &pick(listed), threshold);
    repository.signers.insert(role.to_owned(), pick(signing));
}

fn ten_keys() -> Vec<TufKey> {
    (100..110).map(TufKey::ed25519).collect()
}

#[test]
fn roots_need_the_threshold_of_the_old_and_of_the_new() {
    const ALL: &[usize] = &[0, 1, 2, 3, 4];
    const ONE_REPLACED: &[usize] = &[0, 1, 3, 4, 5];
    let accepted: &[&[Version]] = &[
        &[(&[1], 1, &[1]), (&[2], 1, &[2, 1]), (&[2], 1, &[2])],
        &[(&[1], 1, &[3, 1, 4]), (&[2], 1, &[3, 2, 1, 4]), (&[2], 1, &[3, 2, 4])],
        &[(ALL, 3, &[0, 2, 4]), (ALL, 3, &[0, 4, 1]), (ALL, 3, &[0, 1, 3])],
        &[(ALL, 3, &[0, 2, 4]), (ONE_REPLACED, 3, &[0, 4, 1])],
        &[(ALL, 3, &[0, 2, 4]), (ONE_REPLACED, 3, &[0, 2, 4, 5]), (ONE_REPLACED, 3, &[0, 4, 5])],
        &[
            (ALL, 3, &[0, 2, 4]),
            (&[5, 6, 7, 8, 9], 3, &[0, 2, 4, 5, 6, 7]),
            (&[5, 6, 7, 8, 9], 3, &[5, 6, 7]),
        ],
        &[(&[1, 2, 3], 1, &[1]), (&[1, 2, 3], 2, &[1, 2])],
        &[(&[1, 2, 3], 2, &[1, 2]), (&[1, 2, 3], 1, &[1, 2]), (&[1, 2, 3], 1, &[1])],
        &[(&[1], 1, &[1]), (&[1, 2], 2, &[1, 2])],
    ];
    // In these the last version is refused.
    let refused: &[&[Version]] = &[
        &[(&[1], 1, &[1]), (&[2], 1, &[2, 3, 4])],
        &[(&[1], 1, &[1]), (&[2], 1, &[1, 3, 4])],
        &[(ALL, 3, &[0, 2, 4]), (ONE_REPLACED, 3, &[0, 2, 4])],
        &[(ALL, 3, &[0, 2, 4]), (ONE_REPLACED, 3, &[0, 4, 5])],
        &[(&[1, 2, 3], 1, &[1]), (&[1, 2, 3], 2, &[2])],
        &[(&[1, 2, 3], 2, &[1, 2]), (&[1, 2, 3], 1, &[1])],
    ];
    let keys = ten_keys();
    for (versions, good) in accepted.iter().map(|v| (v, true)).chain(refused.iter().map(|v| (v, false))) {
        let mut repository = TufRepository::new();
        for (version, number) in versions.iter().zip(1..) {
            set(&mut repository, "root", &keys, *version);
            repository.publish_version("root", number);
        }
        let mut client = Client::of(&repository);
        let result = client.refresh(&mut repository).map(|_| ());
        let last = versions.len() as u64;
        if good {
            assert_eq!((result, client.version("root")), (Ok(()), Some(last)), "{versions:?}");
        } else {
            assert!(matches!(result, Err(Error::Threshold { .. })), "{versions:?} {result:?}");
            assert_eq!(client.version("root"), Some(last - 1));
        }
    }
}

#[test]
fn other_roles_need_the_threshold_of_the_current_root() {
    let cases: &[(Version, bool)] = &[
        ((&[2], 1, &[2]), true),
        ((&[1], 1, &[3, 1, 4]), true),
        ((&[2], 1, &[1, 3, 4]), false),
        ((&[0, 1, 3, 4, 5], 3, &[0, 2, 4]), false),
        ((&[0, 1, 3, 4, 5], 3, &[0, 4]), false),
        ((&[0, 1, 2, 3, 4], 3, &[0, 2, 4]), true),
        ((&[0, 1, 2, 3, 4], 3, &[4, 1, 0]), true),
        // More signatures than there are keys are never enough.
        ((&[0, 1, 2, 3, 4], 6, &[0, 1, 2, 3, 4]), false),
    ];
    let keys = ten_keys();
    for role in ["timestamp", "snapshot", "targets"] {
        for (version, good) in cases {
            let (mut repository, mut client) = Client::refreshed();
            set(&mut repository, role, &keys, *version);
            repository.publish(&["root", "targets", "snapshot", "timestamp"]);
            match client.refresh(&mut repository) {
                Ok(_) => assert!(good, "{role} {version:?}"),
                Err(Error::Threshold { role: found, .. }) => {
                    assert!(!good && found == role, "{role} {version:?}");
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(client.version("root"), Some(2));
            assert_eq!(client.version(role) == Some(2), *good);
        }
    }
}

#[test]
fn a_key_counts_once_whatever_its_names() {
    let (mut repository, mut client) = Client::refreshed();
    let key = repository.new_key();
    let names = [key.clone(), key.named("b"), key.named("c")];
    repository.set_keys("snapshot", &names, 2);
    repository.signers.insert("snapshot".to_owned(), names.to_vec());
    repository.publish(&["root", "snapshot", "timestamp"]);
    let error = client.refresh(&mut repository).unwrap_err();
    assert!(matches!(error, Error::Threshold { threshold: 2, found: 1, .. }), "{error}");
}

#[test]
fn a_keyid_that_is_listed_twice_counts_once() {
    let (mut repository, mut client) = Client::refreshed();
    let key = repository.new_key();
    repository.set_keys("snapshot", &vec![key.clone(); 9], 6);
    repository.signers.insert("snapshot".to_owned(), vec![key]);
    repository.publish(&["root", "snapshot", "timestamp"]);
    let error = client.refresh(&mut repository).unwrap_err();
    assert!(matches!(error, Error::Threshold { threshold: 6, found: 1, .. }), "{error}");
    assert_eq!(client.version("root"), Some(2));
}

#[test]
fn two_signatures_with_one_keyid_are_refused() {
    let mut repository = TufRepository::new();
    let mut client = Client::of(&repository);
    repository.tamper("1.snapshot.json", |file| {
        let signature = file["signatures"][0].clone();
        file["signatures"].as_array_mut().unwrap().push(signature);
    });
    let error = client.refresh(&mut repository).unwrap_err();
    assert!(
        matches!(&error, Error::Metadata { source: MetadataError::DuplicateSignature { .. }, .. }),
        "{error}"
    );
    assert_eq!(client.versions(), [1, 1, 0, 0]);
}

#[test]
fn bad_signatures_beside_enough_good_ones_do_no_harm() {
    for bad in ["", "zz", "0", "00", &"00".repeat(64)] {
        let (mut repository, mut client) = Client::refreshed();
        let key = repository.new_key();
        repository.add_key("root", "timestamp", &key);
        repository.publish(&["root", "timestamp"]);
        repository.tamper("timestamp.json", |file| file["signatures"][0]["sig"] = bad.into());
        client.refresh(&mut repository).unwrap();
        // Alone it is not enough.
        repository.publish(&["timestamp"]);
        repository.tamper("timestamp.json", |file| {
            file["signatures"][0]["sig"] = bad.into();
            file["signatures"].as_array_mut().unwrap().pop();
        });
        let error = client.refresh(&mut repository).unwrap_err();
        assert!(matches!(error, Error::Threshold { found: 0, .. }), "{bad}: {error}");
    }
}

/// The type, the scheme, and the names that metadata has for them.
fn kinds() -> Vec<(KeyKind, Scheme, &'static str, &'static str)> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    vec![
        (KeyKind::Rsa { bits: 3072 }, Scheme::RsaPss(Sha256), "rsa", "rsassa-pss-sha256"),
        (KeyKind::Rsa { bits: 3072 }, Scheme::RsaPss(Sha512), "rsa", "rsassa-pss-sha512"),
        (KeyKind::Rsa { bits: 3072 }, Scheme::RsaPkcs1(Sha256), "rsa", "rsa-pkcs1v15-sha256"),
        (KeyKind::EcdsaP256, Scheme::Ecdsa(Sha256), "ecdsa", "ecdsa-sha2-nistp256"),
        (KeyKind::EcdsaP256, Scheme::Ecdsa(Sha256), "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
        (KeyKind::EcdsaP384, Scheme::Ecdsa(Sha384), "ecdsa", "ecdsa-sha2-nistp384"),
    ]
}

#[test]
fn keys_of_every_type_count() {
    for (kind, scheme, keytype, name) in kinds() {
        let (mut repository, mut client) = Client::refreshed();
        let key = TufKey::generate(kind, scheme, keytype, name);
        repository.add_key("root", "root", &key);
        repository.delegation("root", "root")["threshold"] = 2.into();
        repository.publish(&["root"]);
        client.refresh(&mut repository).unwrap();
        assert_eq!(client.version("root"), Some(2), "{keytype} {name}");
        // The right form and the wrong message.
        let old = serde_json::from_slice::<serde_json::Value>(&repository.files["2.root.json"]).unwrap();
        repository.publish(&["root"]);
        repository.tamper("3.root.json", |file| file["signatures"][1] = old["signatures"][1].clone());
        let error = client.refresh(&mut repository).unwrap_err();
        assert!(
            matches!(error, Error::Threshold { threshold: 2, found: 1, .. }),
            "{keytype} {name}: {error}"
        );
    }
}

/// Keys that we cannot use stay in the metadata and verify nothing; the others go on signing.
#[test]
fn unusable_keys_are_carried_along() {
    let pem = TufKey::generate(KeyKind::EcdsaP256, Scheme::Ecdsa(HashAlgorithm::Sha256), "ecdsa", "x").object
        ["keyval"]["public"]
        .clone();
    let objects = [
        json!({ "keytype": "from-the-future", "scheme": "x", "keyval": { "public": "y" } }),
        json!({ "keytype": "sigstore-oidc", "scheme": "Fulcio", "keyval": { "identity": "a@b", "issuer": "c" } }),
        json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": "00" } }),
        json!({ "keytype": "ed25519", "scheme": "ed25519ph", "keyval": { "public": "11".repeat(32) } }),
        json!({ "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp384", "keyval": { "public": pem } }),
        json!({ "keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": { "public": pem } }),
        json!({ "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": { "public": "04".repeat(65) } }),
    ];
    for object in objects {
        let (mut repository, mut client) = Client::refreshed();
        let mut key = repository.new_key().named("odd");
        key.object = object;
        repository.list_key("root", "timestamp", &key);
        repository.publish(&["root", "timestamp"]);
        client.refresh(&mut repository).unwrap();
        // Alone it can sign nothing.
        repository.set_keys("timestamp", std::slice::from_ref(&key), 1);
        repository.signers.insert("timestamp".to_owned(), vec![key]);
        repository.publish(&["root", "timestamp"]);
        let error = client.refresh(&mut repository).unwrap_err();
        assert!(matches!(error, Error::Threshold { found: 0, .. }), "{error}");
    }
}

/// Roots 1 to 4 of Sigstore write the bare point in hexadecimal; a keyid need not be a digest of the key.
#[test]
fn an_ecdsa_key_may_be_a_bare_point() {
    let (mut repository, mut client) = Client::refreshed();
    let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
    let pem = TufKey::generate(KeyKind::EcdsaP256, scheme, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256");
    let public =
        sealwax_crypto::PublicKey::from_pem(pem.object["keyval"]["public"].as_str().unwrap()).unwrap();
    let point = sealwax_testkit::hex(&public.spki_der()[26..]);
    let mut bare = pem.named("not a digest");
    bare.object["keyval"]["public"] = point.into();
    repository.add_key("root", "root", &bare);
    repository.delegation("root", "root")["threshold"] = 2.into();
    repository.publish(&["root"]);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.version("root"), Some(2));
}

#[test]
fn roots_are_followed_up_to_a_limit() {
    let mut repository = TufRepository::new();
    for _ in 0..6 {
        repository.publish(&["root"]);
    }
    let mut client = Client::of(&repository);
    client.limits.root_rotations = 4;
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.version("root"), Some(5));
    assert_eq!(
        repository.requests[..5],
        ["2.root.json", "3.root.json", "4.root.json", "5.root.json", "timestamp.json"]
    );
    // The next refresh goes on.
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.version("root"), Some(7));
}
