//! The accepted roots: reading, answering, exchanging.

use crate::world::{authority, certificate, leaf, roots};
use sealwax_formats::base64;
use sealwax_log::ct::{
    AcceptedRoots, Roots, RootsError,
    roots::{MAX_BUNDLE_BYTES, MAX_ROOTS},
};
use sealwax_pki::PemError;
use std::sync::Arc;

#[test]
fn a_bundle_is_read_and_answered_in_its_order() {
    let (one, two) = (authority(), authority());
    let [one, two] = [certificate(&one.chain[0].der), certificate(&two.chain[0].der)];
    let bundle = format!("# one\n{}\n# two\n{}{}# end\n", one.to_pem(), two.to_pem(), one.to_pem());
    let roots = Roots::from_pem(&bundle).unwrap();
    assert_eq!(roots.count(), 2, "one that is there twice counts once");
    assert!(roots.contains(&one) && roots.contains(&two));
    let [one, two] = [base64::encode(one.der()), base64::encode(two.der())];
    assert_eq!(roots.json(), format!("{{\"certificates\":[\"{one}\",\"{two}\"]}}"));
}

#[test]
fn whatever_is_not_a_bundle_is_refused() {
    let authority = authority();
    let root = certificate(&authority.chain[0].der);
    let pem = root.to_pem();
    let check =
        |bundle: &str, expected: RootsError| assert_eq!(Roots::from_pem(bundle).unwrap_err(), expected);
    check("", RootsError::Empty);
    check("no certificate", RootsError::Empty);
    check(&" ".repeat(MAX_BUNDLE_BYTES + 1), RootsError::TooLarge { found: MAX_BUNDLE_BYTES + 1 });
    assert_eq!(Roots::new(&vec![root; MAX_ROOTS + 1]).unwrap_err(), RootsError::TooMany);

    let cut = pem.replace("-----END CERTIFICATE-----", "");
    check(&format!("{pem}{cut}"), RootsError::Pem { position: 1, source: PemError::NoEnd { position: 0 } });
    let letters = pem.replace("MII", "M!I");
    check(
        &format!("{pem}{letters}"),
        RootsError::Pem { position: 1, source: PemError::Base64 { position: 0 } },
    );
    let no_ca = certificate(&leaf(&authority).sign());
    let subject = no_ca.subject().to_string();
    check(&format!("{pem}{}", no_ca.to_pem()), RootsError::NotACa { position: 1, subject });
}

#[test]
fn roots_are_exchanged_while_they_are_used() {
    let (one, two) = (authority(), authority());
    let accepted = AcceptedRoots::new(roots(&one));
    let before = accepted.load();
    assert!(Arc::ptr_eq(&before, &accepted.load()));
    accepted.replace(roots(&two));
    assert!(before.contains(&certificate(&one.chain[0].der)), "who began with them keeps them");
    assert!(accepted.load().contains(&certificate(&two.chain[0].der)));
    assert!(!accepted.load().contains(&certificate(&one.chain[0].der)));
}
