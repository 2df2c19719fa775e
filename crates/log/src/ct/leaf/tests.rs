use super::*;

const TIME: u64 = 0x0102_0304_0506_0708;
const CHAIN: [[u8; 32]; 2] = [[0xc1; 32], [0xc2; 32]];

fn x509() -> (Bytes, Bytes) {
    let entry = Bytes::from_static(b"\0\0\0\0\x04cert");
    (entry, [&[0, 64][..], CHAIN.as_flattened()].concat().into())
}

fn precert() -> (Bytes, Bytes) {
    let entry = [b"\0\x01".as_slice(), &[7; 32], b"\0\0\x03tbs"].concat();
    (entry.into(), [b"\0\0\x03pre\0\x40".as_slice(), CHAIN.as_flattened()].concat().into())
}

#[test]
fn a_certificate_is_laid_out_as_specified() {
    let (entry, extra) = x509();
    let sealed = seal(&entry, &extra, 0x09_0807_0605, TIME).unwrap();
    let timestamped = b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\x04cert\0\x08\0\0\x05\x09\x08\x07\x06\x05";
    let expected = [timestamped.as_slice(), &[0, 64], &[0xc1; 32], &[0xc2; 32]].concat();
    assert_eq!(sealed.record, expected);
    assert_eq!(sealed.leaf_hash, sha256(&[b"\0\0\0".as_slice(), timestamped].concat()));
}

#[test]
fn a_precertificate_is_laid_out_as_specified() {
    let (entry, extra) = precert();
    let sealed = seal(&entry, &extra, 0, TIME).unwrap();
    let timestamped = [
        b"\x01\x02\x03\x04\x05\x06\x07\x08\0\x01".as_slice(),
        &[7; 32],
        b"\0\0\x03tbs\0\x08\0\0\x05\0\0\0\0\0",
    ]
    .concat();
    let expected = [timestamped.as_slice(), b"\0\0\x03pre", &[0, 64], &[0xc1; 32], &[0xc2; 32]].concat();
    assert_eq!(sealed.record, expected);
    assert_eq!(sealed.leaf_hash, sha256(&[b"\0\0\0".as_slice(), &timestamped].concat()));
}

#[test]
fn what_is_written_is_read() {
    let mut tile = Vec::new();
    for (index, (entry, extra)) in [x509(), precert(), x509()].into_iter().enumerate() {
        let index = index as u64 + 70_000;
        let sealed = seal(&entry, &extra, index, TIME + index).unwrap();
        let facts = LeafFacts {
            len: sealed.record.len(),
            timestamp: TIME + index,
            leaf_index: index,
            identity: sha256(&entry),
            leaf_hash: sealed.leaf_hash,
        };
        assert_eq!(read_one(&sealed.record), Ok(facts));
        tile.extend_from_slice(&sealed.record);
        assert_eq!(leaves(&tile).last().unwrap().unwrap().facts(), facts);
    }
    let read: Vec<_> = leaves(&tile).map(Result::unwrap).collect();
    assert_eq!(read.len(), 3);
    assert_eq!(read[0].entry, Entry::X509 { certificate: b"cert" });
    let precert = Entry::Precert { issuer_key_hash: &[7; 32], tbs: b"tbs", pre_certificate: b"pre" };
    assert_eq!(read[1].entry, precert);
    assert_eq!(read[2].chain, CHAIN);
    assert_eq!(read.iter().flat_map(|leaf| leaf.record()).copied().collect::<Vec<u8>>(), tile);
}

#[test]
fn an_index_has_forty_bits() {
    let (entry, extra) = x509();
    let last = seal(&entry, &extra, MAX_LEAF_INDEX, TIME).unwrap();
    assert_eq!(read_one(&last.record).unwrap().leaf_index, MAX_LEAF_INDEX);
    let index = MAX_LEAF_INDEX + 1;
    assert_eq!(seal(&entry, &extra, index, TIME), Err(LeafError::IndexTooLarge { index }));
    assert_eq!(seal(&entry, &extra, u64::MAX, TIME), Err(LeafError::IndexTooLarge { index: u64::MAX }));
}

#[test]
fn whatever_is_cut_is_refused() {
    for (entry, extra) in [x509(), precert()] {
        let record = seal(&entry, &extra, 1, TIME).unwrap().record;
        for length in 0..record.len() {
            assert_eq!(read_one(&record[..length]), Err(LeafError::Cut), "{length}");
        }
        let two = [record.as_slice(), &record[..9]].concat();
        let read: Vec<_> = leaves(&two).map(|leaf| leaf.map(|leaf| leaf.leaf_index)).collect();
        assert_eq!(read, [Ok(1), Err(LeafError::Cut)]);
    }
    assert!(leaves(&[]).next().is_none());
}

#[test]
fn whatever_is_not_a_leaf_is_refused() {
    let check = |entry: &[u8], extensions: &[u8], extra: &[u8], expected: LeafError| {
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        let record = [&TIME.to_be_bytes(), entry, &length, extensions, extra].concat();
        assert_eq!(read_one(&record), Err(expected));
    };
    let good = &[0, 0, 5, 0, 0, 0, 0, 1][..];
    check(b"\0\x02\0\0\x01a", good, b"\0\0", LeafError::UnknownEntryType { found: 2 });
    check(b"\x01\0\0\0\x01a", good, b"\0\0", LeafError::UnknownEntryType { found: 256 });
    check(b"\0\0\0\0\0", good, b"\0\0", LeafError::EmptyCertificate);
    check(&[&[0, 1][..], &[7; 32], &[0; 3]].concat(), good, b"\0\0", LeafError::EmptyCertificate);
    check(b"\0\0\0\0\x01a", &[], b"\0\0", LeafError::NoLeafIndex);
    check(b"\0\0\0\0\x01a", &[9, 0, 0], b"\0\0", LeafError::NoLeafIndex);
    for extensions in [
        &[0][..],
        &[0, 0],
        &[0, 0, 4, 0, 0, 0, 0],
        &[0, 0, 6, 0, 0, 0, 0, 0, 0],
        &[0, 0, 6, 0, 0, 0, 0, 0],
        &[good, good].concat(),
        &[good, &[9, 0, 0, 9, 0, 0]].concat(),
    ] {
        check(b"\0\0\0\0\x01a", extensions, b"\0\0", LeafError::Extensions);
    }
    check(b"\0\0\0\0\x01a", good, b"\0\x01a", LeafError::Chain { bytes: 1 });
    check(b"\0\0\0\0\x01a", good, &[&[0, 33][..], &[1; 33]].concat(), LeafError::Chain { bytes: 33 });
}

#[test]
fn unknown_extensions_are_passed_over_and_hashed() {
    let extensions = [9, 0, 1, 0xaa, 0, 0, 5, 0, 0, 0, 0, 1];
    let timestamped =
        [&TIME.to_be_bytes(), b"\0\0\0\0\x01a\0\x0c".as_slice(), extensions.as_slice()].concat();
    let record = [timestamped.as_slice(), b"\0\0"].concat();
    let facts = read_one(&record).unwrap();
    assert_eq!(facts.leaf_index, 1);
    assert_eq!(facts.leaf_hash, leaf_hash(&[b"\0\0".as_slice(), &timestamped].concat()));
}
