use super::*;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_pki::{GeneralName, NewExtension, Sct};

use crate::{Subject, create_root};

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate(KeyKind::EcdsaP256).unwrap()
}

fn authority() -> Authority {
    let key = key();
    let until = now() + SignedDuration::from_hours(1);
    let name = Subject { organization: "Tests", common_name: "root", not_before: now(), not_after: until };
    let root = create_root(&key, name).unwrap();
    Authority::new(vec![root], Arc::new(key)).unwrap()
}

fn profile() -> Profile {
    Profile {
        serial: [0x41; 20],
        not_before: now(),
        not_after: now() + VALIDITY,
        public_key: key().public_key().clone(),
        subject: GeneralName::Uri("https://a.example/".to_owned()),
        extensions: vec![(1, "i".to_owned()), (8, "i".to_owned()), (24, "s".to_owned())],
    }
}

fn sct() -> Sct {
    let signature = vec![1; 70];
    Sct {
        log_id: [1; 32],
        timestamp_ms: 2,
        extensions: Vec::new(),
        hash_algorithm: 4,
        signature_algorithm: 3,
        signature,
    }
}

/// What is written is one thing, what was meant is another: each difference is found.
#[test]
fn only_what_was_meant_is_signed() {
    let (authority, meant) = (authority(), profile());
    let lint = |written: &Profile| {
        let tbs = written.tbs(&authority, NewExtension::poison()).unwrap();
        precertificate(&tbs, &meant, &authority).map(drop)
    };
    assert_eq!(lint(&meant), Ok(()));
    let field = |name| Err(LintError::Field(name));
    let changed = |change: fn(&mut Profile)| {
        let mut written = meant.clone();
        change(&mut written);
        lint(&written)
    };
    assert_eq!(changed(|p| p.serial[19] ^= 1), field("serial number"));
    assert_eq!(changed(|p| p.not_before -= SignedDuration::from_secs(1)), field("start of validity"));
    assert_eq!(changed(|p| p.not_after += SignedDuration::from_secs(1)), field("validity"));
    assert_eq!(changed(|p| p.public_key = key().public_key().clone()), field("key"));
    let other_name = |p: &mut Profile| p.subject = GeneralName::Uri("https://b.example/".to_owned());
    assert_eq!(changed(other_name), field("subject alternative name"));
    let other_kind = |p: &mut Profile| p.subject = GeneralName::Dns("https://a.example/".to_owned());
    assert_eq!(changed(other_kind), field("subject alternative name"));
    assert_eq!(changed(|p| p.extensions[2].1 = "t".to_owned()), field("identity"));
    assert_eq!(changed(|p| drop(p.extensions.pop())), field("identity"));
    assert_eq!(changed(|p| p.extensions.push((23, "t".to_owned()))), field("identity"));
    assert!(matches!(changed(|p| p.extensions[0].1 = "j".to_owned()), Err(LintError::Fulcio(_))));
    let twice = changed(|p| p.extensions.push((24, "s".to_owned())));
    assert!(matches!(twice, Err(LintError::Certificate(CertificateError::DuplicateExtension(_)))));
}

#[test]
fn a_serial_number_of_few_bits_is_refused() {
    let (authority, mut short) = (authority(), profile());
    short.serial = [0; 20];
    short.serial[19] = 7;
    let tbs = short.tbs(&authority, NewExtension::poison()).unwrap();
    assert_eq!(precertificate(&tbs, &short, &authority).map(drop), Err(LintError::Field("serial number")));
}

#[test]
fn the_last_extension_is_the_one_for_its_kind() {
    let (authority, profile) = (authority(), profile());
    let with = |last: NewExtension| profile.tbs(&authority, last).unwrap();
    let list = NewExtension::sct_list(&[sct()]).unwrap();
    let found = precertificate(&with(list.clone()), &profile, &authority).map(drop);
    assert_eq!(found, Err(LintError::Extension(oids::SCT_LIST)));
    let twice = NewExtension::fulcio(23, "d").unwrap();
    let found = precertificate(&with(twice), &profile, &authority).map(drop);
    assert_eq!(found, Err(LintError::Field("identity")));

    let poisoned = read_back(&with(NewExtension::poison())).unwrap();
    let lint = |last: NewExtension, scts| {
        Draft::new(&with(last)).unwrap().lint(&poisoned, &profile, &authority, scts).map(drop)
    };
    assert_eq!(lint(list.clone(), 1), Ok(()));
    assert_eq!(lint(list.clone(), 2), Err(LintError::Field("list of SCTs")));
    assert_eq!(lint(NewExtension::sct_list(&[]).unwrap(), 0), Err(LintError::Field("list of SCTs")));
    let poison = EndEntityError::UnknownCriticalExtension(oids::PRECERTIFICATE_POISON);
    assert_eq!(lint(NewExtension::poison(), 1), Err(LintError::EndEntity(poison)));
    let constraints = NewExtension::basic_constraints(false, None);
    assert_eq!(lint(constraints, 1), Err(LintError::Extension(oids::BASIC_CONSTRAINTS)));
}

#[test]
fn a_certificate_says_what_its_precertificate_said() {
    let (authority, profile) = (authority(), profile());
    let poisoned =
        |profile: &Profile| read_back(&profile.tbs(&authority, NewExtension::poison()).unwrap()).unwrap();
    let list = NewExtension::sct_list(&[sct()]).unwrap();
    let lint = |logged: &Certificate| {
        let draft = Draft::new(&profile.tbs(&authority, list.clone()).unwrap()).unwrap();
        draft.lint(logged, &profile, &authority, 1).map(drop)
    };
    assert_eq!(lint(&poisoned(&profile)), Ok(()));
    let mut other = profile.clone();
    other.serial[5] ^= 1;
    assert_eq!(lint(&poisoned(&other)), Err(LintError::NotAsLogged));
    let not_poisoned = lint(&read_back(&profile.tbs(&authority, list.clone()).unwrap()).unwrap());
    assert_eq!(not_poisoned, Err(LintError::Precertificate(PrecertificateError::NotPoisoned)));
}
