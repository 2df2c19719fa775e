//! Log entries that are valid for something else.

use super::*;

/// Number 2: A log entry that is valid, but for another digest, signature or key; a bare key in the certificate's place.
/// (vulndb#4309, cosign#5041, CVE-2022-36056)
#[test]
fn a_valid_log_entry_for_something_else_is_refused() {
    let instance = Instance::usual();
    let stranger = instance.sign_message(b"another artifact", &SignOptions::rekor_v1());
    let other_leaf = stranger.leaf.clone().unwrap();
    for (kind, options) in [
        (EntryKind::HashedRekordV001, SignOptions::rekor_v1()),
        (EntryKind::HashedRekordV002, SignOptions::rekor_v2()),
    ] {
        let options = options.entry_kind(kind);
        let what = format!("{kind:?}");
        accepts(&instance, &what, &options);
        let other_digest = options.clone().on_entry(|entry| {
            entry.digest = sealwax_crypto::sha256(b"another artifact").to_vec();
        });
        refuses(&instance, &what, &other_digest, &["log.content"]);
        let signature = stranger.signature.clone();
        let other_signature = options.clone().on_entry(move |entry| entry.signature = signature.clone());
        refuses(&instance, &what, &other_signature, &["log.signature"]);
        let leaf = other_leaf.clone();
        let other_certificate =
            options.clone().on_entry(move |entry| entry.verifier = Logged::Certificate(leaf.clone()));
        refuses(&instance, &what, &other_certificate, &["log.verifier"]);
        refuses(&instance, &what, &with_bare_key(options), &["log.verifier"]);
    }
    for kind in [EntryKind::DsseV001, EntryKind::IntotoV002] {
        let options = SignOptions::rekor_v1().entry_kind(kind);
        let what = format!("{kind:?}");
        let other_payload = options.clone().on_entry(|entry| entry.payload.push(b' '));
        refuses_attestation(&instance, &what, &other_payload, &["log.content"]);
        refuses_attestation(&instance, &what, &with_bare_key(options), &["log.verifier"]);
    }

    // A whole entry out of another bundle of the same signer and log: everything in it verifies, and nothing is ours.
    let ours = instance.sign_message(ARTIFACT, &SignOptions::rekor_v1());
    let mut swapped = ours.clone();
    swapped.bundle["verificationMaterial"]["tlogEntries"] =
        stranger.bundle["verificationMaterial"]["tlogEntries"].clone();
    let all = ["log.content", "log.signature", "log.verifier"];
    assert_eq!(verdict(&instance, &swapped), failing(&all));
}

/// The entry names the key of the leaf instead of the leaf.
fn with_bare_key(options: SignOptions) -> SignOptions {
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let spki = signer.spki().to_vec();
    options
        .with_leaf(|leaf| LeafOptions { signer: Some(signer), ..leaf })
        .on_entry(move |entry| entry.verifier = Logged::PublicKey(spki.clone()))
}
