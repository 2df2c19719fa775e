//! The certificate log: requests, and the leaves of data tiles.

use sealwax_crypto::KeyKind;
use sealwax_formats::base64;
use sealwax_log::{
    Submission,
    ct::{
        Issuers, NotAfterWindow, Roots, Submitted, VerifiedChain, entry,
        leaf::{Entry, TileLeaf, extensions, identity, leaves, read_one, seal},
        request,
    },
    engine::Body,
};
use sealwax_pki::{Certificate, precert_log_entry, x509_log_entry};
use sealwax_testkit::{Authority, AuthorityOptions, certificate::oids, signer::Signer};

const INDEX: u64 = 0x01_0203_0405;
const TIME: u64 = 1_767_225_600_123;

/// A request, and the entry of its chain, under roots that accept whatever it ends in.
pub(crate) fn request(input: &[u8]) {
    let Ok(chain) = request::parse(input) else { return };
    assert_eq!(request::parse(&body(&chain)).as_ref(), Ok(&chain));
    let certificates: Vec<_> = chain.iter().map_while(|der| Certificate::from_der(der).ok()).collect();
    // Without the signatures, which no fuzzer finds.
    certificates.iter().for_each(|certificate| sealed(&x509_log_entry(certificate), Vec::new()));
    if let (Ok(entry), Some(precertificate)) = (precert_log_entry(&certificates), certificates.first()) {
        let length = u32::try_from(precertificate.der().len()).unwrap().to_be_bytes();
        sealed(&entry, [&length[1..], precertificate.der()].concat());
    }
    let Some(Ok(roots)) = certificates.last().map(|last| Roots::new(std::slice::from_ref(last))) else {
        return;
    };
    let issuers = Issuers::default();
    for submitted in [Submitted::Certificate, Submitted::Precertificate] {
        let verify =
            || VerifiedChain::verify(&chain, submitted, &roots, &NotAfterWindow::default(), &issuers);
        let first = verify();
        assert_eq!(verify(), first);
        if let Ok(Submission { identity: found, body: Body::Certificate { entry, extra } }) =
            first.map_err(drop).and_then(|chain| entry::submission(&chain).map_err(drop))
        {
            assert_eq!(found, identity(&entry));
            assert!(read_one(&seal(&entry, &extra, INDEX, TIME).unwrap().record).is_ok());
        }
    }
}

/// What is sealed is read.
fn sealed(entry: &[u8], mut extra: Vec<u8>) {
    extra.extend_from_slice(&[0, 0]);
    let sealed = seal(&entry.to_vec().into(), &extra.into(), INDEX, TIME).unwrap();
    let leaf = TileLeaf::read(&sealed.record).unwrap();
    assert_eq!((leaf.timestamp, leaf.leaf_index, leaf.record()), (TIME, INDEX, sealed.record.as_slice()));
    assert_eq!((leaf.leaf_hash(), leaf.identity()), (sealed.leaf_hash, identity(entry)));
}

fn body(chain: &[Vec<u8>]) -> Vec<u8> {
    let texts: Vec<_> = chain.iter().map(|der| format!("\"{}\"", base64::encode(der))).collect();
    format!("{{\"chain\":[{}]}}", texts.join(",")).into_bytes()
}

/// A data tile: what is read and has no extensions but the index is what would be written.
pub(crate) fn tile_leaf(input: &[u8]) {
    let mut rest = input;
    for leaf in leaves(input) {
        assert_eq!(read_one(rest), leaf.as_ref().map(TileLeaf::facts).map_err(Clone::clone));
        let Ok(leaf) = leaf else { return };
        let after = rest.strip_prefix(leaf.record()).unwrap();
        let (entry, extra) = parts(&leaf);
        let sealed = seal(&entry.into(), &extra.into(), leaf.leaf_index, leaf.timestamp).unwrap();
        let index = extensions(leaf.leaf_index).unwrap();
        if sealed.record.len() == leaf.record().len() {
            assert_eq!(sealed.record, leaf.record());
            assert_eq!(sealed.leaf_hash, leaf.leaf_hash());
        } else {
            // Another extension besides, at least three bytes.
            assert!(sealed.record.len() + 3 <= leaf.record().len());
            assert!(leaf.record().windows(index.len()).any(|window| window == index));
        }
        rest = after;
    }
    assert!(rest.is_empty());
}

/// What the leaf was made of, written anew.
fn parts(leaf: &TileLeaf<'_>) -> (Vec<u8>, Vec<u8>) {
    let vector = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..], bytes].concat();
    let chain = leaf.chain.as_flattened();
    let chain = [&u16::try_from(chain.len()).unwrap().to_be_bytes(), chain].concat();
    match leaf.entry {
        Entry::X509 { certificate } => ([vec![0, 0], vector(certificate)].concat(), chain),
        Entry::Precert { issuer_key_hash, tbs, pre_certificate } => (
            [[0, 1].as_slice(), issuer_key_hash, &vector(tbs)].concat(),
            [vector(pre_certificate), chain].concat(),
        ),
    }
}

/// Chains as Fulcio submits them, one with a Precertificate Signing Certificate.
pub(crate) fn request_seeds() -> Vec<Vec<u8>> {
    chains().into_iter().map(|(chain, _)| body(&chain)).collect()
}

/// A tile of all of these, and each alone.
pub(crate) fn tile_leaf_seeds() -> Vec<Vec<u8>> {
    let record = |(chain, submitted): (Vec<Vec<u8>>, Submitted)| {
        let root = Certificate::from_der(chain.last()?).ok()?;
        let (roots, window, issuers) =
            (Roots::new(&[root]).ok()?, NotAfterWindow::default(), Issuers::default());
        let verified = VerifiedChain::verify(&chain, submitted, &roots, &window, &issuers).ok()?;
        match entry::submission(&verified).ok()?.body {
            Body::Certificate { entry, extra } => Some(seal(&entry, &extra, INDEX, TIME).ok()?.record),
            Body::Signature(_) => None,
        }
    };
    let mut seeds: Vec<Vec<u8>> = chains().into_iter().map(record).map(Option::unwrap).collect();
    seeds.push(seeds.concat());
    seeds
}

fn chains() -> Vec<(Vec<Vec<u8>>, Submitted)> {
    let plain = AuthorityOptions::default().keys(&[KeyKind::EcdsaP256; 2]).build();
    let signing =
        AuthorityOptions::default().keys(&[KeyKind::EcdsaP256; 3]).on_certificate(|level, draft| {
            if level == 2 {
                draft.set_extended_key_usage(false, &["1.3.6.1.4.1.11129.2.4.4"]);
            }
        });
    vec![
        (chain(&plain, false), Submitted::Certificate),
        (chain(&plain, true), Submitted::Precertificate),
        (chain(&signing.build(), true), Submitted::Precertificate),
    ]
}

fn chain(authority: &Authority, poisoned: bool) -> Vec<Vec<u8>> {
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let mut draft = authority.leaf(
        signer.spki(),
        "2026-01-01T00:00:00Z".parse().unwrap(),
        "2026-01-01T00:10:00Z".parse().unwrap(),
    );
    draft.set_extended_key_usage(false, &[oids::CODE_SIGNING]);
    if poisoned {
        draft.add_extension(oids::PRECERTIFICATE_POISON, true, vec![5, 0]);
    }
    [vec![draft.sign()], authority.certificates_above_leaf()].concat()
}
