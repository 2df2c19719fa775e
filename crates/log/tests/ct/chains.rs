//! Which chains are logged, and why the others are not.

use crate::world::{NULL, authority, certificate, chain, leaf, precertificate, roots, verify};
use sealwax_crypto::{KeyKind, VerifyError};
use sealwax_log::ct::{ChainError, Issuers, NotAfterWindow, Roots, Submitted, VerifiedChain};
use sealwax_pki::{LinkError, PrecertificateError, SignatureError};
use sealwax_testkit::{
    authority::{Authority, AuthorityOptions},
    certificate::{CertificateDraft, key_usage, oids},
    der,
};

use Submitted::{Certificate, Precertificate};

const BAD: LinkError = LinkError::Signature(SignatureError::Verify(VerifyError::BadSignature));

fn changed(change: impl Fn(usize, &mut CertificateDraft) + Send + Sync + 'static) -> Authority {
    AuthorityOptions::default().keys(&[KeyKind::EcdsaP256; 2]).on_certificate(change).build()
}

#[test]
fn a_chain_is_taken_with_its_root_and_without() {
    let authority = authority();
    let roots = roots(&authority);
    for (submitted, draft) in [(Certificate, leaf(&authority)), (Precertificate, precertificate(&authority))]
    {
        let whole = chain(&draft, &authority);
        let verified = verify(&whole, submitted, &roots).unwrap();
        let ders: Vec<_> = verified.certificates().iter().map(|found| found.der().to_vec()).collect();
        assert_eq!(ders, whole);
        assert_eq!(verified.issuers().len(), 2);
        assert_eq!(verified.submitted(), submitted);
        assert_eq!(verify(&whole[..2], submitted, &roots).unwrap(), verified);
    }
}

#[test]
fn every_length_of_chain_is_taken() {
    for levels in 1..=3 {
        let authority = AuthorityOptions::default()
            .keys(&[KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP256][..levels])
            .build();
        let roots = roots(&authority);
        let whole = chain(&precertificate(&authority), &authority);
        assert_eq!(whole.len(), levels + 1);
        let verified = verify(&whole, Precertificate, &roots).unwrap();
        assert_eq!(verify(&whole[..levels], Precertificate, &roots).unwrap(), verified);
    }
    // The root itself is a certificate too, and so is a CA's.
    let authority = authority();
    let roots = roots(&authority);
    let whole = authority.certificates_above_leaf();
    assert!(verify(&whole[1..], Certificate, &roots).unwrap().issuers().is_empty());
    assert_eq!(verify(&whole, Certificate, &roots).unwrap().issuers().len(), 1);
    assert_eq!(verify(&whole[..1], Certificate, &roots).unwrap().issuers().len(), 1);
}

#[test]
fn an_accepted_intermediate_ends_a_chain() {
    let authority = authority();
    let whole = chain(&leaf(&authority), &authority);
    let intermediate = Roots::new(&[certificate(&whole[1])]).unwrap();
    assert_eq!(verify(&whole[..1], Certificate, &intermediate).unwrap().issuers().len(), 1);
    assert_eq!(verify(&whole[..2], Certificate, &intermediate).unwrap().issuers().len(), 1);
    // The root above it is a stranger here.
    let issuer = certificate(&whole[2]).subject().to_string();
    assert_eq!(verify(&whole, Certificate, &intermediate), Err(ChainError::UnknownRoot { issuer }));
}

#[test]
fn an_expired_certificate_is_logged_unless_a_window_forbids() {
    let authority = authority();
    let roots = roots(&authority);
    let whole = chain(&leaf(&authority), &authority);
    let end = certificate(&whole[0]).not_after();
    let later = "2026-01-01T00:10:01Z".parse().unwrap();
    let check = |start, limit| {
        let window = NotAfterWindow { start, limit };
        VerifiedChain::verify(&whole, Certificate, &roots, &window, &Issuers::default()).map(drop)
    };
    assert_eq!(check(None, None), Ok(()));
    assert_eq!(check(Some(end), Some(later)), Ok(()));
    assert_eq!(check(Some(later), None), Err(ChainError::TooEarly { not_after: end, start: later }));
    assert_eq!(check(None, Some(end)), Err(ChainError::TooLate { not_after: end, limit: end }));
}

#[test]
fn what_is_not_the_logs_business_is_logged() {
    let authority = changed(|level, draft| {
        if level == 1 {
            draft.set_basic_constraints(true, Some(0));
            draft.add_extension(oids::UNKNOWN, true, vec![1]);
            draft.set_extended_key_usage(true, &[oids::TIME_STAMPING]);
        }
    });
    let mut draft = leaf(&authority);
    draft.add_extension(oids::UNKNOWN, true, vec![1]);
    draft.set_extended_key_usage(true, &[oids::SERVER_AUTH]);
    assert!(verify(&chain(&draft, &authority), Certificate, &roots(&authority)).is_ok());
    // Fulcio's leaves have other purposes than the web's; some have none.
    for purposes in [&[][..], &[oids::CODE_SIGNING], &[oids::ANY_EXTENDED_KEY_USAGE]] {
        let mut draft = precertificate(&authority);
        draft.remove_extension(oids::EXTENDED_KEY_USAGE);
        if !purposes.is_empty() {
            draft.set_extended_key_usage(false, purposes);
        }
        assert!(verify(&chain(&draft, &authority), Precertificate, &roots(&authority)).is_ok());
    }
}

#[test]
fn each_call_takes_its_own_kind() {
    let authority = authority();
    let roots = roots(&authority);
    let certificate = chain(&leaf(&authority), &authority);
    let precertificate = chain(&precertificate(&authority), &authority);
    assert_eq!(verify(&precertificate, Certificate, &roots), Err(ChainError::PrecertificateToAddChain));
    assert_eq!(verify(&certificate, Precertificate, &roots), Err(ChainError::CertificateToAddPreChain));

    for (critical, value) in [(false, NULL.to_vec()), (true, vec![5]), (true, vec![4, 0])] {
        let mut draft = leaf(&authority);
        draft.add_extension(oids::PRECERTIFICATE_POISON, critical, value);
        for submitted in [Certificate, Precertificate] {
            let expected = Err(ChainError::Precertificate(PrecertificateError::Poison));
            assert_eq!(verify(&chain(&draft, &authority), submitted, &roots), expected);
        }
    }
}

#[test]
fn a_stranger_is_refused() {
    let (authority, stranger) = (authority(), authority());
    let roots = roots(&authority);
    let whole = chain(&leaf(&stranger), &stranger);

    // Same names, other keys: the chain ends in a root that looks like ours, and is not.
    let issuer = certificate(&whole[2]).subject().to_string();
    let not_ours = ChainError::NotSignedByRoot { issuer: issuer.clone(), source: BAD };
    assert_eq!(verify(&whole, Certificate, &roots), Err(not_ours.clone()));
    assert_eq!(verify(&whole[..2], Certificate, &roots), Err(not_ours));
    let issuer = certificate(&whole[1]).subject().to_string();
    assert_eq!(verify(&whole[..1], Certificate, &roots), Err(ChainError::UnknownRoot { issuer }));

    let other =
        AuthorityOptions::default().named("other.test", "other").keys(&[KeyKind::EcdsaP256; 2]).build();
    let whole = chain(&leaf(&other), &other);
    let issuer = certificate(&whole[2]).subject().to_string();
    assert_eq!(verify(&whole, Certificate, &roots), Err(ChainError::UnknownRoot { issuer }));
}

#[test]
fn every_signature_is_verified() {
    let (authority, stranger) = (authority(), authority());
    let roots = roots(&authority);
    let good = chain(&leaf(&authority), &authority);

    // A leaf that another key signed under our intermediate's name.
    let forged = [chain(&leaf(&stranger), &stranger)[..1].to_vec(), good[1..].to_vec()].concat();
    let expected = Err(ChainError::NotSignedByNext { position: 0, source: BAD });
    assert_eq!(verify(&forged, Certificate, &roots), expected);
    // An intermediate that another key signed under our root's name.
    let forged = [chain(&leaf(&stranger), &stranger)[..2].to_vec(), good[2..].to_vec()].concat();
    let expected = Err(ChainError::NotSignedByNext { position: 1, source: BAD });
    assert_eq!(verify(&forged, Certificate, &roots), expected);
    // One bit of the signature, or of what is signed.
    for at in [good[0].len() - 1, good[0].len() / 2] {
        let mut flipped = good.clone();
        flipped[0][at] ^= 1;
        assert!(verify(&flipped, Certificate, &roots).is_err(), "{at}");
    }
}

#[test]
fn what_was_signed_here_is_believed_to_be_and_all_else_is_judged() {
    let (authority, stranger) = (authority(), authority());
    let read = |chain: &[Vec<u8>]| chain.iter().map(|der| certificate(der)).collect::<Vec<_>>();
    let judge = |chain: &[Vec<u8>], roots: &Roots| {
        let (window, issuers) = (NotAfterWindow::default(), Issuers::default());
        VerifiedChain::issued_here(&read(chain), roots, &window, &issuers)
    };
    let accepted = roots(&authority);
    let good = chain(&precertificate(&authority), &authority);
    let judged = judge(&good, &accepted).unwrap();
    assert_eq!(judged, verify(&good, Precertificate, &accepted).unwrap());
    assert_eq!(judged.submitted(), Precertificate);

    // The signature is not looked at: it says the same of one by another key.
    let others = chain(&precertificate(&stranger), &stranger);
    let unsigned = [&others[..1], &good[1..]].concat();
    assert_eq!(judge(&unsigned, &accepted).map(drop), Ok(()));
    // That of the intermediate is, and the root, and what was signed.
    let forged = [&others[..2], &good[2..]].concat();
    let expected = Err(ChainError::NotSignedByNext { position: 1, source: BAD });
    assert_eq!(judge(&forged, &accepted).map(drop), expected);
    let others = roots(&stranger);
    assert!(matches!(judge(&good[..2], &others), Err(ChainError::NotSignedByRoot { .. })));
    let whole = chain(&leaf(&authority), &authority);
    assert_eq!(judge(&whole, &accepted).map(drop), Err(ChainError::CertificateToAddPreChain));
    // Alone it has no next certificate whose key could have signed it here.
    assert_eq!(
        judge(&good[..1], &accepted).map(drop),
        verify(&good[..1], Precertificate, &accepted).map(drop)
    );
}

#[test]
fn what_was_learnt_does_not_help_a_forger() {
    let (authority, stranger) = (authority(), authority());
    let (roots, issuers, window) = (roots(&authority), Issuers::default(), NotAfterWindow::default());
    let verify = |chain: &[Vec<u8>], roots: &Roots| {
        VerifiedChain::verify(chain, Certificate, roots, &window, &issuers).map(drop)
    };
    let good = chain(&leaf(&authority), &authority);
    assert_eq!(verify(&good, &roots), Ok(()));
    let forged = [chain(&leaf(&stranger), &stranger)[..1].to_vec(), good[1..].to_vec()].concat();
    assert_eq!(verify(&forged, &roots), Err(ChainError::NotSignedByNext { position: 0, source: BAD }));
    // Nor when the root is no longer accepted.
    let others = crate::world::roots(&stranger);
    assert!(matches!(verify(&good, &others), Err(ChainError::NotSignedByRoot { .. })));
    assert!(matches!(verify(&good[..2], &others), Err(ChainError::NotSignedByRoot { .. })));
}

#[test]
fn the_order_is_that_of_issuing() {
    let authority = authority();
    let roots = roots(&authority);
    let good = chain(&leaf(&authority), &authority);
    let [leaf, intermediate, root] = [good[0].clone(), good[1].clone(), good[2].clone()];
    let subject = |der: &[u8]| certificate(der).subject().to_string();
    let check = |chain: &[Vec<u8>], position: usize, issuer: &[u8], next: &[u8]| {
        let (issuer, subject) = (subject(issuer), subject(next));
        let expected = ChainError::NotIssuedByNext { position, issuer, subject };
        assert_eq!(verify(chain, Certificate, &roots), Err(expected));
    };
    check(&[leaf.clone(), root.clone(), intermediate.clone()], 0, &intermediate, &root);
    check(&[leaf.clone(), root.clone()], 0, &intermediate, &root);
    check(&[leaf.clone(), leaf.clone(), intermediate.clone(), root.clone()], 0, &intermediate, &leaf);
    check(&[leaf.clone(), intermediate.clone(), intermediate.clone(), root.clone()], 1, &root, &intermediate);
    let twice = [leaf, intermediate, root.clone(), root];
    assert_eq!(verify(&twice, Certificate, &roots), Err(ChainError::Repeated { position: 3 }));
}

#[test]
fn only_a_ca_issues() {
    for (change, expected) in [
        (
            (|draft| draft.remove_extension(oids::BASIC_CONSTRAINTS)) as fn(&mut CertificateDraft),
            ChainError::NotACa { position: 1 },
        ),
        (|draft| draft.set_basic_constraints(false, None), ChainError::NotACa { position: 1 }),
        (|draft| draft.set_key_usage(&[key_usage::CRL_SIGN]), ChainError::MayNotSign { position: 1 }),
    ] {
        let authority = changed(move |level, draft| {
            if level == 1 {
                change(draft);
            }
        });
        let whole = chain(&leaf(&authority), &authority);
        assert_eq!(verify(&whole, Certificate, &roots(&authority)), Err(expected.clone()));
        assert_eq!(verify(&whole[..2], Certificate, &roots(&authority)), Err(expected));
    }
    // Without key usage, a CA may do anything.
    let authority = changed(|level, draft| {
        if level == 1 {
            draft.remove_extension(oids::KEY_USAGE);
        }
    });
    assert!(verify(&chain(&leaf(&authority), &authority), Certificate, &roots(&authority)).is_ok());
}

#[test]
fn what_cannot_be_read_is_named() {
    let authority = authority();
    let roots = roots(&authority);
    let good = chain(&leaf(&authority), &authority);
    for position in 0..good.len() {
        let mut cut = good.clone();
        cut[position].pop();
        assert!(
            matches!(verify(&cut, Certificate, &roots), Err(ChainError::Certificate { position: found, .. }) if found == position)
        );
    }
    let nothing: &[Vec<u8>] = &[];
    let (window, issuers) = (NotAfterWindow::default(), Issuers::default());
    assert_eq!(
        VerifiedChain::verify(nothing, Certificate, &roots, &window, &issuers),
        Err(ChainError::Empty)
    );
}

#[test]
fn a_key_or_algorithm_that_is_unknown_proves_nothing() {
    let authority = changed(|level, draft| {
        if level == 1 {
            let algorithm = der::sequence([der::oid("1.2.3.4")]);
            draft.spki = der::sequence([algorithm, der::bit_string(vec![1])]);
        }
    });
    let whole = chain(&leaf(&authority), &authority);
    let refused = verify(&whole, Certificate, &roots(&authority));
    assert!(
        matches!(refused, Err(ChainError::NotSignedByNext { position: 0, source: LinkError::Key(_) })),
        "{refused:?}"
    );
}
