//! Changes that the certificate authority would sign, and the certificate log has not seen: only the SCT stands against them.

use sealwax_testkit::{Signer, cases::ARTIFACT, certificate::CertificateDraft, leaf::LeafOptions};
use sealwax_verify::{Artifact, Bundle, Verifier};

use crate::made::{self, Class};
use crate::subject::{NOW, Subject};

/// The class whose certificates are changed; what comes after the certificate fits the changed one.
pub(crate) const CLASS: &str = "0.3 message, hashedrekord 0.0.1, proof and SET";

/// What is done to the certificate between the log and the authority's signature.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// One bit of a byte of the value of an extension.
    Flip(usize, usize),
    DropExtension(usize),
    DoubleExtension(usize),
    SwapExtensions(usize, usize),
    /// The last extension, and the one before it.
    MoveSctList,
    ToggleCritical(usize),
    Serial(usize),
    NotBefore(i64),
    NotAfter(i64),
}

impl Change {
    /// As the list of accepted mutations names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flip(..) | Self::Serial(_) => "flip",
            Self::DropExtension(_) => "drop",
            Self::DoubleExtension(_) => "twice",
            Self::SwapExtensions(..) => "swap",
            Self::MoveSctList => "SCT list before the extension that it followed",
            Self::ToggleCritical(_) => "criticality",
            Self::NotBefore(_) | Self::NotAfter(_) => "one more or less",
        }
    }

    fn apply(self, draft: &mut CertificateDraft) {
        let extensions = &mut draft.extensions;
        match self {
            Self::Flip(index, position) => {
                // The SCT varies in length.
                let value = &mut extensions[index].value;
                let position = position.min(value.len() - 1);
                value[position] ^= 1 << (position % 8);
            }
            Self::DropExtension(index) => drop(extensions.remove(index)),
            Self::DoubleExtension(index) => extensions.push(extensions[index].clone()),
            Self::SwapExtensions(first, second) => extensions.swap(first, second),
            Self::MoveSctList => {
                let last = extensions.len() - 1;
                extensions.swap(last - 1, last);
            }
            Self::ToggleCritical(index) => extensions[index].critical ^= true,
            Self::Serial(position) => draft.serial[position] ^= 2,
            Self::NotBefore(seconds) => draft.not_before += jiff::SignedDuration::from_secs(seconds),
            Self::NotAfter(seconds) => draft.not_after += jiff::SignedDuration::from_secs(seconds),
        }
    }
}

/// The class, a verifier on its trust, and every change.
pub(crate) struct Issued {
    class: Class,
    verifier: Verifier,
    pub(crate) changes: Vec<Change>,
}

impl Issued {
    pub(crate) fn new(classes: &[Class]) -> Self {
        let mut class = classes.iter().find(|class| class.name == CLASS).expect("a class").clone();
        let signer = Signer::generate(sealwax_crypto::KeyKind::EcdsaP256);
        class.options = class.options.with_leaf(|leaf| LeafOptions { signer: Some(signer), ..leaf });
        let Subject { verifier, .. } = class.subject();
        let lengths = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = lengths.clone();
        let options = class.options.clone().on_final_certificate(move |draft| {
            *seen.lock().expect("lengths") = draft.extensions.iter().map(|one| one.value.len()).collect();
        });
        class.sign(ARTIFACT, &options);
        let lengths = lengths.lock().expect("lengths").clone();
        let mut changes: Vec<Change> = (0..19).map(Change::Serial).collect();
        changes.extend([-1, 1].map(Change::NotBefore));
        changes.extend([-1, 1].map(Change::NotAfter));
        for (index, length) in lengths.iter().enumerate() {
            changes.extend((0..*length).map(|position| Change::Flip(index, position)));
            changes.extend([Change::DropExtension(index), Change::DoubleExtension(index)]);
            changes.push(Change::ToggleCritical(index));
            let later =
                (index + 1..lengths.len()).filter(|other| index + 2 < lengths.len() || *other != index + 1);
            changes.extend(later.map(|other| Change::SwapExtensions(index, other)));
        }
        changes.push(Change::MoveSctList);
        Self { class, verifier, changes }
    }

    /// Whether a bundle with such a certificate is accepted; `None` stands for no change.
    pub(crate) fn is_accepted(&self, change: Option<Change>) -> bool {
        let options = self.class.options.clone().on_final_certificate(move |draft| {
            if let Some(change) = change {
                change.apply(draft);
            }
        });
        let made = self.class.sign(ARTIFACT, &options);
        let bundle = Bundle::parse(&made.bundle_json()).expect("a readable bundle");
        let digests = made::digests(ARTIFACT);
        let artifact = Artifact { digests: &digests, ..Artifact::default() };
        self.verifier.verify(&bundle, artifact, &made::policy(&made), NOW).is_ok()
    }
}
