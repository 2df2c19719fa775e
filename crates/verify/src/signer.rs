//! Who claims to have signed: the bundle's certificate, or a managed key (rule 12).

use jiff::Timestamp;
use sealwax_crypto::{PublicKey, Scheme};
use sealwax_formats::{Bundle, BundleVersion, CertificateForm, Material, NpmKeys, TimeRange};
use sealwax_pki::Certificate;

use crate::certificate;
use crate::policy::{Policy, Who};
use crate::report::{CheckId, Report};
use crate::trust::Trust;
use crate::verdict::{EstablishedTime, KeySigner};

/// The signer that the bundle claims to have, before anything is proved.
pub(crate) enum Claimed {
    /// A certificate out of the bundle.
    Certificate(Certificate),
    /// A key that is trusted for a reason outside the bundle.
    Key(ManagedKey),
}

/// A key from the policy or the trust material.
pub(crate) struct ManagedKey {
    pub(crate) key: PublicKey,
    /// The scheme, where the trust material fixes it.
    pub(crate) scheme: Option<Scheme>,
    pub(crate) window: Option<TimeRange>,
    pub(crate) signer: KeySigner,
}

/// Finds the signer; `None` if the bundle's material is not of the kind that the policy asks for, or cannot be read.
pub(crate) fn claimed(
    bundle: &Bundle,
    policy: &Policy,
    trust: &Trust,
    report: &mut Report,
) -> Option<Claimed> {
    let mut scope = report.once();
    match (&bundle.material, &policy.who) {
        (Material::Certificate { leaf, form, .. }, Who::Unnamed | Who::Identities(_)) => {
            let fits = match bundle.version {
                BundleVersion::V01 | BundleVersion::V02 => CertificateForm::Chain,
                BundleVersion::V03 => CertificateForm::Single,
            };
            scope.hold(
                CheckId::MaterialKind,
                "a certificate, in the field that this bundle version has for it",
                *form == fits,
                || format!("a certificate in the field of another version than {}", bundle.version),
            )?;
            certificate::read(leaf, report).map(Claimed::Certificate)
        }
        (Material::Certificate { .. }, Who::Key(_)) => {
            scope.fail(CheckId::MaterialKind, "a signature by the given key", "a certificate");
            None
        }
        (Material::PublicKey { hint }, Who::Identities(_)) => {
            let found = format!("a bare key with the hint {hint:?}");
            scope.fail(CheckId::MaterialKind, "a certificate with an identity", found);
            None
        }
        (Material::PublicKey { .. }, Who::Key(key)) => {
            scope.pass(CheckId::MaterialKind, "a signature by the given key", "a bare key's signature");
            Some(Claimed::Key(ManagedKey {
                key: key.clone(),
                scheme: None,
                window: None,
                signer: KeySigner { fingerprint: key.spki_sha256(), hint: None },
            }))
        }
        (Material::PublicKey { hint }, Who::Unnamed) => {
            scope.pass(CheckId::MaterialKind, "a key of the trust material", "a bare key's signature");
            let key = scope.check(
                CheckId::KeyKnown,
                "the key that the hint names",
                profile_key(&trust.keys, hint),
            )?;
            Some(Claimed::Key(key))
        }
    }
}

/// The key whose name is exactly the hint; never one of several tried in turn.
fn profile_key(keys: &NpmKeys, hint: &str) -> Result<ManagedKey, String> {
    let listed = keys.for_attestations(hint).ok_or_else(|| {
        format!("the trust material lists no key with the hint {hint:?}; give the key that you trust")
    })?;
    let (key, details) =
        listed.key.public_key().map_err(|reason| format!("the key {hint:?} cannot be used: {reason}"))?;
    Ok(ManagedKey {
        key: key.clone(),
        scheme: details.scheme(),
        window: listed.key.valid_for().copied(),
        signer: KeySigner { fingerprint: key.spki_sha256(), hint: Some(hint.to_owned()) },
    })
}

impl ManagedKey {
    /// Whether the key's use depends on time.
    pub(crate) fn has_window(&self) -> bool {
        self.window.is_some()
    }

    /// A key with a window was valid at every established time.
    pub(crate) fn check_window(&self, times: &[EstablishedTime], report: &mut Report) -> Option<()> {
        let Some(range) = &self.window else { return Some(()) };
        const EXPECTED: &str = "every established time in the key's window";
        let mut scope = report.once();
        let Some(window) = range.window() else {
            scope.fail(
                CheckId::KeyWindow,
                EXPECTED,
                "a window without a start, which makes the key unusable",
            );
            return None;
        };
        let outside: Option<Timestamp> =
            times.iter().map(|time| time.time).find(|time| !window.contains(*time));
        scope.hold(CheckId::KeyWindow, EXPECTED, outside.is_none(), || {
            format!("{} is not in {window}", outside.unwrap_or_default())
        })
    }
}
