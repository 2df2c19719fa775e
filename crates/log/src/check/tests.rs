use super::*;
use sealwax_tlog::{leaf_hash, merkle::build, tile::TileSet};
use std::{collections::BTreeMap, sync::Mutex};

/// The files of a log in memory.
#[derive(Default)]
struct Objects(Mutex<BTreeMap<String, Vec<u8>>>);

impl Source for Objects {
    fn get(&self, name: &str) -> Result<Option<Bytes>, String> {
        Ok(self.0.lock().unwrap().get(name).cloned().map(Bytes::from))
    }
}

/// A log of `size` entries whose tiles are there up to `settled`.
fn log(size: u64, settled: u64) -> (Objects, Target) {
    let objects = Objects::default();
    let record = |index: u64| {
        let entry = format!("entry number {index}");
        [&u16::try_from(entry.len()).unwrap().to_be_bytes(), entry.as_bytes()].concat()
    };
    let mut levels: Vec<Vec<Hash>> = vec![(0..size).map(|index| leaf_hash(&record(index)[2..])).collect()];
    while levels.last().unwrap().len() >= 256 {
        let full = levels.last().unwrap().as_chunks::<256>().0.iter();
        levels.push(full.map(|tile| block::subtree(tile.to_vec())).collect());
    }
    let mut set = TileSet::default();
    for (level, hashes) in levels.iter().enumerate() {
        let level = u8::try_from(level).unwrap();
        for (index, hashes) in hashes.chunks(256).enumerate() {
            let tile = Tile::new(level, index as u64, u16::try_from(hashes.len()).unwrap()).unwrap();
            set.insert(sealwax_tlog::tile::TileData::from_bytes(tile, hashes.as_flattened()).unwrap());
        }
        let there = usize::try_from(settled >> (8 * level)).unwrap();
        for (index, hashes) in hashes[..there].chunks(256).enumerate() {
            let tile = Tile::new(level, index as u64, u16::try_from(hashes.len()).unwrap()).unwrap();
            objects.0.lock().unwrap().insert(tile.to_string(), hashes.as_flattened().to_vec());
        }
    }
    for index in 0..settled.div_ceil(256) {
        let records = (index * 256..settled.min(index * 256 + 256)).map(record);
        let width = u16::try_from(records.clone().count()).unwrap();
        let name = EntryBundle::new(index, width).unwrap().to_string();
        objects.0.lock().unwrap().insert(name, records.collect::<Vec<_>>().concat());
    }
    let root = build::root(&set, TreeSize(size)).unwrap();
    let tail = (settled..size).map(|index| record(index).into()).collect();
    (objects, Target { kind: Kind::Signature, size, root, settled, tail })
}

fn problems(objects: &Objects, target: &Target) -> Vec<Problem> {
    let threads = NonZeroUsize::new(2).unwrap();
    check(objects, target, threads, &Progress::default()).problems
}

#[test]
fn a_good_log_is_good_at_every_size() {
    for (size, settled) in [
        (0, 0),
        (1, 1),
        (5, 2),
        (255, 255),
        (256, 256),
        (257, 256),
        (700, 0),
        (700, 300),
        (65_537, 65_536),
        (66_000, 65_000),
    ] {
        let (objects, target) = log(size, settled);
        assert_eq!(problems(&objects, &target), [], "{size} {settled}");
        for smaller in [0, settled / 2, settled] {
            let (_, expected) = log(smaller, smaller);
            assert_eq!(root_at(&objects, &target, smaller).ok(), Some(expected.root), "{smaller} of {size}");
        }
    }
}

/// Where each entry of a bundle begins.
fn entry_places(bundle: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some([high, low]) = bundle.get(at..at + 2) {
        places.push(at);
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    places
}

#[test]
fn every_byte_that_is_changed_is_named() {
    for (size, settled) in [(300, 300), (600, 300), (66_000, 66_000)] {
        let (objects, target) = log(size, settled);
        let names: Vec<String> = objects.0.lock().unwrap().keys().cloned().collect();
        // In a large log, some files of each level.
        for name in names.iter().step_by(if size > 1000 { 97 } else { 1 }).chain(names.first()) {
            let length = objects.0.lock().unwrap()[name].len();
            for at in [0, 1, 2, 37.min(length - 1), length / 2, length - 1] {
                let flip = || objects.0.lock().unwrap().get_mut(name).unwrap()[at] ^= 1;
                flip();
                let found = problems(&objects, &target);
                flip();
                let Some(first) = found.first() else { panic!("{name} byte {at} went unnoticed") };
                let (place, offset) = first.place();
                assert_eq!(place, Some(name.as_str()), "byte {at}: {found:?}");
                if name.contains("entries") {
                    // The entry that it is in, also if it is a length, and all that follows is amiss.
                    let entries = (0..).zip(entry_places(&objects.0.lock().unwrap()[name]));
                    let (_, entry) = entries.take_while(|(_, place)| *place <= at).last().unwrap();
                    assert_eq!(offset, Some(entry), "{name} byte {at}: {found:?}");
                } else {
                    assert_eq!(offset, Some(at), "{name}: {found:?}");
                }
            }
            let bytes = objects.0.lock().unwrap().remove(name).unwrap();
            let found = problems(&objects, &target);
            assert!(found.contains(&Problem::Missing { name: name.clone() }), "{name}: {found:?}");
            objects.0.lock().unwrap().insert(name.clone(), [&bytes[..], b"more"].concat());
            assert_eq!(
                problems(&objects, &target).first().and_then(|first| first.place().0),
                Some(name.as_str())
            );
            objects.0.lock().unwrap().insert(name.clone(), bytes);
        }
    }
}

#[test]
fn of_more_problems_than_are_listed_those_are_that_come_first() {
    let (objects, target) = log(256 * 1_010, 256 * 1_010);
    for index in 0..1_010 {
        objects.0.lock().unwrap().get_mut(&Tile::new(0, index, 256).unwrap().to_string()).unwrap()[33] ^= 1;
    }
    let threads = NonZeroUsize::new(2).unwrap();
    let report = check(&objects, &target, threads, &Progress::default());
    assert_eq!((report.problems.len(), report.more, report.unread), (MAX_PROBLEMS, 10, 0));
    let names: Vec<_> = report.problems.iter().map(|problem| problem.place().0.unwrap().to_owned()).collect();
    let first = (0..1_000).map(|index| Tile::new(0, index, 256).unwrap().to_string());
    assert!(first.eq(names), "the first thousand tiles");
    // A tile of level 1 is looked at last, and this byte is above all of these.
    objects.0.lock().unwrap().get_mut("tile/1/000").unwrap()[3] ^= 1;
    let report = check(&objects, &target, threads, &Progress::default());
    assert_eq!((report.problems.len(), report.more), (MAX_PROBLEMS, 11));
    assert_eq!(report.problems[0].place().0, Some("tile/1/000"), "{:?}", report.problems[0]);
}

/// The log of somebody who signs that he has more entries than there are atoms in a tile.
#[test]
fn a_log_that_is_not_there_is_given_up() {
    let target = Target {
        kind: Kind::Signature,
        size: u64::MAX / 2,
        root: [0; 32],
        settled: u64::MAX / 2,
        tail: Vec::new(),
    };
    let threads = NonZeroUsize::new(2).unwrap();
    let report = check(&Objects::default(), &target, threads, &Progress::default());
    assert_eq!(report.problems.len(), MAX_PROBLEMS);
    assert!(matches!(&report.problems[0], Problem::Missing { name } if name == "tile/entries/000"));
    assert!(report.unread > target.size / 2, "{} unread", report.unread);
}

#[test]
fn another_root_is_noticed_also_when_all_files_agree() {
    let (objects, mut target) = log(700, 600);
    target.root[3] ^= 1;
    assert!(matches!(problems(&objects, &target)[..], [Problem::Root { size: 700, found: Some(_), .. }]));
    let (objects, mut target) = log(700, 600);
    target.tail[50] = Bytes::from_static(b"\0\x05other");
    assert!(matches!(problems(&objects, &target)[..], [Problem::Root { .. }]));
}

/// A certificate log of a certificate and a precertificate.
fn certificate_log() -> (Objects, Target) {
    use crate::ct::leaf::seal;
    use sealwax_crypto::KeyKind;
    use sealwax_pki::{Certificate, precert_log_entry, x509_log_entry};
    use sealwax_testkit::{authority::AuthorityOptions, certificate::oids, signer::Signer};

    let authority = AuthorityOptions::default().keys(&[KeyKind::EcdsaP256; 2]).build();
    let [from, until] = ["2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"].map(|time| time.parse().unwrap());
    let certificate = authority.leaf(Signer::generate(KeyKind::EcdsaP256).spki(), from, until);
    let mut precertificate = certificate.clone();
    precertificate.add_extension(oids::PRECERTIFICATE_POISON, true, vec![5, 0]);
    let read = |der: Vec<u8>| Certificate::from_der(&der).unwrap();
    let (certificate, precertificate) = (read(certificate.sign()), read(precertificate.sign()));
    let above: Vec<Certificate> = authority.certificates().into_iter().map(read).collect();

    let fingerprints: Vec<u8> = above.iter().flat_map(Certificate::fingerprint).collect();
    let fingerprints =
        [&u16::try_from(fingerprints.len()).unwrap().to_be_bytes(), &fingerprints[..]].concat();
    let path = [vec![precertificate.clone()], above.clone()].concat();
    let length = u32::try_from(precertificate.der().len()).unwrap().to_be_bytes();
    let beside = [&length[1..], precertificate.der(), &fingerprints].concat();
    let entries = [(x509_log_entry(&certificate), fingerprints), (precert_log_entry(&path).unwrap(), beside)];
    let sealed: Vec<_> = (0..)
        .zip(entries)
        .map(|(index, (entry, extra))| seal(&entry.into(), &extra.into(), index, 7).unwrap())
        .collect();

    let objects = Objects::default();
    let put = |name: String, bytes: Vec<u8>| objects.0.lock().unwrap().insert(name, bytes);
    let hashes: Vec<Hash> = sealed.iter().map(|sealed| sealed.leaf_hash).collect();
    let data = Kind::Certificate.bundle_name(EntryBundle::new(0, 2).unwrap());
    put(data, sealed.into_iter().flat_map(|sealed| sealed.record).collect());
    put(Tile::new(0, 0, 2).unwrap().to_string(), hashes.as_flattened().to_vec());
    for issuer in above {
        put(crate::ct::entry::issuer_name(&issuer), issuer.der().to_vec());
    }
    let root = sealwax_tlog::node_hash(&hashes[0], &hashes[1]);
    (objects, Target { kind: Kind::Certificate, size: 2, root, settled: 2, tail: Vec::new() })
}

#[test]
fn every_byte_of_a_certificate_log_is_checked_also_outside_of_the_tree() {
    let (objects, target) = certificate_log();
    assert_eq!(problems(&objects, &target), []);
    let names: Vec<String> = objects.0.lock().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 4);
    for name in &names {
        let length = objects.0.lock().unwrap()[name].len();
        for at in 0..length {
            let flip = || objects.0.lock().unwrap().get_mut(name).unwrap()[at] ^= 1;
            flip();
            let found = problems(&objects, &target);
            flip();
            assert!(!found.is_empty(), "{name} byte {at} of {length} went unnoticed");
        }
    }
}

#[test]
fn a_precertificate_of_another_leaf_is_noticed() {
    let ((objects, target), (others, _)) = (certificate_log(), certificate_log());
    let data = Kind::Certificate.bundle_name(EntryBundle::new(0, 2).unwrap());
    // The precertificate of the other log, whole and signed, with the issuers of it.
    let mut bytes = objects.0.lock().unwrap()[&data].clone();
    let foreign = others.0.lock().unwrap()[&data].clone();
    let place = |bytes: &[u8]| {
        let first = crate::ct::leaf::read_one(bytes).unwrap().len;
        let leaf = crate::ct::leaf::TileLeaf::read(&bytes[first..]).unwrap();
        // Timestamp, entry, and the extensions with their length.
        first + 8 + leaf.signed_entry().len() + 10
    };
    let (own, other) = (place(&bytes), place(&foreign));
    drop(bytes.splice(own.., foreign[other..].iter().copied()));
    objects.0.lock().unwrap().insert(data.clone(), bytes);
    for (name, issuer) in others.0.lock().unwrap().iter().filter(|(name, _)| name.starts_with("issuer/")) {
        objects.0.lock().unwrap().insert(name.clone(), issuer.clone());
    }
    let found = problems(&objects, &target);
    assert!(
        matches!(&found[..], [Problem::Entry { index: 1, why, .. }] if why.contains("not the one of the leaf")),
        "{found:?}"
    );
}
