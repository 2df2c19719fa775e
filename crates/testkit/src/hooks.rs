//! Places at which a test may change a part before later parts are computed from it.
//!
//! So a bundle can be bad in exactly one way: whatever is hashed, signed or logged afterwards fits the changed part.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    certificate::CertificateDraft,
    certificate_log::SctDraft,
    checkpoint::CheckpointDraft,
    entry::EntryDraft,
    options::SignOptions,
    signature_log::{ProofDraft, SetDraft, TreeDraft},
    statement::EnvelopeDraft,
    timestamp::TimestampDraft,
};

pub(crate) type Changes<T> = Vec<Arc<dyn Fn(&mut T) + Send + Sync>>;

/// Applies every change in the order in which they were asked for.
pub(crate) fn apply<T>(changes: &Changes<T>, part: &mut T) {
    for change in changes {
        change(part);
    }
}

macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident: $part:ty;)*) => {
        #[derive(Clone, Default)]
        pub(crate) struct Hooks {
            $(pub(crate) $name: Changes<$part>,)*
        }

        impl SignOptions {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(mut self, change: impl Fn(&mut $part) + Send + Sync + 'static) -> Self {
                    self.hooks.$name.push(Arc::new(change));
                    self
                }
            )*
        }
    };
}

hooks! {
    /// The leaf before the certificate logs see it.
    on_certificate: CertificateDraft;
    /// The SCTs before they are signed. An empty list leaves the extension out.
    on_scts: Vec<SctDraft>;
    /// The leaf with its SCTs, before the authority signs it.
    on_final_certificate: CertificateDraft;
    /// The signed leaf, DER.
    on_leaf: Vec<u8>;
    /// The envelope before it is signed.
    on_envelope: EnvelopeDraft;
    /// The bytes that the signing key signs: the artifact, or the PAE.
    on_signed_bytes: Vec<u8>;
    /// The signature, before anything is made of it.
    on_signature: Vec<u8>;
    /// The signed envelope, before it is logged and stamped.
    on_signed_envelope: EnvelopeDraft;
    /// What goes into the body of an entry.
    on_entry: EntryDraft;
    /// The body of an entry.
    on_entry_body: Value;
    /// The body of an entry as logged: canonical JSON.
    on_canonical_body: Vec<u8>;
    /// What the log says about its tree, in checkpoint and proof.
    on_tree: TreeDraft;
    /// A checkpoint before it is signed.
    on_checkpoint: CheckpointDraft;
    /// A signed checkpoint.
    on_checkpoint_note: String;
    /// An inclusion proof as the bundle states it.
    on_proof: ProofDraft;
    /// A signed entry timestamp before it is signed.
    on_set: SetDraft;
    /// An entry as the bundle has it.
    on_log_entry: Value;
    /// A timestamp before it is signed.
    on_timestamp: TimestampDraft;
    /// A timestamp response, DER.
    on_timestamp_response: Vec<u8>;
    /// The finished bundle.
    on_bundle: Value;
}
