//! Certificates, what is embedded in them, paths between them, and timestamp tokens.

use std::sync::LazyLock;

use sealwax_formats::TrustedRoot;
use sealwax_pki::{
    Authority, Certificate, EndEntity, Search, SignatureMemo, Timestamp, TimestampToken, precertificate_tbs,
};

/// The public-good root, for real authorities.
pub(crate) static PUBLIC_GOOD: LazyLock<TrustedRoot> = LazyLock::new(|| {
    TrustedRoot::parse(include_bytes!("../../../crates/sealwax/trust/public-good/trusted_root.json")).unwrap()
});

/// A certificate alone: every field, every extension, every embedded SCT.
pub(crate) fn certificate(input: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(input) {
        assert_eq!(certificate.der(), input);
        assert_eq!(Certificate::from_pem(&certificate.to_pem()).as_ref(), Ok(&certificate));
        look(&certificate);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        for certificate in Certificate::list_from_pem(text).unwrap_or_default() {
            look(&certificate);
        }
    }
}

fn look(certificate: &Certificate) {
    let _ = (
        certificate.subject().to_string(),
        certificate.issuer().to_string(),
        certificate.subject().common_name(),
    );
    let _ = (
        certificate.fulcio().map(|extensions| extensions.iter().count()),
        certificate.unknown_critical_extension(),
    );
    for name in certificate.subject_alternative_names() {
        let _ = (name.identity(), name.kind());
    }
    let _ = EndEntity::code_signing(certificate);
    let _ = EndEntity::time_stamping(certificate);
    let key = certificate.public_key();
    if let Ok(key) = key {
        let _ = certificate.check_signature_by(key);
    }
    let _ = precertificate_tbs(certificate);
    for sct in certificate.embedded_scts().unwrap_or_default() {
        let _ = (sct.timestamp(), sct.leaf_index());
        if let Ok(key) = key {
            assert!(
                sct.verify(certificate, certificate, key).is_err(),
                "an SCT by the certificate's own key"
            );
        }
    }
}

/// Certificates in PEM: the first is a leaf, the last an anchor, the others lie between.
pub(crate) fn path(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(certificates) = Certificate::list_from_pem(text) else { return };
    let Some((leaf, chain)) = certificates.split_first() else { return };
    let Ok(authority) = Authority::from_chain(chain) else { return };
    let memo = SignatureMemo::default();
    for leaf in [EndEntity::code_signing(leaf), EndEntity::time_stamping(leaf)].into_iter().flatten() {
        let search = Search { memo: &memo, further_intermediates: chain };
        for path in authority.paths(&leaf, search).unwrap_or_default() {
            assert_eq!(path.certificates().last(), Some(authority.anchor()));
            let _ = path.check_at(leaf.certificate().not_before());
            let _ = path.check_at(Timestamp::UNIX_EPOCH);
        }
    }
}

/// Chains of the public-good root, a leaf and its issuers where one is listed, else issuers alone.
pub(crate) fn path_seeds() -> Vec<Vec<u8>> {
    let authorities = PUBLIC_GOOD.certificate_authorities.iter().chain(&PUBLIC_GOOD.timestamp_authorities);
    let pem = |der: &Vec<u8>| Certificate::from_der(der).unwrap().to_pem();
    authorities
        .map(|authority| authority.cert_chain.iter().map(pem).collect::<String>().into_bytes())
        .collect()
}

/// A timestamp response or token: read, and held against an authority that never made it for this message.
pub(crate) fn timestamp(input: &[u8]) {
    for token in [TimestampToken::from_response_der(input), TimestampToken::from_token_der(input)]
        .into_iter()
        .flatten()
    {
        let _ = (token.gen_time(), token.imprint(), token.accuracy(), token.nonce(), token.policy());
        token.certificates().for_each(|certificate| look(&certificate));
        for authority in &*TIMESTAMP_AUTHORITIES {
            assert!(
                token.verify(authority, b"not stamped", &SignatureMemo::default()).is_err(),
                "a forged timestamp"
            );
        }
    }
}

static TIMESTAMP_AUTHORITIES: LazyLock<Vec<Authority>> = LazyLock::new(|| {
    let certificates =
        |chain: &[Vec<u8>]| chain.iter().map(|der| Certificate::from_der(der).unwrap()).collect::<Vec<_>>();
    let authorities = PUBLIC_GOOD.timestamp_authorities.iter();
    authorities
        .map(|authority| Authority::from_chain(&certificates(&authority.cert_chain)).unwrap())
        .collect()
});
