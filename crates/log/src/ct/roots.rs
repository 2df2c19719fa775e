//! The roots that a certificate log accepts: a bundle in PEM, which may be exchanged while the log runs.

use bytes::Bytes;
use sealwax_formats::base64;
use sealwax_pki::{Certificate, Name, PemError};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// The largest bundle that is read, in bytes: some ten times the roots of all browsers.
pub const MAX_BUNDLE_BYTES: usize = 4 << 20;

/// The most roots in a bundle. The programs of all browsers together have some 400.
pub const MAX_ROOTS: usize = 2048;

/// Certificates that a chain may end in.
#[derive(Debug)]
pub struct Roots {
    by_subject: BTreeMap<Name, Vec<Certificate>>,
    count: usize,
    /// The answer to get-roots (RFC 6962 section 4.7).
    json: Bytes,
}

/// Why a text is not a bundle of roots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// Longer than [`MAX_BUNDLE_BYTES`].
    #[error("the bundle of roots has {found} bytes, at most {MAX_BUNDLE_BYTES} are read")]
    TooLarge {
        /// Its length.
        found: usize,
    },
    /// There is no certificate in it. A log that accepts nothing is a mistake.
    #[error("there is no certificate in the bundle of roots")]
    Empty,
    /// More than [`MAX_ROOTS`].
    #[error("there are more than {MAX_ROOTS} certificates in the bundle of roots")]
    TooMany,
    /// A certificate cannot be read.
    #[error("root {position}: {source}")]
    Pem {
        /// Which one, from 0.
        position: usize,
        /// What is wrong with it.
        source: PemError,
    },
    /// A certificate does not say that it is a CA's.
    #[error("root {position}, {subject}, is not the certificate of a CA")]
    NotACa {
        /// Which one, from 0.
        position: usize,
        /// Whom it is about.
        subject: String,
    },
}

/// The roots of the moment, for readers that never wait long.
#[derive(Debug)]
pub struct AcceptedRoots(RwLock<Arc<Roots>>);

impl Roots {
    /// Reads a bundle: certificates in PEM, one after another, with any text between them. One that is there twice counts
    /// once.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn from_pem(bundle: &str) -> Result<Self, RootsError> {
        const END: &str = "-----END CERTIFICATE-----";
        if bundle.len() > MAX_BUNDLE_BYTES {
            return Err(RootsError::TooLarge { found: bundle.len() });
        }
        let mut roots = Vec::new();
        for (position, block) in bundle.split_inclusive(END).enumerate() {
            match Certificate::from_pem(block) {
                Ok(root) if position < MAX_ROOTS => roots.push(root),
                Ok(_) => return Err(RootsError::TooMany),
                // What follows the last certificate is text.
                Err(PemError::NoCertificate) => {}
                Err(source) => return Err(RootsError::Pem { position, source }),
            }
        }
        Self::new(&roots)
    }

    /// These certificates.
    ///
    /// # Errors
    /// [`RootsError::Empty`], [`RootsError::TooMany`], [`RootsError::NotACa`].
    pub fn new(roots: &[Certificate]) -> Result<Self, RootsError> {
        if roots.is_empty() {
            return Err(RootsError::Empty);
        }
        if roots.len() > MAX_ROOTS {
            return Err(RootsError::TooMany);
        }
        let mut by_subject: BTreeMap<Name, Vec<Certificate>> = BTreeMap::new();
        let mut texts = Vec::with_capacity(roots.len());
        for (position, root) in roots.iter().enumerate() {
            if !root.is_ca() {
                return Err(RootsError::NotACa { position, subject: root.subject().to_string() });
            }
            let namesakes = by_subject.entry(root.subject().clone()).or_default();
            if !namesakes.contains(root) {
                namesakes.push(root.clone());
                texts.push(base64::encode(root.der()));
            }
        }
        let json = format!("{{\"certificates\":[\"{}\"]}}", texts.join("\",\"")).into();
        Ok(Self { by_subject, count: texts.len(), json })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether this very certificate is accepted.
    #[must_use]
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.by_subject.get(certificate.subject()).is_some_and(|namesakes| namesakes.contains(certificate))
    }

    /// The roots that may have issued this certificate, by name, in the order of the bundle.
    pub(crate) fn issuers_of(&self, certificate: &Certificate) -> &[Certificate] {
        self.by_subject.get(certificate.issuer()).map_or(&[], Vec::as_slice)
    }

    /// The answer to get-roots, JSON.
    #[must_use]
    pub fn json(&self) -> Bytes {
        self.json.clone()
    }
}

impl AcceptedRoots {
    /// These, to begin with.
    #[must_use]
    pub fn new(roots: Roots) -> Self {
        Self(RwLock::new(Arc::new(roots)))
    }

    /// The roots of the moment.
    #[must_use]
    pub fn load(&self) -> Arc<Roots> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Accepts these from now on, and no others. A request that is being judged keeps those it began with.
    pub fn replace(&self, roots: Roots) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roots);
    }
}
