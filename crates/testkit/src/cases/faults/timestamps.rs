//! RFC 3161 tokens and their authorities.

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::KeyKind;

use super::Change;
use crate::{
    Instance, SIGNED_AT, Window,
    authority::AuthorityOptions,
    cases::Cases,
    certificate::{CertificateDraft, oids},
    options::SignOptions,
    timestamp::{MessageDigest, SigningCertificateAttribute, TimestampDraft},
    timestamp_authority::TimestampAuthorityOptions,
};

const V2: fn() -> SignOptions = SignOptions::rekor_v2;

/// The token itself. The authority is the trusted one as a rule.
pub(super) fn token(cases: &mut Cases, twin: &Instance) {
    let world = Instance::usual();
    cases.turn_to(&world);
    let changes: [Change<TimestampDraft>; 14] = [
        ("timestamp over other bytes", |stamp| stamp.message.push(0)),
        ("timestamp with an imprint too short", |stamp| stamp.imprint = Some(vec![7; 20])),
        ("timestamp that was rejected", |stamp| stamp.status = 2),
        ("timestamp that waits", |stamp| stamp.status = 3),
        ("timestamp with another content type", |stamp| stamp.content_type = "1.2.840.113549.1.7.1".into()),
        ("timestamp with another content type attribute", |stamp| {
            stamp.content_type_attribute = Some("1.2.840.113549.1.7.1".into());
        }),
        ("timestamp without content type attribute", |stamp| stamp.content_type_attribute = None),
        ("timestamp with another message digest", |stamp| {
            stamp.message_digest = MessageDigest::Other(vec![7; 48]);
        }),
        ("timestamp without message digest", |stamp| stamp.message_digest = MessageDigest::Absent),
        ("timestamp without ESSCertID", |stamp| {
            stamp.signing_certificate = SigningCertificateAttribute::Absent;
        }),
        ("timestamp with ESSCertIDv2 of another certificate", |stamp| {
            stamp.signing_certificate = SigningCertificateAttribute::V2Of(b"another".to_vec());
        }),
        ("timestamp with ESSCertID of another certificate", |stamp| {
            stamp.signing_certificate = SigningCertificateAttribute::V1Of(b"another".to_vec());
        }),
        ("timestamp without signed attributes", |stamp| stamp.without_attributes = true),
        ("timestamp with a corrupted signature", |stamp| stamp.signature = Some(vec![7; 100])),
    ];
    for (name, change) in changes {
        cases.message(name, &V2().on_timestamp(change));
    }
    cases.message("timestamp with two signers", &V2().on_timestamp(|stamp| stamp.signer_infos = 2));
    cases.message("timestamp without signers", &V2().on_timestamp(|stamp| stamp.signer_infos = 0));
    cases.message(
        "timestamp whose signer is named otherwise",
        &V2().on_timestamp(|stamp| {
            stamp.issuer_and_serial = Some((stamp.certificate.issuer.clone(), vec![7]));
        }),
    );
    cases.message(
        "timestamp cut short",
        &V2().on_timestamp_response(|response| {
            response.pop();
        }),
    );
    cases.message("timestamp with bytes behind it", &V2().on_timestamp_response(|response| response.push(0)));

    let impostor = twin.timestamp_authorities[0].certificate.clone();
    let key = impostor.signer.clone();
    cases.message(
        "timestamp by another key",
        &V2().on_timestamp(move |stamp| stamp.certificate.signer = key.clone()),
    );
    let unknown = impostor.clone();
    cases.message("timestamp of an unknown authority with its certificate", &{
        V2().on_timestamp(move |stamp| stamp.sign_as(&unknown))
    });
    cases.message(
        "timestamp of an unknown authority without certificate",
        &V2().on_timestamp(move |stamp| {
            stamp.sign_as(&impostor);
            stamp.embedded.clear();
        }),
    );
    cases.message("no timestamp", &V2().timestamps(&[]));
    cases.message(
        "33 timestamps",
        &V2().on_bundle(|bundle| {
            let timestamps =
                &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
            *timestamps = vec![timestamps[0].clone(); 33].into();
        }),
    );

    let chain = TimestampAuthorityOptions::default()
        .keys(&[KeyKind::EcdsaP384; 3])
        .leaf_not_in_trusted_root()
        .with_authority(|authority| {
            authority.on_certificate(|_, draft| draft.set_extended_key_usage(true, &[oids::TIME_STAMPING]))
        })
        .build();
    let ca = chain.certificate_authority_as_signer();
    cases.turn_to(&Instance { timestamp_authorities: vec![Arc::new(chain)], ..world.clone() });
    cases.message("timestamp signed by a CA", &V2().on_timestamp(move |stamp| stamp.sign_as(&ca)));
    cases.message("timestamp without the certificate that the trusted root lacks too", &{
        V2().on_timestamp(|stamp| stamp.embedded.clear())
    });
    let sibling = TimestampAuthorityOptions::default().build();
    let authority = sibling.authority.clone();
    let other_leaf = crate::signer::Signer::generate(KeyKind::EcdsaP384);
    let always = Window::always();
    let mut draft = authority.leaf(other_leaf.spki(), always.start.unwrap(), always.end.unwrap());
    draft.set_key_usage(&[0]);
    draft.set_extended_key_usage(true, &[oids::TIME_STAMPING]);
    let second = crate::timestamp_authority::SigningCertificate {
        der: draft.sign(),
        issuer: draft.issuer.clone(),
        serial: draft.serial.clone(),
        signer: other_leaf,
    };
    cases.turn_to(&Instance { timestamp_authorities: vec![Arc::new(sibling)], ..world });
    cases.message("timestamp by a sibling of the leaf in the trusted root", &{
        V2().on_timestamp(move |stamp| stamp.sign_as(&second))
    });
}

/// The authority: its windows and its certificates.
pub(super) fn authority(cases: &mut Cases) {
    let options = TimestampAuthorityOptions::default;
    let ended = Window::until(SIGNED_AT - SignedDuration::from_secs(1));
    let to_come = Window::between(SIGNED_AT + SignedDuration::from_secs(6), Window::always().end.unwrap());
    let leaf = |change: fn(&mut CertificateDraft)| options().on_certificate(change);
    let intermediate = |change: fn(&mut CertificateDraft)| {
        options().keys(&[KeyKind::EcdsaP384; 3]).with_authority(move |authority| {
            authority.on_certificate(move |level, draft| {
                if level == 1 {
                    change(draft);
                }
            })
        })
    };
    let of_chain = |window: Window| {
        options().with_authority(move |authority: AuthorityOptions| authority.validity(window))
    };
    let authorities = [
        ("stamped after the authority ended in the trusted root", {
            options().with_authority(move |authority| authority.valid_for(ended))
        }),
        ("stamped before the authority began in the trusted root", {
            options().with_authority(move |authority| authority.valid_for(to_come))
        }),
        ("stamped after the signing certificate ended", options().validity(ended)),
        ("stamped before the signing certificate began", options().validity(to_come)),
        ("stamped after the authority's root ended", of_chain(ended)),
        (
            "stamping certificate for code",
            leaf(|draft| draft.set_extended_key_usage(true, &[oids::CODE_SIGNING])),
        ),
        ("stamping certificate for code too", {
            leaf(|draft| draft.set_extended_key_usage(true, &[oids::TIME_STAMPING, oids::CODE_SIGNING]))
        }),
        ("stamping certificate without extended key usage", {
            leaf(|draft| draft.remove_extension(oids::EXTENDED_KEY_USAGE))
        }),
        ("stamping certificate whose purpose is not critical", {
            leaf(|draft| draft.set_extended_key_usage(false, &[oids::TIME_STAMPING]))
        }),
        ("stamping certificate that is a CA", leaf(|draft| draft.set_basic_constraints(true, None))),
        ("stamping certificate with an unknown critical extension", {
            leaf(|draft| draft.add_extension(oids::UNKNOWN, true, crate::der::null()))
        }),
        ("stamping intermediate for code", {
            intermediate(|draft| draft.set_extended_key_usage(false, &[oids::CODE_SIGNING]))
        }),
        ("stamping intermediate that is not a CA", {
            intermediate(|draft| draft.set_basic_constraints(false, None))
        }),
    ];
    for (name, options) in authorities {
        let instance =
            Instance { timestamp_authorities: vec![Arc::new(options.build())], ..Instance::usual() };
        cases.turn_to(&instance);
        cases.message(name, &V2());
    }
}
