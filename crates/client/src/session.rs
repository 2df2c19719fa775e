//! One identity, or one key, and as many signatures as are wanted of it.

use std::fmt;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, Message, PublicKey, Scheme};
use sealwax_formats::{
    Bundle, BundleVersion, CertificateForm, Content, Envelope, EnvelopeSignature, Material, base64, dsse,
};
use sealwax_net::http::{Client, HttpError, Method, Timeouts};
use sealwax_pki::Certificate;
use sealwax_signer::Signer;
use sealwax_verify::{
    Artifact, EstablishedTime, IdentityRule, IssuerRule, LoggedEntry, Match, Policy,
    Signer as VerifiedSigner, Verifier, Who as VerifiedWho,
};
use tokio::sync::{Mutex, Semaphore};

use crate::exchange::Patience;
use crate::join::{self, Boxed};
use crate::log::Proposal;
use crate::{
    CertificateFault, IdentityToken, Services, SignError, Subject, Unfinished, certificate, log, scheme,
    timestamp,
};

/// Signatures that are completed at the same time: two connections each, and a service that is shared with others.
pub const MAX_PARALLEL: usize = 16;

/// How long before its end a certificate is not signed with any more: the timestamp must still come.
const MARGIN: Duration = Duration::from_secs(90);

/// Patience with one request. A log may take its time for the next checkpoint; more than a minute is an outage.
pub(crate) const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    read: Duration::from_secs(30),
    total: Duration::from_secs(60),
};

/// Who signs.
#[derive(Clone)]
pub enum Who {
    /// The holder of an identity, by a key of this session and a certificate for it.
    Identity(Box<IdentityToken>),
    /// The holder of a key.
    Key(Arc<dyn Signer>),
    /// The holder of a key, by a certificate that they have for it.
    Certified(Arc<dyn Signer>, Box<Certificate>),
    /// Nobody: what others have begun by a certificate is completed, nothing is signed.
    Nobody,
}

/// A key that may sign now.
#[derive(Clone)]
pub struct Credential {
    signer: Arc<dyn Signer>,
    /// The certificate of the key: of an ephemeral one always.
    leaf: Option<Certificate>,
    since: Moment,
}

/// An instant, by both clocks.
#[derive(Clone, Copy)]
struct Moment {
    monotonic: Instant,
    wall: Timestamp,
}

/// Signing, prepared: nothing has been asked for yet.
pub struct Session {
    http: Client,
    verifier: Arc<Verifier>,
    services: Services,
    who: Who,
    patience: Patience,
    expected_identity: Option<String>,
    current: Mutex<Option<Credential>>,
    at_once: Semaphore,
}

/// A bundle that our own verifier accepts.
#[derive(Clone, Debug)]
#[must_use]
pub struct Signed {
    /// The bundle.
    pub bundle: Bundle,
    /// Who signed, as verified.
    pub signer: VerifiedSigner,
    /// When, as verified.
    pub times: Vec<EstablishedTime>,
    /// Where it is logged, as verified.
    pub entries: Vec<LoggedEntry>,
}

impl Session {
    /// Prepares a session. What is signed must verify on the trust of `verifier`.
    ///
    /// # Errors
    /// HTTP cannot be set up.
    pub fn new(verifier: Arc<Verifier>, services: Services, who: Who) -> Result<Self, HttpError> {
        Ok(Self {
            http: Client::without_redirects(&TIMEOUTS)?,
            verifier,
            services,
            who,
            patience: Patience::default(),
            expected_identity: None,
            current: Mutex::new(None),
            at_once: Semaphore::new(MAX_PARALLEL),
        })
    }

    /// With more or less patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Nothing is signed unless the certificate names exactly this.
    #[must_use]
    pub fn expecting(mut self, identity: Option<String>) -> Self {
        self.expected_identity = identity;
        self
    }

    /// Whom it asks.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The digest of an artifact that its key signs, or that others know by it what it signs. `None` if the key signs whole artifacts
    /// only.
    #[must_use]
    pub fn hash_algorithm(&self) -> Option<HashAlgorithm> {
        match &self.who {
            Who::Identity(_) | Who::Nobody => certificate::SCHEME.prehash(),
            Who::Key(signer) | Who::Certified(signer, _) => {
                match scheme::of(signer.public_key(), scheme::Signed::Artifact, None).ok()? {
                    Scheme::MlDsa => Some(HashAlgorithm::Sha256),
                    scheme => scheme.prehash(),
                }
            }
        }
    }

    /// Its key, if it is one of ML-DSA, which signs what stands for an artifact with it.
    #[must_use]
    pub fn key_of_representative(&self) -> Option<PublicKey> {
        match &self.who {
            Who::Key(signer) | Who::Certified(signer, _) => {
                Some(signer.public_key().clone()).filter(|key| key.kind().fits(Scheme::MlDsa))
            }
            Who::Identity(_) | Who::Nobody => None,
        }
    }

    /// A key that may sign now: the one of before while it lasts, else a new one with a new certificate. Connections to the other
    /// services are opened meanwhile.
    ///
    /// # Errors
    /// [`SignError`], and nothing was signed.
    pub async fn credential(&self) -> Result<Credential, SignError> {
        let token = match &self.who {
            Who::Key(signer) => {
                return Ok(Credential { signer: Arc::clone(signer), leaf: None, since: Moment::now() });
            }
            Who::Certified(signer, leaf) => {
                let expected = self.expected_identity.as_deref();
                certificate::check_own(leaf, signer.public_key(), &self.verifier, expected)
                    .map_err(SignError::OwnCertificate)?;
                let (signer, leaf) = (Arc::clone(signer), Some(Certificate::clone(leaf)));
                return Ok(Credential { signer, leaf, since: Moment::now() });
            }
            Who::Identity(token) => token,
            Who::Nobody => return Err(SignError::Nobody),
        };
        let mut current = self.current.lock().await;
        if let Some(credential) = current.as_ref().filter(|credential| credential.lasts()) {
            return Ok(credential.clone());
        }
        self.open_connections();
        let since = Moment::now();
        let (key, leaf) = certificate::request(&self.http, &self.services, self.patience, token).await?;
        let expected = self.expected_identity.as_deref();
        let signer = certificate::check(&leaf, key.public_key(), &self.verifier, expected)
            .map_err(SignError::Certificate)?;
        certificate::demand_holder(&signer, token).map_err(SignError::Certificate)?;
        let credential = Credential { signer: Arc::new(key), leaf: Some(leaf), since };
        *current = Some(credential.clone());
        Ok(credential)
    }

    /// Opens a connection to each service that is asked after the certificate is there. Who needs one finds it open; if that failed, the
    /// request tells.
    fn open_connections(&self) {
        for endpoint in self.services.first_asked() {
            let (http, mut url) = (self.http.clone(), endpoint.itself().clone());
            url.set_path("/");
            tokio::spawn(async move {
                let _ = http.send(Method::HEAD, &url, &[], Vec::new(), 0).await;
            });
        }
    }

    /// Signs. The key is asked once; what comes out is what every retry sends.
    ///
    /// # Errors
    /// [`SignError::Key`], [`SignError::KeyKind`].
    pub fn sign(&self, credential: &Credential, subject: Subject) -> Result<Unfinished, SignError> {
        let key = credential.signer.public_key();
        let signed = match subject {
            Subject::Statement(_) => scheme::Signed::Envelope,
            Subject::Artifact(_) | Subject::Streamed(..) => scheme::Signed::Artifact,
        };
        let scheme = scheme::of(key, signed, self.services.log())?;
        let mut representative = None;
        let content = match subject {
            Subject::Artifact(digest) => {
                let signature = credential.signer.sign(scheme, Message::Digest(&digest))?;
                Content::Message { digest: Some(digest), signature }
            }
            Subject::Streamed(digest, short) => {
                let signature = credential.signer.sign(scheme, Message::Representative(&short))?;
                representative = Some(short);
                Content::Message { digest: Some(digest), signature }
            }
            Subject::Statement(payload) => {
                let payload_type = Subject::PAYLOAD_TYPE.to_owned();
                let mut envelope = Envelope { payload_type, payload, signatures: Vec::new() };
                let sig = match scheme.prehash() {
                    Some(algorithm) => {
                        let digest = dsse::pae_digest(&envelope.payload_type, &envelope.payload, algorithm);
                        credential.signer.sign(scheme, Message::Digest(&digest))?
                    }
                    None => credential.signer.sign(scheme, Message::Bytes(&envelope.pae()))?,
                };
                envelope.signatures.push(EnvelopeSignature { keyid: String::new(), sig });
                Content::Dsse(envelope)
            }
        };
        let material = match &credential.leaf {
            Some(leaf) => Material::Certificate {
                leaf: leaf.der().to_vec(),
                others: Vec::new(),
                form: CertificateForm::Single,
            },
            None => Material::PublicKey { hint: base64::encode(&key.spki_sha256()) },
        };
        let (log_entries, timestamps) = (Vec::new(), Vec::new());
        Ok(Unfinished {
            bundle: Bundle { version: BundleVersion::V03, material, log_entries, timestamps, content },
            representative,
        })
    }

    /// Gets the evidence that is missing, timestamps and log entries at the same time, and verifies the result. `keep` is called with
    /// every state in between, so that it can be taken up by another process.
    ///
    /// # Errors
    /// [`SignError::Service`] if a service could not be had: what `keep` was given last can be taken up again.
    /// [`SignError::NotVerified`] if one has lied. [`SignError::Begun`] if somebody else's signature is taken up.
    pub async fn complete(
        &self,
        unfinished: Unfinished,
        keep: &(dyn Fn(&Unfinished) + Sync),
    ) -> Result<Signed, SignError> {
        let _permit = self.at_once.acquire().await;
        let key = self.key_of(&unfinished)?;
        let state = Lock::new(unfinished.clone());
        let grow = |change: &dyn Fn(&mut Unfinished)| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut state);
            keep(&state);
        };
        let stamping: Boxed<'_, Result<(), SignError>> = Box::pin(async {
            if unfinished.bundle.timestamps.len() >= self.services.timestamp_authorities.needed {
                return Ok(());
            }
            let signature = unfinished.signature();
            let found = timestamp::request(&self.http, &self.services, self.patience, signature).await?;
            grow(&|state| state.bundle.timestamps.clone_from(&found));
            Ok(())
        });
        let logging: Boxed<'_, Result<(), SignError>> = Box::pin(async {
            if unfinished.bundle.log_entries.len() >= self.services.logs.needed {
                return Ok(());
            }
            let log = self.services.log_version;
            let scheme = scheme::of_begun(&key, &unfinished, log)?;
            let proposal = Proposal::new(&unfinished, &key, scheme, log)?;
            let log_ids = self.verifier.trust().log_ids().map(<[u8]>::to_vec).collect();
            let found = log::request(&self.http, &self.services, self.patience, &proposal, log_ids).await?;
            grow(&|state| state.bundle.log_entries.clone_from(&found));
            Ok(())
        });
        // Both to their ends: what one of them brings is kept, even if the other fails.
        join::all(vec![stamping, logging]).await.into_iter().collect::<Result<(), _>>()?;
        self.verify(state.into_inner().unwrap_or_else(PoisonError::into_inner), key)
    }

    /// The key of a signature that is to be completed, if it is one for this session to complete.
    fn key_of(&self, unfinished: &Unfinished) -> Result<PublicKey, SignError> {
        match (&unfinished.bundle.material, &self.who) {
            (Material::Certificate { leaf, .. }, Who::Certified(signer, own)) if leaf == own.der() => {
                Ok(signer.public_key().clone())
            }
            (Material::Certificate { leaf, .. }, Who::Identity(_) | Who::Nobody) => {
                self.key_of_begun(leaf).map_err(SignError::Begun)
            }
            (Material::PublicKey { hint }, Who::Key(signer))
                if *hint == base64::encode(&signer.public_key().spki_sha256()) =>
            {
                Ok(signer.public_key().clone())
            }
            _ => Err(SignError::Begun(CertificateFault::OtherKey)),
        }
    }

    /// The key of a certificate with which something was signed, if it is of whom it would be asked for today.
    fn key_of_begun(&self, leaf: &[u8]) -> Result<PublicKey, CertificateFault> {
        let malformed = |reason: String| CertificateFault::Malformed { reason };
        let leaf = Certificate::from_der(leaf).map_err(|error| malformed(error.to_string()))?;
        let key = leaf.public_key().map_err(|error| malformed(error.to_string()))?.clone();
        let signer = certificate::check(&leaf, &key, &self.verifier, self.expected_identity.as_deref())?;
        if let Who::Identity(token) = &self.who {
            certificate::demand_holder(&signer, token)?;
        }
        Ok(key)
    }

    /// Our own verdict, on the trust that others will have, for the identity that the certificate names.
    fn verify(&self, unfinished: Unfinished, key: PublicKey) -> Result<Signed, SignError> {
        let bundle = unfinished.bundle.clone();
        let who = match &bundle.material {
            Material::PublicKey { .. } => VerifiedWho::Key(key),
            Material::Certificate { leaf, .. } => VerifiedWho::Identities(
                Certificate::from_der(leaf).ok().as_ref().map(named).into_iter().collect(),
            ),
        };
        let policy = Policy { who, ..Policy::default() };
        let digests: Vec<_> = unfinished.artifact_digest().into_iter().collect();
        let representatives = unfinished.representative.as_slice();
        let artifact = Artifact { digests: &digests, bytes: None, representatives };
        let verified = self.verifier.verify(&bundle, artifact, &policy, sealwax_net::now());
        let verified = verified.map_err(SignError::NotVerified)?;
        let (signer, times) = (verified.signer().clone(), verified.times().to_vec());
        let entries = verified.entries().to_vec();
        Ok(Signed { bundle: unfinished.bundle, signer, times, entries })
    }
}

impl Credential {
    /// The certificate, if it has one.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.leaf.as_ref()
    }

    /// Whether there is time to sign and to have it stamped. By our own watch: clocks differ, seconds do not.
    fn lasts(&self) -> bool {
        let Some(leaf) = &self.leaf else { return true };
        let lifetime = leaf.not_after().duration_since(leaf.not_before());
        Duration::try_from(lifetime).is_ok_and(|lifetime| self.since.elapsed() + MARGIN < lifetime)
    }
}

impl Moment {
    fn now() -> Self {
        Self { monotonic: Instant::now(), wall: sealwax_net::now() }
    }

    /// How long ago it was. A machine that sleeps stops the one clock, somebody may set the other back: the longer one.
    fn elapsed(self) -> Duration {
        let wall = Duration::try_from(sealwax_net::now().duration_since(self.wall)).unwrap_or_default();
        wall.max(self.monotonic.elapsed())
    }
}

impl Signed {
    /// The first instant that somebody trusted has signed.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.times.iter().map(|established| established.time).min()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("services", &self.services).finish_non_exhaustive()
    }
}

/// Exactly whom the certificate names.
fn named(leaf: &Certificate) -> IdentityRule {
    let names = leaf.subject_alternative_names();
    let subject = names.first().and_then(|name| name.identity()).unwrap_or_default();
    let extensions = leaf.fulcio().unwrap_or_default();
    let issuer = match extensions.issuer() {
        Some(issuer) => IssuerRule::Is(Match::Exact(issuer.to_owned())),
        None => IssuerRule::Absent,
    };
    IdentityRule {
        subject: Some(Match::Exact(subject.to_owned())),
        issuer: Some(issuer),
        ..IdentityRule::default()
    }
}
