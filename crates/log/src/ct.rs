//! The certificate log: static-ct-api.
//!
//! **Job.** From the body of [`add_chain`] or [`add_pre_chain`] to a verified chain, to the entry that the engine sequences,
//! to the SCT over what it says; [`get_roots`]; and the leaves of data tiles ([`leaf`]). Nothing here knows of sockets.
//!
//! **Specification.** RFC 6962 sections 3.1 to 3.4, 4.1, 4.2 and 4.7; C2SP `static-ct-api`. An SCT is given for what is
//! sequenced, durable and published, so there is no merge delay, and it names the index. Where we differ:
//! `docs/divergences.md`.
//!
//! **Non-goals.** Judging certificates beyond what keeps strangers out: see [`chain`]. The RFC's own reading calls
//! (get-entries and so on): the tiles take their place.

pub mod chain;
pub mod entry;
mod error;
pub mod issuers;
pub mod leaf;
pub mod request;
pub mod roots;
pub mod sct;

pub use chain::{ChainError, NotAfterWindow, Submitted, VerifiedChain};
pub use error::AddChainError;
pub use issuers::Issuers;
pub use request::MAX_REQUEST_BYTES;
pub use roots::{AcceptedRoots, Roots, RootsError};

use crate::engine::{Body, Coming, Log};
use bytes::Bytes;
use hyper::{
    Response,
    header::{CONTENT_TYPE, HeaderValue},
};
use sealwax_crypto::KeyKind;
use sealwax_pki::{Certificate, Sct};
use sealwax_signer::Signer;
use std::sync::Arc;

/// What a certificate log needs besides its engine.
pub struct CtFace {
    signer: Arc<dyn Signer>,
    log_id: [u8; 32],
    roots: AcceptedRoots,
    window: NotAfterWindow,
    issuers: Issuers,
}

/// The key is not one that a certificate log may have: RFC 6962 section 2.1.4 knows ECDSA P-256 and RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("certificate logs do not sign with {kind} keys")]
pub struct UnfitKey {
    /// The kind of the key.
    pub kind: KeyKind,
}

impl CtFace {
    /// A face whose SCTs this key signs, which must be the one that signs the checkpoints.
    ///
    /// # Errors
    /// [`UnfitKey`].
    pub fn new(signer: Arc<dyn Signer>, roots: Roots, window: NotAfterWindow) -> Result<Self, UnfitKey> {
        let kind = signer.public_key().kind();
        if !matches!(kind, KeyKind::EcdsaP256 | KeyKind::Rsa { .. }) {
            return Err(UnfitKey { kind });
        }
        let log_id = signer.public_key().spki_sha256();
        Ok(Self { signer, log_id, roots: AcceptedRoots::new(roots), window, issuers: Issuers::default() })
    }

    /// SHA-256 of the log's SubjectPublicKeyInfo (RFC 6962 section 3.2).
    #[must_use]
    pub fn log_id(&self) -> &[u8; 32] {
        &self.log_id
    }

    /// The accepted roots, which may be replaced at any time.
    #[must_use]
    pub fn roots(&self) -> &AcceptedRoots {
        &self.roots
    }

    /// Judges the body of a request, has its entry sequenced, and signs an SCT for it. The issuers of the chain are durable
    /// before the entry is (LOG rule 10). The same certificate again, with whatever chain, gets an SCT with the index and
    /// the time of the first (LOG rule 8).
    ///
    /// # Errors
    /// [`AddChainError`].
    pub async fn submit(&self, log: &Log, submitted: Submitted, body: &[u8]) -> Result<Sct, AddChainError> {
        let coming = log.coming();
        let chain = request::parse(body)?;
        let roots = self.roots.load();
        let chain = VerifiedChain::verify(&chain, submitted, &roots, &self.window, &self.issuers)?;
        self.add(coming, &chain).await
    }

    /// The same for an authority in this process: a precertificate that it has signed a moment ago, with the certificates
    /// above it. Nobody else may call this: see [`VerifiedChain::issued_here`].
    ///
    /// # Errors
    /// [`AddChainError`].
    pub async fn submit_issued_here(&self, log: &Log, chain: &[Certificate]) -> Result<Sct, AddChainError> {
        let coming = log.coming();
        let roots = self.roots.load();
        let chain = VerifiedChain::issued_here(chain, &roots, &self.window, &self.issuers)?;
        self.add(coming, &chain).await
    }

    async fn add(&self, mut coming: Coming<'_>, chain: &VerifiedChain) -> Result<Sct, AddChainError> {
        let submission = entry::submission(chain).map_err(ChainError::from)?;
        let entry = match &submission.body {
            Body::Certificate { entry, .. } => entry.clone(),
            Body::Signature(entry) => entry.clone(),
        };
        for issuer in chain.issuers() {
            coming = coming.keep_object(&entry::issuer_name(issuer), issuer.der()).await?;
        }
        let added = coming.add(submission).await?;
        Ok(sct::sign_anywhere(&self.signer, entry, added.index, added.timestamp).await?)
    }
}

/// `POST /ct/v1/add-chain`.
pub async fn add_chain(log: &Log, face: &CtFace, body: &[u8]) -> Response<Bytes> {
    respond(face.submit(log, Submitted::Certificate, body).await)
}

/// `POST /ct/v1/add-pre-chain`.
pub async fn add_pre_chain(log: &Log, face: &CtFace, body: &[u8]) -> Response<Bytes> {
    respond(face.submit(log, Submitted::Precertificate, body).await)
}

/// `GET /ct/v1/get-roots`.
#[must_use]
pub fn get_roots(face: &CtFace) -> Response<Bytes> {
    json(face.roots.load().json())
}

fn respond(result: Result<Sct, AddChainError>) -> Response<Bytes> {
    match result {
        Ok(sct) => json(sct::json(&sct).into()),
        Err(error) => error.to_http(),
    }
}

fn json(body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
