//! The documents of Sigstore: whatever is read is written and read again as the same thing.

use sealwax_formats::bundle::Bundle;
use sealwax_formats::readers::{DetachedParts, detached as read_detached, read};
use sealwax_formats::{
    ClientTrustConfig, Content, EntryBody, NpmKeys, SigningConfig, Statement, TrustedRoot,
};

/// A bundle, and its conversions.
pub(crate) fn bundle(input: &[u8]) {
    let Ok(bundle) = Bundle::parse(input) else { return };
    check(&bundle);
    for converted in [bundle.to_v03(), bundle.to_v01()].into_iter().flatten() {
        check(&converted);
    }
    let _ = bundle.to_detached();
}

fn check(bundle: &Bundle) {
    assert_eq!(Bundle::parse(bundle.write().as_bytes()).as_ref(), Ok(bundle), "what we write we read");
    let _ = (bundle.check_form(), bundle.signature());
    for entry in &bundle.log_entries {
        let _ = (entry.set_payload(), EntryBody::parse(&entry.canonicalized_body));
    }
    if let Content::Dsse(envelope) = &bundle.content {
        let _ = (envelope.pae(), Statement::parse(&envelope.payload).is_ok());
    }
}

/// Any of the forms in which bundles are handed out.
pub(crate) fn readers(input: &[u8]) {
    let Ok(reading) = read(input) else { return };
    for bundle in reading.bundles.into_iter().filter_map(|found| found.bundle.ok()) {
        check(&bundle);
    }
}

/// The files of a detached signature, one after another: a byte in the input that no text has stands between them.
pub(crate) fn detached(input: &[u8]) {
    let mut parts = input.split(|byte| *byte == SEPARATOR);
    let (signature, certificate, rekor_entry) =
        (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let timestamps: Vec<&[u8]> = parts.take(4).collect();
    if let Ok(bundle) =
        read_detached(&DetachedParts { signature, certificate, rekor_entry, timestamps: &timestamps })
    {
        check(&bundle);
    }
}

const SEPARATOR: u8 = 0xFF;

/// The detached form of a bundle.
pub(crate) fn detached_seeds() -> Vec<Vec<u8>> {
    let bundle = include_bytes!("../../../examples/sigstore-5.0.0.tgz.sigstore.json");
    let detached = Bundle::parse(bundle).unwrap().to_detached().unwrap();
    let parts =
        [Some(detached.signature), detached.certificate, detached.rekor_entry.or(detached.cosign_bundle)];
    vec![parts.map(Option::unwrap_or_default).map(String::into_bytes).join(&SEPARATOR)]
}

/// Trusted roots, signing configs, client trust configs and npm's keys.
pub(crate) fn trust(input: &[u8]) {
    if let Ok(root) = TrustedRoot::parse(input) {
        assert_eq!(TrustedRoot::parse(root.write().as_bytes()).as_ref(), Ok(&root));
        for log in root.logs.iter().chain(&root.certificate_logs) {
            let _ = log.usable();
        }
        for authority in root.certificate_authorities.iter().chain(&root.timestamp_authorities) {
            let _ = (authority.usable(), authority.operator_or_uri());
        }
    }
    if let Ok(config) = SigningConfig::parse(input) {
        assert_eq!(SigningConfig::parse(config.write().as_bytes()).as_ref(), Ok(&config));
    }
    if let Ok(config) = ClientTrustConfig::parse(input) {
        assert_eq!(ClientTrustConfig::parse(config.write().as_bytes()).as_ref(), Ok(&config));
    }
    if let Ok(keys) = NpmKeys::parse(input) {
        assert_eq!(NpmKeys::parse(keys.write().as_bytes()).as_ref(), Ok(&keys));
    }
}

/// in-toto statements.
pub(crate) fn statement(input: &[u8]) {
    let Ok(statement) = Statement::parse(input) else { return };
    for digest in statement.subjects.iter().flat_map(|subject| &subject.digests) {
        let _ = digest.digest();
    }
    if let Some(predicate) = statement.predicate {
        let limits = sealwax_json::Limits::of_bytes(input.len());
        assert!(
            sealwax_json::check(predicate.as_bytes(), &limits).is_ok(),
            "the predicate is not one JSON value"
        );
    }
}

/// Leaves of Rekor v1 and v2.
pub(crate) fn body(input: &[u8]) {
    if let Ok(body) = EntryBody::parse(input) {
        let (kind, version) = body.kind_version();
        assert_eq!(EntryBody::peek(input), Ok((kind.to_owned(), version.to_owned())));
        let _ = body.is_rekor_v2();
    }
}
