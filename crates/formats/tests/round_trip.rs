//! `parse(write(x)) == x` for arbitrary values, and no parser panics on whatever comes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sealwax_crypto::{Digest, HashAlgorithm, KeyDetails};
use sealwax_formats::*;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..most)
}

fn digest() -> impl Strategy<Value = Digest> {
    (prop::sample::select(HashAlgorithm::ALL.to_vec()), any::<[u8; 64]>())
        .prop_map(|(algorithm, bytes)| Digest::new(algorithm, &bytes[..algorithm.output_len()]).unwrap())
}

prop_compose! {
    fn proof()(
        log_index in 0..=i64::MAX.unsigned_abs(), tree_size in 0..=i64::MAX.unsigned_abs(), root_hash: [u8; 32],
        hashes in vec(any::<[u8; 32]>(), 0..64), checkpoint in option::of(".{1,40}"),
    ) -> InclusionProof {
        InclusionProof { log_index, root_hash, tree_size, hashes, checkpoint }
    }
}

prop_compose! {
    fn entry()(
        log_index in 0..=i64::MAX.unsigned_abs(), log_id in bytes(40), kind in ".{1,12}", version in ".{1,6}",
        integrated_time in option::of(1..=i64::MAX), inclusion_promise in option::of(bytes(80)),
        inclusion_proof in option::of(proof()), canonicalized_body in bytes(200),
    ) -> LogEntry {
        LogEntry {
            log_index, log_id, kind, version, integrated_time, inclusion_promise, inclusion_proof, canonicalized_body,
        }
    }
}

fn material() -> impl Strategy<Value = Material> {
    let chain = (bytes(50), vec(bytes(50), 0..4)).prop_map(|(leaf, others)| Material::Certificate {
        leaf,
        others,
        form: CertificateForm::Chain,
    });
    let single = bytes(50).prop_map(|leaf| Material::Certificate {
        leaf,
        others: Vec::new(),
        form: CertificateForm::Single,
    });
    prop_oneof![chain, single, ".*".prop_map(|hint| Material::PublicKey { hint })]
}

fn content() -> impl Strategy<Value = Content> {
    let message = (option::of(digest()), bytes(80))
        .prop_map(|(digest, signature)| Content::Message { digest, signature });
    let signature =
        (".{0,10}", vec(any::<u8>(), 0..80)).prop_map(|(keyid, sig)| EnvelopeSignature { keyid, sig });
    let envelope = (".*", vec(any::<u8>(), 0..300), vec(signature, 0..4)).prop_map(
        |(payload_type, payload, signatures)| Content::Dsse(Envelope { payload_type, payload, signatures }),
    );
    prop_oneof![message, envelope]
}

prop_compose! {
    fn bundle()(
        version in prop::sample::select(vec![BundleVersion::V01, BundleVersion::V02, BundleVersion::V03]),
        material in material(), log_entries in vec(entry(), 0..4), timestamps in vec(vec(any::<u8>(), 0..80), 0..4),
        content in content(),
    ) -> Bundle {
        Bundle { version, material, log_entries, timestamps, content }
    }
}

fn instant() -> impl Strategy<Value = jiff::Timestamp> {
    // RFC 3339 has four digits for the year.
    (-62_135_596_800..253_402_207_200_i64, 0..1_000_000_000)
        .prop_map(|(second, nano)| jiff::Timestamp::new(second, nano).unwrap())
}

fn time_range() -> impl Strategy<Value = TimeRange> {
    (option::of(instant()), option::of(instant())).prop_map(|(start, end)| TimeRange { start, end })
}

fn key() -> impl Strategy<Value = KeyMaterial> {
    let details = prop_oneof![
        prop::sample::select(KeyDetails::ALL.to_vec()).prop_map(KeyDetailsField::Known),
        "FUTURE_[A-Z]{1,8}".prop_map(KeyDetailsField::Unknown),
        (1_000..i32::MAX).prop_map(|n| KeyDetailsField::Unknown(n.to_string())),
    ];
    (vec(any::<u8>(), 0..60), details, option::of(time_range()))
        .prop_map(|(raw, details, range)| KeyMaterial::new(raw, details, range))
}

fn log() -> impl Strategy<Value = TransparencyLog> {
    let hash = prop_oneof![
        Just(HashField::Unspecified),
        prop::sample::select(HashAlgorithm::ALL.to_vec()).prop_map(HashField::Known),
        "SHA9_[0-9]{3}".prop_map(HashField::Unknown),
    ];
    (".*", hash, option::of(key()), option::of(bytes(40)), option::of(bytes(5)), ".*").prop_map(
        |(base_url, hash_algorithm, public_key, log_id, checkpoint_key_id, operator)| TransparencyLog {
            base_url,
            hash_algorithm,
            public_key,
            log_id,
            checkpoint_key_id,
            operator,
        },
    )
}

fn authority() -> impl Strategy<Value = CertificateAuthority> {
    let subject =
        (".*", ".*").prop_map(|(organization, common_name)| DistinguishedName { organization, common_name });
    (subject, ".*", vec(bytes(60), 0..4), option::of(time_range()), ".*").prop_map(
        |(subject, uri, cert_chain, valid_for, operator)| CertificateAuthority {
            subject,
            uri,
            cert_chain,
            valid_for,
            operator,
        },
    )
}

prop_compose! {
    fn trusted_root()(
        version in prop::sample::select(vec![TrustedRootVersion::V01, TrustedRootVersion::V02]),
        logs in vec(log(), 0..3), certificate_authorities in vec(authority(), 0..3),
        certificate_logs in vec(log(), 0..3), timestamp_authorities in vec(authority(), 0..3),
    ) -> TrustedRoot {
        TrustedRoot { version, logs, certificate_authorities, certificate_logs, timestamp_authorities }
    }
}

fn service() -> impl Strategy<Value = Service> {
    (".{1,20}", any::<u32>(), option::of(time_range()), ".*").prop_map(
        |(url, major_api_version, valid_for, operator)| Service {
            url,
            major_api_version,
            valid_for,
            operator,
        },
    )
}

fn configuration() -> impl Strategy<Value = ServiceConfiguration> {
    let selector = prop_oneof![
        prop::sample::select(vec![Selector::Undefined, Selector::All, Selector::Any, Selector::Exact]),
        "SOME_[A-Z]{1,4}".prop_map(Selector::Unknown),
    ];
    (selector, any::<u32>()).prop_map(|(selector, count)| ServiceConfiguration { selector, count })
}

prop_compose! {
    fn signing_config()(
        ca_urls in vec(service(), 0..3), oidc_urls in vec(service(), 0..3), rekor_tlog_urls in vec(service(), 0..3),
        rekor_tlog_config in option::of(configuration()), tsa_urls in vec(service(), 0..3),
        tsa_config in option::of(configuration()),
    ) -> SigningConfig {
        SigningConfig {
            version: SigningConfigVersion::V02,
            ca_urls, oidc_urls, rekor_tlog_urls, rekor_tlog_config, tsa_urls, tsa_config,
        }
    }
}

proptest! {
    #[test]
    fn bundles(bundle in bundle()) {
        let text = bundle.write();
        let read = Bundle::parse(text.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&bundle));
        prop_assert_eq!(Bundle::parse(text.as_bytes()).unwrap().write(), text);
        // Every conversion that succeeds has the form of its version, and reads back.
        for converted in [bundle.to_v01(), bundle.to_v03()].into_iter().flatten() {
            prop_assert_eq!(converted.check_form(), Ok(()));
            prop_assert_eq!(Bundle::parse(converted.write().as_bytes()), Ok(converted));
        }
    }

    #[test]
    fn trusted_roots(root in trusted_root()) {
        let text = root.write();
        let read = TrustedRoot::parse(text.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&root));
        for log in root.logs.iter().chain(&root.certificate_logs) {
            prop_assert!(log.usable().is_err() || log.public_key.is_some());
        }
    }

    #[test]
    fn client_trust_configs(trusted_root in trusted_root(), signing_config in signing_config()) {
        let config = ClientTrustConfig { trusted_root, signing_config };
        let text = config.write();
        prop_assert_eq!(ClientTrustConfig::parse(text.as_bytes()), Ok(config));
    }

    #[test]
    fn damaged(bundle in bundle(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = bundle.write().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        if let Ok(read) = Bundle::parse(&text) {
            prop_assert_eq!(Bundle::parse(read.write().as_bytes()), Ok(read));
        }
        drop(readers::read(&text));
        drop(readers::read(&text[..at]));
    }

    /// A streamed statement is no laxer than the whole text read as JSON.
    #[test]
    fn statements(text in r#"\{"_type":"https://in-toto.io/Statement/v1"(,"(subject|predicate|predicateType|a)":(\[\{"name":"x","digest":\{("sha256":"00",?){0,2}\}\}\]|null|""|\{("a":1,?){0,2}\}|\[1\])){0,3}\}"#) {
        let limits = sealwax_json::Limits::of_bytes(1 << 16);
        let whole = sealwax_json::parse(text.as_bytes(), &limits);
        if let Ok(statement) = Statement::parse(text.as_bytes()) {
            prop_assert!(whole.is_ok(), "{}", text);
            let value = whole.unwrap();
            let predicate = value.member("predicate").filter(|p| !p.is_null());
            let read = statement.predicate.map(|p| sealwax_json::parse(p.as_bytes(), &limits).unwrap());
            prop_assert_eq!(read.as_ref(), predicate);
            let subjects = value.member("subject").and_then(|s| s.as_array()).map_or(0, <[_]>::len);
            prop_assert_eq!(statement.subjects.len(), subjects);
        }
    }

    #[test]
    fn anything(bytes in vec(any::<u8>(), 0..200)) {
        drop(Bundle::parse(&bytes));
        drop(EntryBody::parse(&bytes));
        drop(Statement::parse(&bytes));
        drop(readers::read(&bytes));
        let parts = readers::DetachedParts {
            signature: &bytes, certificate: Some(&bytes), rekor_entry: Some(&bytes), timestamps: &[&bytes],
        };
        drop(readers::detached(&parts));
    }
}
