//! Established times, the windows of keys, and the age of the trust.

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::KeyKind;
use sealwax_testkit::{
    Evidence, Instance, ManagedKey, SIGNED_AT, SignOptions, TimestampAuthorityOptions, Window,
    timestamp::MessageDigest,
};
use sealwax_verify::CheckId;

use crate::scenario::{ARTIFACT, NOW, Scenario};
use crate::{Fixture, fails};

const V1: fn() -> SignOptions = SignOptions::rekor_v1;
const V2: fn() -> SignOptions = SignOptions::rekor_v2;

/// What every timestamp is expected to be.
const STAMP: &str = "a timestamp over the signature by a trusted authority";

pub(crate) fn fixtures() -> Vec<Fixture> {
    let instance = Instance::usual();
    [times(&instance), keys(&instance), age(&instance)].into_iter().flatten().collect()
}

fn message(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_message(ARTIFACT, options))
}

fn times(instance: &Instance) -> Vec<Fixture> {
    let none_under = |what: &'static str, instance: &Instance, options: &SignOptions| {
        fails(
            CheckId::TimeEstablished,
            what,
            message(instance, options),
            "at least one time that a trusted timestamp authority or log has signed",
            "none",
        )
        .not_run(CheckId::CertificateTime, "time.established did not pass")
    };
    let none = |what: &'static str, options: &SignOptions| none_under(what, instance, options);
    let stamped_by = |authority: TimestampAuthorityOptions| {
        let timestamp_authorities = vec![Arc::new(authority.build())];
        let instance = Instance { timestamp_authorities, ..instance.clone() };
        none_under("a timestamp after the end of its authority", &instance, &V2())
    };
    let another = Instance::usual().timestamp_authorities[0].certificate.clone();
    let before = Window::until(SIGNED_AT - SignedDuration::from_secs(1));
    let ended =
        stamped_by(TimestampAuthorityOptions::default().with_authority(|chain| chain.valid_for(before)));
    let expired = stamped_by(TimestampAuthorityOptions::default().validity(before));
    vec![
        ended.skipped(
            CheckId::Timestamp,
            0,
            STAMP,
            "https://timestamp.sealwax.test/api/v1/timestamp is trusted 2025-01-01T00:00:00Z to \
             2026-03-01T11:59:59Z, not at 2026-03-01T12:00:05Z",
        ),
        expired.skipped(CheckId::Timestamp, 0, STAMP, "*2026-03-01T11:59:59Z, not at 2026-03-01T12:00:05Z"),
        none("a v2 entry without a timestamp", &V2().timestamps(&[])),
        none("an integrated time that nobody signed", &V1().evidence(Evidence::ProofOnly)),
        none("a timestamp over other bytes", &V2().on_timestamp(|stamp| stamp.message.push(0))).skipped(
            CheckId::Timestamp,
            0,
            STAMP,
            "the time stamp is of sha256:*, not of sha256:*",
        ),
        none(
            "a timestamp whose digest of the content is wrong",
            &V2().on_timestamp(|stamp| stamp.message_digest = MessageDigest::Other(vec![7; 48])),
        )
        .skipped(
            CheckId::Timestamp,
            0,
            STAMP,
            "the signed message digest is not that of the content",
        ),
        none("a timestamp of an unknown authority", &V2().on_timestamp(move |stamp| stamp.sign_as(&another)))
            .skipped(CheckId::Timestamp, 0, STAMP, "the signer is not a certificate of this authority"),
        none("a timestamp that is none", &V2().on_timestamp_response(|response| response.truncate(99)))
            .skipped(
                CheckId::Timestamp,
                0,
                STAMP,
                "malformed time-stamp response: truncated value at byte 0",
            ),
    ]
}

fn keys(instance: &Instance) -> Vec<Fixture> {
    let with_key = |valid_for: Window| {
        let key = ManagedKey { valid_for, ..ManagedKey::new(KeyKind::EcdsaP256) };
        Instance { managed_keys: vec![Arc::new(key)], ..instance.clone() }
    };
    let ended = with_key(Window::until(SIGNED_AT - SignedDuration::from_secs(1)));
    let usual = with_key(Window::from_start());
    vec![
        fails(
            CheckId::KeyWindow,
            "signed after the key's window",
            message(&ended, &V1().managed_key(0)),
            "every established time in the key's window",
            "2026-03-01T12:00:05Z is not in 2025-01-01T00:00:00Z to 2026-03-01T11:59:59Z",
        ),
        fails(
            CheckId::KeyWindow,
            "a window without a start",
            message(&usual, &V1().managed_key(0)).with(|scenario| {
                scenario.keys["keys"][0]["publicKey"]["validFor"] =
                    serde_json::json!({"end": "2035-01-01T00:00:00Z"});
            }),
            "every established time in the key's window",
            "a window without a start, which makes the key unusable",
        ),
        fails(
            CheckId::TimeEstablished,
            "a key with a window, and no time",
            message(&usual, &V1().managed_key(0).evidence(Evidence::ProofOnly)),
            "at least one time that a trusted timestamp authority or log has signed",
            "none",
        ),
    ]
}

fn age(instance: &Instance) -> Vec<Fixture> {
    vec![fails(
        CheckId::TrustAge,
        "trust material of eight days ago",
        message(instance, &V1()).with(|scenario| {
            scenario.as_of = NOW - SignedDuration::from_hours(8 * 24);
            scenario.policy.max_trust_age = Some(SignedDuration::from_hours(7 * 24));
        }),
        "trust material no older than 168h",
        "192h old",
    )]
}
