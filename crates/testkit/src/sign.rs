//! Making a bundle, in the order in which a client and the services make it.

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{HashAlgorithm, Scheme, digest};
use serde_json::{Value, json};

use crate::{
    Instance, base64, canonical,
    certificate::oids,
    certificate_log::sct_list,
    entry::{EntryDraft, EntryKind, Verifier, protobuf_name},
    hooks::apply,
    options::{BundleVersion, EntryOptions, Evidence, LogChoice, Material, SignOptions},
    signature_log::{ProofDraft, SignatureLog},
    signer::Signer,
    statement::{EnvelopeDraft, EnvelopeSignature, IN_TOTO, Statement},
};

/// A bundle with what a test needs beside it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The bundle.
    pub bundle: Value,
    /// The artifact that it is about.
    pub artifact: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The key that signed.
    pub signer: Signer,
    /// The leaf, DER, if a certificate signed.
    pub leaf: Option<Vec<u8>>,
    /// Identity in the leaf, as a policy names it.
    pub identity: Option<String>,
    /// Issuer in the leaf.
    pub issuer: Option<String>,
    /// The time of signing.
    pub signed_at: Timestamp,
}

impl Made {
    /// The bundle as compact JSON.
    pub fn bundle_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.bundle).expect("JSON")
    }
}

/// What signs, and how entries and bundle name it.
struct Identity {
    signer: Signer,
    verifier: Verifier,
    hint: Option<String>,
}

/// The signed content.
struct Signed {
    /// Member of the bundle, and its value.
    content: (&'static str, Value),
    /// What was signed.
    bytes: Vec<u8>,
    signature: Vec<u8>,
    /// The payload, of an envelope.
    payload: Option<EnvelopeDraft>,
}

impl Instance {
    /// Signs an artifact as a message.
    pub fn sign_message(&self, artifact: &[u8], options: &SignOptions) -> Made {
        let identity = self.identity(options);
        let signed = sign_message(artifact, &identity.signer, options);
        self.finish(artifact, identity, signed, options)
    }

    /// Signs a statement in an envelope. `artifact` is only remembered.
    pub fn sign_statement(&self, artifact: &[u8], statement: &Statement, options: &SignOptions) -> Made {
        let identity = self.identity(options);
        let signed = sign_statement(statement, &identity, options);
        self.finish(artifact, identity, signed, options)
    }

    /// Signs the usual statement about an artifact in an envelope.
    pub fn sign_dsse(&self, artifact: &[u8], options: &SignOptions) -> Made {
        self.sign_statement(artifact, &Statement::about(artifact), options)
    }

    /// The signing key: managed, or fresh with a fresh certificate.
    fn identity(&self, options: &SignOptions) -> Identity {
        let (authority, leaf) = match &options.material {
            Material::ManagedKey(index) => {
                let key = &self.managed_keys[*index];
                return Identity {
                    signer: key.signer.clone(),
                    verifier: Verifier::PublicKey(key.signer.spki().to_vec()),
                    hint: Some(key.hint.clone()),
                };
            }
            Material::Certificate { authority, leaf } => (&self.authorities[*authority], leaf),
        };
        let signer = leaf.signer();
        let mut draft = leaf.draft(authority, &signer, options.signed_at);
        apply(&options.hooks.on_certificate, &mut draft);
        let tbs = draft.tbs();
        let mut scts: Vec<_> = leaf
            .certificate_logs
            .iter()
            .filter_map(|index| self.certificate_logs.get(*index))
            .enumerate()
            .map(|(position, log)| {
                log.draft(position, authority.issuing().signer.spki(), &tbs, options.signed_at)
            })
            .collect();
        apply(&options.hooks.on_scts, &mut scts);
        if !scts.is_empty() {
            draft.add_extension(oids::SCT_LIST, false, sct_list(&scts));
        }
        apply(&options.hooks.on_final_certificate, &mut draft);
        let mut der = draft.sign();
        apply(&options.hooks.on_leaf, &mut der);
        Identity { signer, verifier: Verifier::Certificate(der), hint: None }
    }

    /// Logs and stamps the signature, and puts the bundle together.
    fn finish(&self, artifact: &[u8], identity: Identity, signed: Signed, options: &SignOptions) -> Made {
        let entries: Vec<Value> = options
            .entries
            .iter()
            .enumerate()
            .map(|(position, entry)| self.log_entry(position, entry, &identity, &signed, options))
            .collect();
        let timestamps: Vec<Value> = options
            .timestamps
            .iter()
            .enumerate()
            .map(|(position, index)| {
                let time = options.stamped_at.unwrap_or(options.signed_at + SignedDuration::from_secs(5));
                let mut draft = self.timestamp_authorities[*index].draft(position, &signed.signature, time);
                apply(&options.hooks.on_timestamp, &mut draft);
                let mut response = draft.sign();
                apply(&options.hooks.on_timestamp_response, &mut response);
                json!({"signedTimestamp": base64(&response)})
            })
            .collect();

        let mut material = verification_material(&identity, options);
        if !entries.is_empty() {
            material["tlogEntries"] = entries.into();
        }
        if !timestamps.is_empty() {
            material["timestampVerificationData"] = json!({"rfc3161Timestamps": timestamps});
        }
        let (member, content) = signed.content;
        let mut bundle = json!({
            "mediaType": options.version.media_type(),
            "verificationMaterial": material,
            member: content,
        });
        apply(&options.hooks.on_bundle, &mut bundle);

        let leaf_options = match &options.material {
            Material::Certificate { leaf, .. } => Some(leaf),
            Material::ManagedKey(_) => None,
        };
        Made {
            bundle,
            artifact: artifact.to_vec(),
            signature: signed.signature,
            signer: identity.signer,
            leaf: match identity.verifier {
                Verifier::Certificate(der) => Some(der),
                Verifier::PublicKey(_) => None,
            },
            identity: leaf_options.and_then(|leaf| leaf.identity()),
            issuer: leaf_options.and_then(|leaf| leaf.issuer()),
            signed_at: options.signed_at,
        }
    }

    fn log_entry(
        &self,
        position: usize,
        entry: &EntryOptions,
        identity: &Identity,
        signed: &Signed,
        options: &SignOptions,
    ) -> Value {
        let mut log = self.chosen_log(entry.log).clone();
        if let Some((index, tree_size)) = entry.at {
            log = log.entry_at(index, tree_size);
        }
        let hooks = &options.hooks;
        let mut draft = entry_draft(position, entry, &log, identity, signed);
        apply(&hooks.on_entry, &mut draft);
        let mut body = draft.body();
        apply(&hooks.on_entry_body, &mut body);
        let mut body = canonical(&body);
        apply(&hooks.on_canonical_body, &mut body);

        let integrated_at = options.integrated_at.unwrap_or(options.signed_at + SignedDuration::from_secs(5));
        let (kind, version) = draft.kind.kind_version();
        let mut json = json!({
            "logIndex": log.global_index().to_string(),
            "logId": {"keyId": base64(log.id())},
            "kindVersion": {"kind": kind, "version": version},
            "canonicalizedBody": base64(&body),
        });
        if log.is_v1() {
            json["integratedTime"] = integrated_at.as_second().to_string().into();
        }
        if matches!(entry.evidence, Evidence::ProofAndSet | Evidence::SetOnly) {
            let mut promise = log.promise(position, &body, integrated_at.as_second());
            apply(&hooks.on_set, &mut promise);
            json["inclusionPromise"] = json!({"signedEntryTimestamp": base64(promise.sign())});
        }
        if matches!(entry.evidence, Evidence::ProofAndSet | Evidence::ProofOnly) {
            let mut tree = log.tree(position, &body);
            apply(&hooks.on_tree, &mut tree);
            let mut checkpoint = log.checkpoint(&tree, integrated_at);
            apply(&hooks.on_checkpoint, &mut checkpoint);
            let mut note = checkpoint.sign();
            apply(&hooks.on_checkpoint_note, &mut note);
            let mut proof = ProofDraft {
                position,
                log_index: tree.index,
                root_hash: tree.root,
                tree_size: tree.size,
                hashes: tree.hashes,
                checkpoint: Some(note),
            };
            apply(&hooks.on_proof, &mut proof);
            json["inclusionProof"] = proof.to_json();
        }
        apply(&hooks.on_log_entry, &mut json);
        json
    }

    fn chosen_log(&self, choice: LogChoice) -> &SignatureLog {
        match choice {
            LogChoice::FirstV1 => self.logs.iter().find(|log| log.is_v1()).expect("a Rekor v1 log"),
            LogChoice::FirstV2 => self.logs.iter().find(|log| !log.is_v1()).expect("a Rekor v2 log"),
            LogChoice::Index(index) => &self.logs[index],
        }
    }
}

fn sign_message(artifact: &[u8], signer: &Signer, options: &SignOptions) -> Signed {
    let mut bytes = artifact.to_vec();
    apply(&options.hooks.on_signed_bytes, &mut bytes);
    let mut signature = signer.sign(&bytes);
    apply(&options.hooks.on_signature, &mut signature);
    let hash = digest_algorithm(signer);
    let mut content = json!({"signature": base64(&signature)});
    if options.message_digest {
        let digest = digest(hash, &bytes);
        content["messageDigest"] =
            json!({"algorithm": protobuf_name(hash), "digest": base64(digest.as_bytes())});
    }
    Signed { content: ("messageSignature", content), bytes, signature, payload: None }
}

fn sign_statement(statement: &Statement, identity: &Identity, options: &SignOptions) -> Signed {
    let mut envelope =
        EnvelopeDraft { payload_type: IN_TOTO.into(), payload: statement.to_json(), signatures: Vec::new() };
    apply(&options.hooks.on_envelope, &mut envelope);
    let mut bytes = envelope.pre_authentication_encoding();
    apply(&options.hooks.on_signed_bytes, &mut bytes);
    let mut signature = identity.signer.sign(&bytes);
    apply(&options.hooks.on_signature, &mut signature);
    let key_id = options.key_id.clone().or_else(|| identity.hint.clone());
    envelope.signatures.push(EnvelopeSignature { key_id, signature: signature.clone() });
    apply(&options.hooks.on_signed_envelope, &mut envelope);
    Signed { content: ("dsseEnvelope", envelope.to_json()), bytes, signature, payload: Some(envelope) }
}

fn entry_draft(
    position: usize,
    entry: &EntryOptions,
    log: &SignatureLog,
    identity: &Identity,
    signed: &Signed,
) -> EntryDraft {
    let usual = match (log.is_v1(), &signed.payload) {
        (true, None) => EntryKind::HashedRekordV001,
        (true, Some(_)) => EntryKind::DsseV001,
        (false, _) => EntryKind::HashedRekordV002,
    };
    let hash = digest_algorithm(&identity.signer);
    EntryDraft {
        position,
        kind: entry.kind.unwrap_or(usual),
        digest_algorithm: hash,
        digest: digest(hash, &signed.bytes).as_bytes().to_vec(),
        signature: signed.signature.clone(),
        verifier: identity.verifier.clone(),
        key_details: identity.signer.key_details(),
        payload_type: signed.payload.as_ref().map(|payload| payload.payload_type.clone()).unwrap_or_default(),
        payload: signed.payload.as_ref().map(|payload| payload.payload.clone()).unwrap_or_default(),
        key_id: identity.hint.clone(),
    }
}

/// The hash under which a signature of this key is logged: its own, or for Ed25519 that of Ed25519ph.
fn digest_algorithm(signer: &Signer) -> HashAlgorithm {
    match signer.scheme {
        Scheme::Ed25519 => HashAlgorithm::Sha512,
        _ => signer.hash(),
    }
}

fn verification_material(identity: &Identity, options: &SignOptions) -> Value {
    let certificate = |der: &Vec<u8>| json!({"rawBytes": base64(der)});
    match (&identity.verifier, options.version) {
        (Verifier::PublicKey(_), _) => json!({"publicKey": {"hint": identity.hint}}),
        (Verifier::Certificate(leaf), BundleVersion::V01 | BundleVersion::V02) => {
            let certificates: Vec<Value> =
                std::iter::once(leaf).chain(&options.chain).map(certificate).collect();
            json!({"x509CertificateChain": {"certificates": certificates}})
        }
        (Verifier::Certificate(leaf), _) => json!({"certificate": certificate(leaf)}),
    }
}
