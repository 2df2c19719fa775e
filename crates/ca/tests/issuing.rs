//! From an identity to a certificate, with logs that are honest, down, slow or lie.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Behaviour, authority, identity_in, key, log, named, now, person, scheme};
use jiff::{SignedDuration, Timestamp};
use sealwax_ca::{
    Authority, AuthorityError, CertificateLog, CtLogError, IssueError, IssuedCertificate, LinkCause,
    LintError, LogLies, ProvenKey, VALIDITY, create_intermediate, create_root, issue,
};
use sealwax_crypto::{KeyKind, Message, PublicKey, Scheme, SigningKey};
use sealwax_oidc::Identity;
use sealwax_pki::{Certificate, CertificateDraft, EndEntity, Name, NewExtension, SctError, oids};
use sealwax_signer::{Signer, SignerError};
use std::sync::Arc;

fn proven(identity: &Identity) -> ProvenKey {
    let key = key(KeyKind::EcdsaP256);
    let challenge = Message::Bytes(identity.challenge().as_bytes());
    let proof = key.sign(scheme(&key), challenge).unwrap();
    ProvenKey::by_challenge(key.public_key().clone(), &proof, identity).unwrap()
}

async fn issue_for(
    authority: &Authority,
    logs: &[CertificateLog],
    identity: &Identity,
) -> Result<IssuedCertificate, IssueError> {
    issue(authority, logs, identity, proven(identity), &now).await
}

#[tokio::test]
async fn a_certificate_of_every_kind_of_authority() {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Rsa { bits: 3072 }] {
        let (authority, log, identity) = (authority(kind), log(Behaviour::Honest), person());
        let issued = issue_for(&authority, std::slice::from_ref(&log), &identity).await.unwrap();
        let leaf = issued.certificate();
        let chain: Vec<_> = issued.chain().cloned().collect();
        assert_eq!((chain.len(), &chain[1..]), (3, authority.chain()));
        for pair in chain.windows(2) {
            pair[0].check_signature_by(pair[1].public_key().unwrap()).unwrap();
        }
        assert_eq!(leaf.not_before().as_second(), now().as_second());
        assert_eq!(leaf.not_before().duration_until(leaf.not_after()), VALIDITY);
        assert_eq!(EndEntity::code_signing(leaf).unwrap().name().unwrap().identity(), Some("ann@a.example"));
        assert!(leaf.serial().len() <= 20 && leaf.serial()[0] < 0x80 || leaf.serial().len() < 20);
        assert_eq!(leaf.extension(&oids::PRECERTIFICATE_POISON), None);
        let scts = leaf.embedded_scts().unwrap();
        assert_eq!((scts.len(), scts[0].leaf_index()), (1, Some(9)));
        scts[0].verify(leaf, &chain[1], &log.key).unwrap();
        let order: Vec<String> = leaf.extensions().map(|extension| extension.oid.to_string()).collect();
        let expected = [
            "2.5.29.15",
            "2.5.29.37",
            "2.5.29.14",
            "2.5.29.35",
            "2.5.29.17",
            "1.3.6.1.4.1.57264.1.1",
            "1.3.6.1.4.1.57264.1.8",
            "1.3.6.1.4.1.57264.1.24",
            "1.3.6.1.4.1.11129.2.4.2",
        ];
        assert_eq!(order, expected);
    }
}

#[tokio::test]
async fn no_two_serial_numbers_are_alike() {
    let (authority, logs, identity) = (authority(KeyKind::EcdsaP256), [log(Behaviour::Honest)], person());
    let mut serials = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let issued = issue_for(&authority, &logs, &identity).await.unwrap();
        assert!(issued.certificate().serial().len() > 16);
        assert!(serials.insert(issued.certificate().serial().to_vec()));
    }
}

#[tokio::test]
async fn several_logs_all_promise() {
    let (authority, identity) = (authority(KeyKind::EcdsaP256), person());
    let logs = [log(Behaviour::Honest), log(Behaviour::Honest)];
    let issued = issue_for(&authority, &logs, &identity).await.unwrap();
    let ids: Vec<[u8; 32]> =
        issued.certificate().embedded_scts().unwrap().iter().map(|sct| sct.log_id).collect();
    assert_eq!(ids, logs.each_ref().map(|log| log.key.spki_sha256()));
    let one_down = [logs[0].clone(), log(Behaviour::Down)];
    assert!(matches!(issue_for(&authority, &one_down, &identity).await, Err(IssueError::Log { .. })));
}

#[tokio::test]
async fn a_log_that_lies() {
    let (authority, identity) = (authority(KeyKind::EcdsaP256), person());
    let lies = async |behaviour: Behaviour| match issue_for(&authority, &[log(behaviour)], &identity)
        .await
        .unwrap_err()
    {
        IssueError::LogLies { log, cause } if log == "test log" => cause,
        other => panic!("{behaviour:?}: {other:?}"),
    };
    assert_eq!(lies(Behaviour::WrongLogId).await, LogLies::LogId { found: [7; 32] });
    for behaviour in [Behaviour::WrongKey, Behaviour::AnotherCertificate] {
        assert!(matches!(lies(behaviour).await, LogLies::Signature(SctError::Verify(_))), "{behaviour:?}");
    }
    let algorithm = lies(Behaviour::WrongAlgorithm).await;
    assert!(matches!(algorithm, LogLies::Signature(SctError::Algorithm { .. })));
    assert_eq!(lies(Behaviour::NoIndex).await, LogLies::NoLeafIndex);
    for difference in [60_001, -60_001, -1_000_000_000] {
        let timestamp_ms = u64::try_from(now().as_millisecond() + difference).unwrap();
        assert_eq!(lies(Behaviour::WrongTime(difference)).await, LogLies::Time { timestamp_ms });
    }
    for difference in [60_000, -60_000] {
        assert!(issue_for(&authority, &[log(Behaviour::WrongTime(difference))], &identity).await.is_ok());
    }
    let rfc_6962 = CertificateLog { writes_leaf_index: false, ..log(Behaviour::NoIndex) };
    assert!(issue_for(&authority, &[rfc_6962], &identity).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_says_nothing() {
    let (authority, identity) = (authority(KeyKind::EcdsaP256), person());
    let error = issue_for(&authority, &[log(Behaviour::Down)], &identity).await.unwrap_err();
    assert!(matches!(error, IssueError::Log { cause: CtLogError::Unreachable { .. }, .. }));
    let error = issue_for(&authority, &[log(Behaviour::Silent)], &identity).await.unwrap_err();
    assert!(matches!(error, IssueError::Log { cause: CtLogError::TimedOut { seconds: 15 }, .. }));
    assert!(matches!(issue_for(&authority, &[], &identity).await, Err(IssueError::NoLog)));
}

#[tokio::test]
async fn nothing_outlives_its_authority() {
    let (authority, logs, identity) = (authority(KeyKind::EcdsaP256), [log(Behaviour::Honest)], person());
    let at = |clock: Timestamp| issue_at(&authority, &logs, &identity, clock);
    let last = authority.chain()[0].not_after() - VALIDITY;
    for clock in [
        last + SignedDuration::from_secs(1),
        authority.chain()[0].not_before() - SignedDuration::from_secs(1),
    ] {
        assert!(matches!(at(clock).await, Err(IssueError::Lint(LintError::OutlivesAuthority))));
    }
    // In time for the authority; the log's clock is not ours by then.
    assert!(matches!(at(last).await, Err(IssueError::LogLies { cause: LogLies::Time { .. }, .. })));
}

async fn issue_at(
    authority: &Authority,
    logs: &[CertificateLog],
    identity: &Identity,
    clock: Timestamp,
) -> Result<IssuedCertificate, IssueError> {
    issue(authority, logs, identity, proven(identity), &move || clock).await
}

/// A user name stands in an otherName, and all extensions of a CI provider keep their order.
#[tokio::test]
async fn other_identities() {
    let (authority, logs) = (authority(KeyKind::EcdsaP256), [log(Behaviour::Honest)]);
    let issuer = common::ISSUER;
    let user = identity_in(
        &format!(
            "oidc-issuers: {{{issuer}: {{client-id: sigstore, type: username, subject-domain: issuer.example}}}}"
        ),
        r#""sub":"ann""#,
    );
    let issued = issue_for(&authority, &logs, &user).await.unwrap();
    assert_eq!(issued.certificate().subject_alternative_names()[0].identity(), Some("ann!issuer.example"));
    let templates: Vec<String> = [
        "github-workflow-trigger",
        "github-workflow-sha",
        "github-workflow-name",
        "github-workflow-repository",
        "github-workflow-ref",
        "build-signer-uri",
        "build-signer-digest",
        "runner-environment",
        "source-repository-uri",
        "source-repository-digest",
        "source-repository-ref",
        "source-repository-identifier",
        "source-repository-owner-uri",
        "source-repository-owner-identifier",
        "build-config-uri",
        "build-config-digest",
        "build-trigger",
        "run-invocation-uri",
        "source-repository-visibility-at-signing",
        "deployment-environment",
    ]
    .iter()
    .map(|name| format!("{name}: sub"))
    .collect();
    let ci = identity_in(
        &format!(
            "oidc-issuers: {{{issuer}: {{client-id: sigstore, type: ci-provider, ci-provider: ci}}}}\n\
             ci-issuer-metadata: {{ci: {{subject-alternative-name-template: \"https://x/{{{{.sub}}}}\", extension-templates: {{{}}}}}}}",
            templates.join(", ")
        ),
        r#""sub":"ü""#,
    );
    let issued = issue_for(&authority, &logs, &ci).await.unwrap();
    let fulcio = issued.certificate().fulcio().unwrap();
    let numbers: Vec<u8> = fulcio.iter().map(|(number, ..)| number).collect();
    assert_eq!(numbers, [&[1, 2, 3, 4, 5, 6][..], &(8..=24).collect::<Vec<u8>>()].concat());
    assert!(fulcio.iter().all(|(number, _, text)| text == "ü" || matches!(number, 1 | 8)));
    assert_eq!(issued.certificate().subject_alternative_names()[0].identity(), Some("https://x/%C3%BC"));
}

/// A key that lives elsewhere and signs with another one.
struct Elsewhere {
    shown: SigningKey,
    used: SigningKey,
}

impl Signer for Elsewhere {
    fn public_key(&self) -> &PublicKey {
        self.shown.public_key()
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        Ok(self.used.sign(scheme, message)?)
    }
}

#[tokio::test]
async fn a_key_elsewhere_is_not_believed() {
    let identity = person();
    let (from, until) = (now() - SignedDuration::from_hours(1), now() + SignedDuration::from_hours(1));
    let make = |used: Option<SigningKey>| {
        let shown = key(KeyKind::EcdsaP256);
        let root = create_root(&shown, named("root", from, until)).unwrap();
        let pkcs8 = shown.to_pkcs8_der().unwrap();
        let used = used.unwrap_or_else(|| SigningKey::from_pkcs8_der(&pkcs8).unwrap());
        Authority::new(vec![root], Arc::new(Elsewhere { shown, used })).unwrap()
    };
    assert!(issue_for(&make(None), &[log(Behaviour::Honest)], &identity).await.is_ok());
    let other = make(Some(key(KeyKind::EcdsaP256)));
    let error = issue_for(&other, &[log(Behaviour::Honest)], &identity).await.unwrap_err();
    assert!(matches!(error, IssueError::Signing(sealwax_ca::SigningError::Signature(_))));
}

#[test]
fn chains_that_are_no_authority() {
    let (root_key, ca_key) = (Arc::new(key(KeyKind::EcdsaP256)), Arc::new(key(KeyKind::EcdsaP256)));
    let (from, until) = (now(), now() + SignedDuration::from_hours(1));
    let root = create_root(&*root_key, named("root", from, until)).unwrap();
    let public = ca_key.public_key();
    let ca = create_intermediate(&root, &*root_key, public, named("ca", from, until)).unwrap();
    let error = |chain: &[&Certificate], key: &Arc<SigningKey>| {
        Authority::new(chain.iter().map(|one| (*one).clone()).collect(), Arc::clone(key) as Arc<dyn Signer>)
            .unwrap_err()
    };
    assert_eq!(error(&[], &ca_key), AuthorityError::Length { found: 0 });
    assert_eq!(error(&[&root; 9], &ca_key), AuthorityError::Length { found: 9 });
    assert_eq!(error(&[&ca, &root], &root_key), AuthorityError::KeyMismatch);
    assert_eq!(error(&[&ca], &ca_key), AuthorityError::NoRoot { cause: LinkCause::Name });
    let subject = "CN=root,O=Tests".to_owned();
    assert_eq!(error(&[&root, &ca], &root_key), AuthorityError::NotForCodeSigning { subject });
    // An intermediate of ours allows none below it.
    let lower_key = Arc::new(key(KeyKind::EcdsaP256));
    let lower =
        create_intermediate(&ca, &*ca_key, lower_key.public_key(), named("lower", from, until)).unwrap();
    let (subject, allowed, found) = ("CN=ca,O=Tests".to_owned(), 0, 1);
    let deep = AuthorityError::PathLength { position: 1, subject, allowed, found };
    assert_eq!(error(&[&lower, &ca, &root], &lower_key), deep);
    let other = create_root(&*ca_key, named("root", from, until)).unwrap();
    let link = error(&[&ca, &other], &ca_key);
    assert!(matches!(link, AuthorityError::Link { position: 0, cause: LinkCause::Signature(_) }));
    let strange = Arc::new(key(KeyKind::Ed25519));
    let strange_root = root_that_nobody_takes(&strange, from, until);
    assert_eq!(error(&[&strange_root], &strange), AuthorityError::KeyKind { kind: KeyKind::Ed25519 });
}

/// By a key that certifies nothing here.
fn root_that_nobody_takes(key: &SigningKey, not_before: Timestamp, not_after: Timestamp) -> Certificate {
    let name = Name::from_attributes(&[(oids::COMMON_NAME, "root")]);
    let draft = CertificateDraft {
        serial: &[1],
        issuer: &name,
        not_before,
        not_after,
        subject: &name,
        spki: key.public_key().spki_der(),
        extensions: &[NewExtension::basic_constraints(true, None)],
    };
    let tbs = draft.tbs_der(scheme(key), key.public_key().kind()).unwrap();
    let signature = key.sign(scheme(key), Message::Bytes(&tbs)).unwrap();
    Certificate::assemble(&tbs, &signature).unwrap()
}
