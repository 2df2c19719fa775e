//! The leaf, its path and its SCTs; and whether it is one of those whom the policy names.

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::KeyKind;
use sealwax_testkit::{
    CertificateLog, Instance, SIGNED_AT, SignOptions, Window,
    authority::AuthorityOptions,
    certificate::{CertificateDraft, GeneralName, key_usage, oids},
    der,
    leaf::ISSUER,
};
use sealwax_verify::{CheckId, IdentityRule, IssuerRule, Match, Who};

use crate::scenario::{ARTIFACT, Scenario};
use crate::{Fixture, fails, fails_on_first};

const V1: fn() -> SignOptions = SignOptions::rekor_v1;

pub(crate) fn fixtures() -> Vec<Fixture> {
    let instance = Instance::usual();
    [profile(&instance), path(&instance), certificate_logs(&instance), identity(&instance)]
        .into_iter()
        .flatten()
        .collect()
}

fn message(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_message(ARTIFACT, options))
}

fn profile(instance: &Instance) -> Vec<Fixture> {
    let leaf = |change: fn(&mut CertificateDraft)| message(instance, &V1().on_certificate(change));
    let named = |names: Vec<GeneralName>| {
        // The identity to demand stays what it usually is: the bundle is refused before anybody asks for it.
        message(instance, &V1().with_leaf(|leaf| leaf.names(names))).with(|scenario| {
            scenario.policy.who = message(instance, &V1()).policy.who;
        })
    };
    vec![
        fails(
            CheckId::CertificateParse,
            "a byte behind the certificate",
            message(instance, &V1().on_leaf(|leaf| leaf.push(0))),
            "a readable certificate",
            "malformed certificate: trailing data at byte *",
        ),
        fails(
            CheckId::CertificateParse,
            "an extension twice",
            message(instance, &V1().on_final_certificate(|leaf| leaf.duplicate_extension(oids::KEY_USAGE))),
            "a readable certificate",
            "extension 2.5.29.15 occurs twice",
        ),
        fails(
            CheckId::CertificateNotCa,
            "a leaf that is a CA",
            leaf(|leaf| leaf.set_basic_constraints(true, None)),
            "not a CA",
            "the certificate is a CA",
        ),
        fails(
            CheckId::CertificateSan,
            "no name",
            named(Vec::new()),
            "exactly one subject alternative name, with text",
            "0 subject alternative names, not exactly one",
        ),
        fails(
            CheckId::CertificateSan,
            "two names",
            named(vec![
                GeneralName::Email("me@sealwax.test".into()),
                GeneralName::Uri("https://me.test".into()),
            ]),
            "exactly one subject alternative name, with text",
            "2 subject alternative names, not exactly one",
        ),
        fails(
            CheckId::CertificateSan,
            "a name that is no identity",
            named(vec![GeneralName::Raw(der::context_primitive(7, [127, 0, 0, 1]))]),
            "exactly one subject alternative name, with text",
            "a subject alternative name of kind iPAddress is not an identity",
        ),
        fails(
            CheckId::CertificateKeyUsage,
            "key usage without digitalSignature",
            leaf(|leaf| leaf.set_key_usage(&[key_usage::KEY_ENCIPHERMENT])),
            "key usage digitalSignature",
            "key usage without digitalSignature",
        ),
        fails(
            CheckId::CertificateKeyUsage,
            "no key usage",
            leaf(|leaf| leaf.remove_extension(oids::KEY_USAGE)),
            "key usage digitalSignature",
            "no key usage",
        ),
        fails(
            CheckId::CertificateExtendedKeyUsage,
            "a leaf for servers",
            leaf(|leaf| leaf.set_extended_key_usage(false, &[oids::SERVER_AUTH])),
            "extended key usage codeSigning",
            "extended key usage 1.3.6.1.5.5.7.3.1 without 1.3.6.1.5.5.7.3.3",
        ),
        fails(
            CheckId::CertificateExtendedKeyUsage,
            "no extended key usage",
            leaf(|leaf| leaf.remove_extension(oids::EXTENDED_KEY_USAGE)),
            "extended key usage codeSigning",
            "no extended key usage",
        ),
        fails(
            CheckId::CertificateExtensions,
            "an unknown critical extension",
            leaf(|leaf| leaf.add_extension(oids::UNKNOWN, true, der::null())),
            "no critical extension that is not understood",
            "critical extension 1.3.6.1.4.1.55555.1 is not understood",
        ),
        fails(
            CheckId::CertificateIssuerExtension,
            "two issuers",
            message(instance, &{
                V1().with_leaf(|leaf| leaf.issuers(Some("https://one.test"), Some("https://two.test")))
            }),
            "readable extensions, and one issuer",
            "the certificate names two issuers: .8 says \"https://two.test\", .1 says \"https://one.test\"",
        ),
        fails(
            CheckId::CertificateKey,
            "a key on a curve that nobody here knows",
            leaf(|leaf| {
                let secp256k1 = der::sequence([der::oid("1.2.840.10045.2.1"), der::oid("1.3.132.0.10")]);
                leaf.spki = der::sequence([secp256k1, der::bit_string([vec![4], vec![7; 64]].concat())]);
            }),
            "a key of a known kind",
            "unsupported elliptic curve 1.3.132.0.10",
        ),
    ]
}

fn path(instance: &Instance) -> Vec<Fixture> {
    let foreign = Instance {
        authorities: vec![Arc::new(AuthorityOptions::default().named("another.test", "another").build())],
        ..instance.clone()
    };
    let same_name =
        Instance { authorities: vec![Arc::new(AuthorityOptions::default().build())], ..instance.clone() };
    let under = |trusted: &Instance| {
        message(instance, &V1()).with(|scenario| scenario.trusted_root = trusted.trusted_root())
    };
    let issued_by = |options: AuthorityOptions| {
        let instance = Instance { authorities: vec![Arc::new(options.build())], ..instance.clone() };
        message(&instance, &V1())
    };
    let ended = Window::until(SIGNED_AT - SignedDuration::from_secs(1));
    let late = V1().integrated_at(SIGNED_AT + SignedDuration::from_secs(601));
    vec![
        fails(
            CheckId::CertificatePath,
            "no authority of that name",
            under(&foreign),
            "a path to a trusted authority",
            "no certificate of the authority is named CN=sealwax-test-intermediate,O=sealwax.test",
        )
        .not_run(CheckId::CertificateTime, "certificate.path did not pass"),
        fails(
            CheckId::CertificatePath,
            "an authority of that name with another key",
            under(&same_name),
            "a path to a trusted authority",
            "https://github.com/sealwax/demo/* is not signed by CN=sealwax-test-intermediate,O=sealwax.test: the \
             signature does not verify",
        )
        .not_run(CheckId::CertificateTime, "certificate.path did not pass"),
        fails(
            CheckId::CertificatePath,
            "an intermediate for servers",
            issued_by(AuthorityOptions::default().on_certificate(|level, draft| {
                if level == 1 {
                    draft.set_extended_key_usage(false, &[oids::SERVER_AUTH]);
                }
            })),
            "a path to a trusted authority",
            "CN=sealwax-test-intermediate,O=sealwax.test is not for 1.3.6.1.5.5.7.3.3",
        )
        .not_run(CheckId::CertificateTime, "certificate.path did not pass"),
        fails(
            CheckId::CertificateTime,
            "logged after the leaf ended",
            message(instance, &late),
            "valid at every established time",
            "certificate 0 of the path (https://github.com/sealwax/demo/*) is valid from 2026-03-01T12:00:00Z to \
             2026-03-01T12:10:00Z, not at 2026-03-01T12:10:01Z",
        ),
        fails(
            CheckId::CertificateTime,
            "signed after the authority's window in the trusted root",
            issued_by(AuthorityOptions::default().valid_for(ended)),
            "valid at every established time",
            "the authority https://fulcio.sealwax.test is trusted 2025-01-01T00:00:00Z to 2026-03-01T11:59:59Z, not at \
             2026-03-01T12:00:05Z",
        ),
        fails(
            CheckId::CertificateTime,
            "signed after the intermediate ended",
            issued_by(AuthorityOptions::default().on_certificate(|level, draft| {
                if level == 1 {
                    draft.not_after = SIGNED_AT - SignedDuration::from_secs(1);
                }
            })),
            "valid at every established time",
            "certificate 1 of the path (CN=sealwax-test-intermediate,O=sealwax.test) is valid from \
             2025-01-01T00:00:00Z to 2026-03-01T11:59:59Z, not at 2026-03-01T12:00:05Z",
        ),
    ]
}

fn certificate_logs(instance: &Instance) -> Vec<Fixture> {
    let another_key = CertificateLog::new(KeyKind::EcdsaP256).signer;
    let unknown = Instance {
        certificate_logs: vec![Arc::new(CertificateLog::new(KeyKind::EcdsaP256))],
        ..instance.clone()
    };
    let ended = Instance {
        certificate_logs: vec![Arc::new(
            CertificateLog::new(KeyKind::EcdsaP256)
                .valid_for(Window::until(SIGNED_AT - SignedDuration::from_secs(1))),
        )],
        ..instance.clone()
    };
    vec![
        fails_on_first(
            CheckId::CertificateTimestamp,
            "an SCT by another key",
            message(instance, &V1().on_scts(move |scts| scts[0].signer = another_key.clone())),
            "a verified SCT of a trusted log",
            "the signature does not verify",
        ),
        fails_on_first(
            CheckId::CertificateTimestamp,
            "an SCT after the window of the log's key",
            message(&ended, &V1()),
            "a verified SCT of a trusted log",
            "the log https://ctfe.sealwax.test/2026 is trusted 2025-01-01T00:00:00Z to 2026-03-01T11:59:59Z, not \
             at 2026-03-01T12:00:00Z",
        ),
        fails(
            CheckId::CertificateTimestamp,
            "a list of SCTs that cannot be read",
            message(instance, &{
                V1().on_final_certificate(|leaf| {
                    leaf.set_extension(oids::SCT_LIST, false, der::octet_string([0, 9, 0]));
                })
            }),
            "a readable list of SCTs",
            "malformed SCT list",
        ),
        fails(
            CheckId::CertificateTimestampRequired,
            "an SCT of an unknown log only",
            message(&unknown, &V1()).with(|scenario| scenario.trusted_root = instance.trusted_root()),
            "at least one verified SCT, since the trusted root lists certificate logs",
            "1 SCTs, none of a trusted log",
        )
        .skipped(
            CheckId::CertificateTimestamp,
            0,
            "a certificate log of the trusted root",
            "another log's",
        ),
        fails(
            CheckId::CertificateTimestampRequired,
            "no SCT",
            message(instance, &V1().with_leaf(|leaf| leaf.certificate_logs(&[]))),
            "at least one verified SCT, since the trusted root lists certificate logs",
            "0 SCTs, none of a trusted log",
        ),
    ]
}

fn identity(instance: &Instance) -> Vec<Fixture> {
    let demanding = |who: Who| message(instance, &V1()).with(|scenario| scenario.policy.who = who);
    let identity = "https://github.com/sealwax/demo/.github/workflows/release.yml@refs/tags/v1.0.0";
    let subject = Some(Match::Exact(identity.to_owned()));
    vec![
        fails(
            CheckId::Identity,
            "another identity",
            demanding(Who::Identities(vec![IdentityRule::exact("me@sealwax.test", ISSUER)])),
            "me@sealwax.test, issuer https://token.actions.githubusercontent.com",
            "https://github.com/sealwax/demo/.github/workflows/release.yml@refs/tags/v1.0.0 (issuer \
             https://token.actions.githubusercontent.com)",
        ),
        fails(
            CheckId::Identity,
            "another issuer",
            demanding(Who::Identities(vec![IdentityRule::exact(identity, "https://accounts.test")])),
            "https://github.com/sealwax/demo/*, issuer https://accounts.test",
            "https://github.com/sealwax/demo/* (issuer https://token.actions.githubusercontent.com)",
        ),
        fails(
            CheckId::Identity,
            "an issuer where none may be",
            demanding(Who::Identities(vec![IdentityRule {
                subject: subject.clone(),
                issuer: Some(IssuerRule::Absent),
                ..IdentityRule::default()
            }])),
            "https://github.com/sealwax/demo/*, no issuer",
            "https://github.com/sealwax/demo/* (issuer https://token.actions.githubusercontent.com)",
        ),
        fails(
            CheckId::Identity,
            "another repository, which the certificate does not name",
            demanding(Who::Identities(vec![IdentityRule {
                repository: Some(Match::Exact("https://github.com/sealwax/demo".into())),
                ..IdentityRule::exact(identity, ISSUER)
            }])),
            "*, issuer https://token.actions.githubusercontent.com, repository https://github.com/sealwax/demo",
            "* (issuer https://token.actions.githubusercontent.com), repository absent",
        ),
        fails(
            CheckId::Identity,
            "a rule that names nobody",
            demanding(Who::Identities(vec![IdentityRule::default()])),
            "a rule that names nobody",
            "https://github.com/sealwax/demo/* (issuer https://token.actions.githubusercontent.com)",
        ),
        fails(
            CheckId::Identity,
            "nobody is named",
            demanding(Who::Unnamed),
            "an identity that the policy names, and it names none",
            "https://github.com/sealwax/demo/* (issuer https://token.actions.githubusercontent.com)",
        ),
    ]
}
