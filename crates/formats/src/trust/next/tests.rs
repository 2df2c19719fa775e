use super::*;
use crate::{KeyDetailsField, TrustedRootVersion};
use sealwax_crypto::KeyDetails;

/// The Ed25519 keys of RFC 8032 §7.1, tests 1 and 2, as SubjectPublicKeyInfo.
const KEYS: [&str; 2] = [
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn log(key: usize, start: &str) -> Instance {
    let range = TimeRange { start: Some(at(start)), end: None };
    let bytes = crate::base64::decode(KEYS[key]).unwrap();
    let key = KeyMaterial::new(bytes, KeyDetailsField::Known(KeyDetails::PkixEd25519), Some(range));
    Instance::Log(TransparencyLog::new("https://log.example".to_owned(), key, b"log".to_vec()))
}

fn root(instances: &[Instance]) -> TrustedRoot {
    let mut root = TrustedRoot { version: TrustedRootVersion::V01, ..TrustedRoot::empty() };
    instances.iter().for_each(|instance| root.push(instance.clone()));
    root
}

const START: &str = "2026-01-01T00:00:00Z";
const NOW: &str = "2026-06-01T12:00:00Z";

fn next(root: &TrustedRoot, change: &TrustChange) -> Result<NextRoot, TrustChangeError> {
    let next = root.next(change, at(NOW), DEFAULT_LEAD);
    if let Ok(next) = &next {
        // Whatever is made follows from what was there.
        assert_eq!(root.check_successor(&next.root), Ok(()));
    }
    next
}

fn add(instance: Instance, first_signed: Option<&str>) -> TrustChange {
    TrustChange::Add { instance: Box::new(instance), first_signed: first_signed.map(at) }
}

fn end(instance: &Instance, time: &str) -> TrustChange {
    TrustChange::End { id: instance.id(), at: at(time) }
}

#[test]
fn a_new_key_is_told_before_it_is_used() {
    let old = root(&[log(0, START)]);
    let added = next(&old, &add(log(1, NOW), None)).unwrap();
    assert_eq!(added.root, root(&[log(0, START), log(1, NOW)]));
    assert_eq!(added.usable_from, Some(at("2026-06-02T12:00:00Z")));
    // One whose validity begins later is used later.
    let added = next(&old, &add(log(1, "2026-07-01T00:00:00Z"), None)).unwrap();
    assert_eq!(added.usable_from, Some(at("2026-07-01T00:00:00Z")));
    // One that has signed already must have been valid then.
    next(&old, &add(log(1, START), Some(START))).unwrap();
    let (start, first_signed) = (at(NOW), at("2026-06-01T11:59:59Z"));
    let late = next(&old, &add(log(1, NOW), Some("2026-06-01T11:59:59Z")));
    assert_eq!(late, Err(TrustChangeError::StartsTooLate { start, first_signed }));
}

#[test]
fn what_cannot_be_added() {
    let old = root(&[log(0, START)]);
    let (kind, id) = (InstanceKind::Log, log(0, START).id());
    assert_eq!(next(&old, &add(log(0, NOW), None)), Err(TrustChangeError::AlreadyThere { kind, id }));
    let odd = "2026-06-01T12:00:00.5Z";
    let refused = next(&old, &add(log(1, odd), None));
    assert_eq!(refused, Err(TrustChangeError::NotAWholeSecond { instant: at(odd) }));
    let endless = log(1, NOW).with_validity(None);
    let refused = next(&old, &add(endless, None));
    assert_eq!(refused, Err(TrustChangeError::Unusable { kind, reason: UnusableReason::NoStart }));
    let kind = InstanceKind::TimestampAuthority;
    let empty = Instance::TimestampAuthority(CertificateAuthority::default());
    let refused = next(&old, &add(empty, None));
    assert_eq!(refused, Err(TrustChangeError::Unusable { kind, reason: UnusableReason::NoCertificate }));
    let (now, lead) = (at(NOW), SignedDuration::MAX);
    let refused = old.next(&add(log(1, NOW), None), now, lead);
    assert_eq!(refused, Err(TrustChangeError::Lead { now, lead }));
}

#[test]
fn an_end_only_ever_comes_earlier() {
    let (zero, one) = (log(0, START), log(1, START));
    let old = root(&[zero.clone(), one.clone()]);
    let ended = next(&old, &end(&one, NOW)).unwrap().root;
    assert_eq!(ended.logs[0], old.logs[0]);
    let range = ended.logs[1].public_key.as_ref().unwrap().valid_for().copied();
    assert_eq!(range, Some(TimeRange { start: Some(at(START)), end: Some(at(NOW)) }));
    // It was stolen earlier than was thought.
    next(&ended, &end(&one, "2026-05-01T00:00:00Z")).unwrap();
    let refused = next(&ended, &end(&one, "2026-06-01T12:00:01Z"));
    assert_eq!(refused, Err(TrustChangeError::EndsLater { end: at(NOW) }));
    let (start, before) = (at(START), "2025-12-31T23:59:59Z");
    let refused = next(&old, &end(&one, before));
    assert_eq!(refused, Err(TrustChangeError::EndsBeforeStart { start, end: at(before) }));
    let refused = next(&root(&[zero]), &end(&one, NOW));
    assert_eq!(refused, Err(TrustChangeError::NoSuchInstance { id: one.id() }));
}

#[test]
fn nothing_disappears() {
    let (zero, one) = (log(0, START), log(1, START));
    let old = root(&[zero.clone(), one.clone()]);
    let gone = |next: &[Instance], which: &Instance| {
        let error = TrustChangeError::Disappeared { kind: InstanceKind::Log, id: which.id() };
        assert_eq!(old.check_successor(&root(next)), Err(error));
    };
    gone(std::slice::from_ref(&zero), &one);
    // Another start, another kind, another address.
    gone(&[zero.clone(), log(1, NOW)], &one);
    let Instance::Log(inner) = one.clone() else { panic!("no log") };
    gone(&[zero.clone(), Instance::CertificateLog(inner.clone())], &one);
    let moved = TransparencyLog { base_url: "https://elsewhere.example".to_owned(), ..inner };
    gone(&[zero.clone(), Instance::Log(moved)], &one);
    // An end that was put off, or taken back.
    let ended = root(&[zero.clone(), one.ended(at(NOW)).unwrap()]);
    assert_eq!(old.check_successor(&ended), Ok(()));
    let later = one.ended(at("2026-06-01T12:00:01Z")).unwrap();
    assert!(ended.check_successor(&root(&[zero.clone(), later])).is_err());
    assert!(ended.check_successor(&old).is_err());
    // What is new must be of use.
    let odd = root(&[zero, one, log(1, "2026-06-01T12:00:00.5Z")]);
    assert!(matches!(old.check_successor(&odd), Err(TrustChangeError::NotAWholeSecond { .. })));
}
