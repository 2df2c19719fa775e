//! Every certificate, SCT and token of the public trust roots and of the public conformance cases, with the real keys.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

mod common;

use common::{Case, Root};
use sealwax_pki::{
    Authority, Certificate, EndEntity, Likelihood, Path, Search, SignatureMemo, TimestampError,
    TimestampToken,
};

/// The path of a certificate under the one authority of the roots that has it.
fn only_path<'a>(case: &'a Case, certificate: &Certificate, memo: &SignatureMemo) -> (&'a Root, Path) {
    let leaf = EndEntity::code_signing(certificate).unwrap();
    let search = Search { memo, further_intermediates: &[] };
    let mut found = Vec::new();
    for root in &case.roots {
        for authority in &root.certificate_authorities {
            match authority.paths(&leaf, search) {
                Ok(paths) => found.extend(paths.into_iter().map(|path| (root, path))),
                // Key identifiers never mislead here, so a search in the order of likelihood hits at once.
                Err(_) => assert!(authority.likelihood(certificate) < Likelihood::SameKey, "{}", case.name),
            }
        }
    }
    assert_eq!(found.len(), 1, "{}", case.name);
    found.remove(0)
}

#[test]
fn leaves_and_scts() {
    let Some(shared) = common::shared() else { return };
    let memo = SignatureMemo::default();
    let (mut leaves, mut scts, mut leaf_indices) = (0, 0, 0);
    for case in common::cases(&shared) {
        let Some(der) = case.certificate_der() else { continue };
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.der(), der);
        let issuer = certificate.fulcio().unwrap().issuer().unwrap();
        assert!(issuer.starts_with("https://"), "{issuer}");
        let (root, path) = only_path(&case, &certificate, &memo);
        leaves += 1;
        for sct in certificate.embedded_scts().unwrap() {
            let key = root.ctlog(&sct);
            assert_eq!(key.is_none(), case.name == "invalid-ct-key_fail", "{}", case.name);
            let Some(key) = key else { continue };
            sct.verify(&certificate, path.issuer(), key).unwrap();
            // Another issuer makes another precertificate.
            assert!(sct.verify(&certificate, &path.certificates()[0], key).is_err());
            scts += 1;
            leaf_indices += usize::from(sct.leaf_index().is_some());
        }
        if let Some(time) = case.integrated_time() {
            let outside = [
                "integrated-time-in-future_fail",
                "intoto-expired-certificate_fail",
                "intoto-set-outside-signing-cert-validity_fail",
            ];
            let expected = !outside.contains(&case.name.as_str());
            assert_eq!(path.check_at(time).is_ok(), expected, "{}", case.name);
        }
    }
    assert_eq!((leaves, scts, leaf_indices), (64, 63, 5));
}

#[test]
fn tokens() {
    let Some(shared) = common::shared() else { return };
    let memo = SignatureMemo::default();
    let mut verified = 0;
    for case in common::cases(&shared) {
        for response in case.tokens() {
            let token = TimestampToken::from_response_der(&response).unwrap();
            let authorities = case.roots.iter().flat_map(|root| &root.timestamp_authorities);
            let results: Vec<Result<_, TimestampError>> = authorities
                .map(|authority| token.verify(authority, &case.signature().unwrap(), &memo))
                .collect();
            let good = results.iter().filter(|result| result.is_ok()).count();
            match case.name.as_str() {
                "rekor2-timestamp-payload-mismatch_fail" => {
                    assert!(matches!(results.as_slice(), [Err(TimestampError::Imprint { .. })]));
                }
                "rekor2-timestamp-outside-tsa-cert-validity_fail" => {
                    assert!(matches!(results.as_slice(), [Err(TimestampError::Validity(_))]));
                }
                "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail"
                | "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail" => {
                    assert!(matches!(results.as_slice(), [Err(TimestampError::UnknownSigner)]));
                }
                name => {
                    assert_eq!(good, 1, "{name}: {results:?}");
                    verified += 1;
                }
            }
        }
    }
    assert_eq!(verified, 29);
}

/// FreeTSA: RSA with SHA-512, signer and root embedded. Under a trust root that lists FreeTSA's root alone, the embedded
/// leaf signs; under one that lists another, nothing embedded helps.
#[test]
fn embedded_signer_of_an_rsa_authority() {
    let Some(shared) = common::shared() else { return };
    let cases = common::cases(&shared);
    let name = "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail";
    let case = cases.iter().find(|case| case.name == name).unwrap();
    let token = TimestampToken::from_response_der(&case.tokens()[0]).unwrap();
    let message = case.signature().unwrap();
    let memo = SignatureMemo::default();

    let root = token.certificates().find(Certificate::is_ca).unwrap();
    let leaf = token.certificates().find(|certificate| !certificate.is_ca()).unwrap();
    for chain in [vec![root.clone()], vec![leaf, root]] {
        let authority = Authority::from_chain(&chain).unwrap();
        let verified = token.verify(&authority, &message, &memo).unwrap();
        assert_eq!(verified.path().certificates().len(), 2);
    }
    let other = &case.roots[0].timestamp_authorities[0];
    let only_anchor = Authority::from_chain(std::slice::from_ref(other.anchor())).unwrap();
    assert!(matches!(token.verify(&only_anchor, &message, &memo), Err(TimestampError::Path(_))));
}

/// What is listed in the public trust roots reads, chains, and is written in PEM as it was.
#[test]
fn trust_roots() {
    let Some(shared) = common::shared() else { return };
    let memo = SignatureMemo::default();
    let mut count = 0;
    for root in common::public_roots(&shared) {
        for authority in root.certificate_authorities.iter().chain(&root.timestamp_authorities) {
            let chain: Vec<&Certificate> = authority
                .leaf()
                .into_iter()
                .chain(authority.intermediates())
                .chain([authority.anchor()])
                .collect();
            for pair in chain.windows(2) {
                pair[0].check_signature_by(pair[1].public_key().unwrap()).unwrap();
            }
            for certificate in chain {
                assert_eq!(&Certificate::from_pem(&certificate.to_pem()).unwrap(), certificate);
                assert_eq!(certificate.unknown_critical_extension(), None);
                count += 1;
            }
        }
        for authority in &root.timestamp_authorities {
            let leaf = EndEntity::time_stamping(authority.leaf().unwrap()).unwrap();
            let search = Search { memo: &memo, further_intermediates: &[] };
            assert_eq!(authority.paths(&leaf, search).unwrap().len(), 1);
        }
    }
    assert_eq!(count, 13);
}
