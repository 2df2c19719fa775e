//! The leaf, the chain above it, and its SCTs.

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::KeyKind;

use super::Change;
use crate::{
    Instance, SIGNED_AT, Window,
    authority::AuthorityOptions,
    cases::Cases,
    certificate::{CertificateDraft, GeneralName, key_usage, oids},
    certificate_log::CertificateLog,
    der,
    leaf::{IDENTITY, ISSUER},
    options::SignOptions,
};

const V1: fn() -> SignOptions = SignOptions::rekor_v1;

/// The leaf: who issued it, when, and what it says.
pub(super) fn leaf(cases: &mut Cases, twin: &Instance) {
    let world = Instance::usual();
    cases.turn_to(&world);

    let impostor = twin.authorities[0].issuing().signer.clone();
    cases.message("leaf signed by another key of the issuer's name", &{
        V1().on_final_certificate(move |leaf| leaf.signer = impostor.clone())
    });
    let stranger = Instance {
        authorities: vec![Arc::new(AuthorityOptions::default().named("stranger.test", "stranger").build())],
        ..world.clone()
    };
    cases.message_of(&stranger, "leaf of an unknown authority", &V1());
    cases
        .message("leaf with a corrupted signature", &{ V1().on_leaf(|leaf| *leaf.last_mut().unwrap() ^= 1) });
    let after = SIGNED_AT + SignedDuration::from_secs(6);
    cases.message("leaf expired when integrated", &{ V1().with_leaf(|leaf| leaf.valid(SIGNED_AT, 4)) });
    cases.message("leaf not yet valid when integrated", &V1().with_leaf(|leaf| leaf.valid(after, 600)));
    let v2 = SignOptions::rekor_v2();
    cases.message("leaf expired when stamped", &v2.clone().with_leaf(|leaf| leaf.valid(SIGNED_AT, 4)));
    cases.message("leaf not yet valid when stamped", &v2.clone().with_leaf(|leaf| leaf.valid(after, 600)));
    cases.message("leaf expired at the second of two times", &{
        V1().timestamps(&[0]).stamped_at(SIGNED_AT + SignedDuration::from_mins(11))
    });

    let uri = || GeneralName::Uri(IDENTITY.into());
    cases.message("leaf with two names", &{
        V1().with_leaf(|leaf| leaf.names([uri(), GeneralName::Email("me@sealwax.test".into())]))
    });
    cases.message("leaf without a name", &{
        V1().on_certificate(|leaf| leaf.remove_extension(oids::SUBJECT_ALTERNATIVE_NAME))
    });
    cases
        .message("leaf of another identity", &{
            V1().with_leaf(|leaf| leaf.names([GeneralName::Uri("https://github.com/mallory/demo".into())]))
        })
        .made
        .identity = Some(IDENTITY.into());
    cases
        .message("leaf whose identity has a suffix", &{
            V1().with_leaf(|leaf| leaf.names([GeneralName::Uri(format!("{IDENTITY}-rc1"))]))
        })
        .made
        .identity = Some(IDENTITY.into());
    cases
        .message("leaf of another issuer", &{
            V1().with_leaf(|leaf| leaf.issuers(Some("https://mallory.test"), Some("https://mallory.test")))
        })
        .made
        .issuer = Some(ISSUER.into());
    cases.message("leaf whose issuers disagree", &{
        V1().with_leaf(|leaf| leaf.issuers(Some("https://mallory.test"), Some(ISSUER)))
    });
    cases.message("leaf without issuer", &V1().with_leaf(|leaf| leaf.issuers(None, None))).made.issuer =
        Some(ISSUER.into());

    let changes: [Change<CertificateDraft>; 11] = [
        ("leaf that is a CA", |leaf| leaf.set_basic_constraints(true, None)),
        ("leaf without key usage", |leaf| leaf.remove_extension(oids::KEY_USAGE)),
        ("leaf for key encipherment only", |leaf| leaf.set_key_usage(&[key_usage::KEY_ENCIPHERMENT])),
        ("leaf without extended key usage", |leaf| leaf.remove_extension(oids::EXTENDED_KEY_USAGE)),
        ("leaf for servers", |leaf| leaf.set_extended_key_usage(false, &[oids::SERVER_AUTH])),
        ("leaf for any purpose", |leaf| leaf.set_extended_key_usage(false, &[oids::ANY_EXTENDED_KEY_USAGE])),
        ("leaf with an unknown critical extension", |leaf| {
            leaf.add_extension(oids::UNKNOWN, true, der::null());
        }),
        ("leaf with key usage twice", |leaf| leaf.duplicate_extension(oids::KEY_USAGE)),
        ("leaf with an unknown extension twice", |leaf| {
            leaf.add_extension(oids::UNKNOWN, false, der::null());
            leaf.duplicate_extension(oids::UNKNOWN);
        }),
        ("leaf with issuer twice", |leaf| leaf.duplicate_extension("1.3.6.1.4.1.57264.1.8")),
        ("leaf with malformed issuer", |leaf| {
            leaf.set_extension("1.3.6.1.4.1.57264.1.8", false, ISSUER.as_bytes().to_vec());
        }),
    ];
    for (name, change) in changes {
        cases.message(name, &V1().on_certificate(change));
    }
}

/// The chain above the leaf.
pub(super) fn authority(cases: &mut Cases) {
    let options = AuthorityOptions::default;
    let before = SIGNED_AT - SignedDuration::from_secs(1);
    let after = SIGNED_AT + SignedDuration::from_secs(6);
    let intermediate = |change: fn(&mut CertificateDraft)| {
        options().on_certificate(move |level, draft| {
            if level == 1 {
                change(draft);
            }
        })
    };
    let root = |change: fn(&mut CertificateDraft)| {
        options().on_certificate(move |level, draft| {
            if level == 0 {
                change(draft);
            }
        })
    };
    let authorities = [
        ("authority no longer valid in the trusted root", options().valid_for(Window::until(before))),
        ("authority not yet valid in the trusted root", options().valid_for(Window::since(after))),
        ("authority's chain expired", options().validity(Window::until(before))),
        ("intermediate expired", {
            intermediate(|draft| draft.not_after = SIGNED_AT - SignedDuration::from_secs(1))
        }),
        ("root expired", root(|draft| draft.not_after = SIGNED_AT - SignedDuration::from_secs(1))),
        ("intermediate not yet valid", {
            intermediate(|draft| draft.not_before = SIGNED_AT + SignedDuration::from_secs(6))
        }),
        ("intermediate that is not a CA", intermediate(|draft| draft.set_basic_constraints(false, None))),
        ("intermediate without basic constraints", {
            intermediate(|draft| draft.remove_extension(oids::BASIC_CONSTRAINTS))
        }),
        ("intermediate that may not sign certificates", {
            intermediate(|draft| draft.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]))
        }),
        ("intermediate for servers", {
            intermediate(|draft| draft.set_extended_key_usage(false, &[oids::SERVER_AUTH]))
        }),
        ("intermediate with an unknown critical extension", {
            intermediate(|draft| draft.add_extension(oids::UNKNOWN, true, der::null()))
        }),
        (
            "intermediate below a path length of none",
            root(|draft| draft.set_basic_constraints(true, Some(0))),
        ),
        ("intermediate that permits another domain only", {
            intermediate(|draft| draft.set_extension(oids::NAME_CONSTRAINTS, true, permitted("other.test")))
        }),
    ];
    for (name, options) in authorities {
        let instance = Instance { authorities: vec![Arc::new(options.build())], ..Instance::usual() };
        cases.turn_to(&instance);
        cases.message(name, &V1());
    }
    let instance = Instance::usual();
    cases.turn_to(&instance);
    let foreign = AuthorityOptions::default().build();
    cases.message("no authority in the trusted root is the issuer's", &V1()).trusted_root["certificateAuthorities"] =
        serde_json::json!([foreign.trusted_root_entry(None)]);
}

/// NameConstraints that permit URIs on one host only.
fn permitted(host: &str) -> Vec<u8> {
    der::sequence([der::context(0, [der::sequence([der::context_primitive(6, host)])])])
}

/// SCTs. Each time the leaf itself is as it should be.
pub(super) fn certificate_log(cases: &mut Cases, twin: &Instance) {
    let world = Instance::usual();
    cases.turn_to(&world);
    let twin_log = twin.certificate_logs[0].clone();
    let twin_key = twin_log.signer.clone();
    let twin_issuer = twin.authorities[0].issuing().signer.spki_sha256();

    cases.message("no SCT", &V1().with_leaf(|leaf| leaf.certificate_logs(&[])));
    let other_log = Instance { certificate_logs: vec![twin_log], ..world.clone() };
    cases.message_of(&other_log, "SCT of an unknown log only", &V1());
    cases.message("SCT by another key", &V1().on_scts(move |scts| scts[0].signer = twin_key.clone()));
    cases.message("SCT for another issuer", &V1().on_scts(move |scts| scts[0].issuer_key_hash = twin_issuer));
    cases.message("SCT for another certificate", &V1().on_scts(|scts| *scts[0].tbs.last_mut().unwrap() ^= 1));
    cases.message("SCT of another version", &V1().on_scts(|scts| scts[0].version = 1));
    cases.message(
        "SCT with another signature algorithm",
        &V1().on_scts(|scts| scts[0].signature_algorithm = 1),
    );
    cases.message("SCT with another hash", &V1().on_scts(|scts| scts[0].hash_algorithm = 2));
    cases.message(
        "SCT whose time was altered",
        &V1().on_final_certificate(|leaf| {
            // Two lengths of an OCTET STRING's header, two of the list, two of the SCT, version, log id.
            let value = &mut leaf.extension_mut(oids::SCT_LIST).unwrap().value;
            let header =
                value.len() - usize::from(u16::from_be_bytes([value[2], value[3]])).min(value.len() - 4);
            value[header + 2 + 1 + 32 + 7] ^= 1;
        }),
    );
    cases.message(
        "SCT list malformed",
        &V1().on_final_certificate(|leaf| {
            leaf.extension_mut(oids::SCT_LIST).unwrap().value.pop();
        }),
    );
    cases.message(
        "SCT list empty",
        &V1().on_final_certificate(|leaf| {
            leaf.set_extension(oids::SCT_LIST, false, der::octet_string([0, 0]));
        }),
    );
    cases.message(
        "SCT list twice",
        &V1().on_final_certificate(|leaf| leaf.duplicate_extension(oids::SCT_LIST)),
    );
    cases.message(
        "poisoned leaf",
        &V1().on_final_certificate(|leaf| {
            leaf.add_extension(oids::PRECERTIFICATE_POISON, true, der::null());
        }),
    );
    let windows = [
        ("SCT after the log's key ended", Window::until(SIGNED_AT - SignedDuration::from_secs(1))),
        ("SCT before the log's key began", Window::since(SIGNED_AT + SignedDuration::from_secs(1))),
    ];
    for (name, window) in windows {
        let log = CertificateLog::new(KeyKind::EcdsaP256).valid_for(window);
        cases.turn_to(&Instance { certificate_logs: vec![Arc::new(log)], ..world.clone() });
        cases.message(name, &V1());
    }
}
