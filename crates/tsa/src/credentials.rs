//! What tokens are signed with: a key, its certificate, and the chain to the root.

use jiff::Timestamp;
use sealwax_pki::{
    Authority, AuthorityError, Certificate, EndEntity, EndEntityError, PathError, Search, SignatureMemo,
    TimestampWriter, TimestampWriterError,
};
use sealwax_signer::Signer;
use std::{fmt, sync::Arc};

/// A key and its chain, known to fit. Renewed by making new ones.
pub struct Credentials {
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) writer: TimestampWriter,
    chain: Vec<Certificate>,
    valid_from: Timestamp,
    valid_until: Timestamp,
}

/// Which certificates a client gets that asks for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Embedded {
    /// The signer's, as timestamp-authority does by default.
    #[default]
    Leaf,
    /// And those between it and the root.
    Intermediates,
}

/// Why a key and a chain sign no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Not leaf, intermediates, root.
    #[error(transparent)]
    Chain(#[from] AuthorityError),
    /// The chain does not begin with a certificate that signs tokens.
    #[error("the chain does not begin with the certificate of a time-stamping authority")]
    NoLeaf,
    /// The chain's end is not self-signed: deployed clients want the root itself.
    #[error("the chain does not end with a self-signed root")]
    NoRoot,
    /// The key is not the certificate's.
    #[error("the key is not that of the certificate")]
    OtherKey,
    /// Not a certificate of a time-stamping authority.
    #[error(transparent)]
    Leaf(#[from] EndEntityError),
    /// The chain does not hold.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No token can be written.
    #[error(transparent)]
    Writer(#[from] TimestampWriterError),
    /// There is no time at which the whole chain is valid.
    #[error("there is no time at which the whole chain is valid")]
    NeverValid,
}

impl Credentials {
    /// A key, and the chain of its certificate: leaf first, self-signed root last.
    ///
    /// # Errors
    /// [`CredentialsError`]: no verifier would take what they sign.
    pub fn new(
        signer: Arc<dyn Signer>,
        chain: Vec<Certificate>,
        embedded: Embedded,
    ) -> Result<Self, CredentialsError> {
        let authority = Authority::from_chain(&chain)?;
        let leaf = authority.leaf().ok_or(CredentialsError::NoLeaf)?;
        let root = authority.anchor();
        let root_key = root.public_key().map_err(|_| CredentialsError::NoRoot)?;
        if !root.is_self_issued() || root.check_signature_by(root_key).is_err() {
            return Err(CredentialsError::NoRoot);
        }
        if leaf.public_key() != Ok(signer.public_key()) {
            return Err(CredentialsError::OtherKey);
        }
        let memo = SignatureMemo::default();
        let search = Search { memo: &memo, further_intermediates: &[] };
        let paths = authority.paths(&EndEntity::time_stamping(leaf)?, search)?;
        let further = match embedded {
            Embedded::Leaf => &[],
            Embedded::Intermediates => authority.intermediates(),
        };
        let writer = TimestampWriter::new(leaf, further)?;
        // The path, not the chain: what is listed and leads nowhere does not end anybody's validity.
        let path = paths.first().ok_or(CredentialsError::NeverValid)?;
        let certificates = path.certificates();
        let valid_from = certificates.iter().map(Certificate::not_before).max();
        let valid_until = certificates.iter().map(Certificate::not_after).min();
        match (valid_from, valid_until) {
            (Some(valid_from), Some(valid_until)) if valid_from <= valid_until => {
                Ok(Self { signer, writer, chain, valid_from, valid_until })
            }
            _ => Err(CredentialsError::NeverValid),
        }
    }

    /// The chain, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The chain in PEM, leaf first.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(Certificate::to_pem).collect()
    }

    /// The first instant at which the whole chain is valid.
    #[must_use]
    pub fn valid_from(&self) -> Timestamp {
        self.valid_from
    }

    /// The last instant at which the whole chain is valid.
    #[must_use]
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.debug_struct("Credentials").field("chain", &self.chain).finish_non_exhaustive()
    }
}
