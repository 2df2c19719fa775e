//! How many certificates one identity, and all identities of one issuer, may have.

use std::time::{Duration, Instant};

use sealwax_crypto::sha256;
use sealwax_oidc::{Identity, Subject};
use sealwax_server::{Buckets, Rate};

/// A key of the buckets: a hash, since subjects may be long. The half of it does.
type Key = [u8; 16];

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaOf {
    /// One subject of one issuer.
    Identity,
    /// All subjects of one issuer, as certificates name it.
    Issuer,
}

/// The quota is used up until the time that this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many certificates for this {}: the next in {} s", name(*.of), .wait.as_secs().saturating_add(1))]
pub struct QuotaExceeded {
    /// Whose quota it is.
    pub of: QuotaOf,
    /// How long until there may be one.
    pub wait: Duration,
}

/// Quotas, none unless told otherwise.
#[derive(Debug, Default)]
pub struct Quotas {
    identity: Option<Buckets<Key>>,
    issuer: Option<Buckets<Key>>,
}

impl Quotas {
    /// With this rate for each identity, and this one for each issuer.
    #[must_use]
    pub fn new(identity: Option<Rate>, issuer: Option<Rate>) -> Self {
        Self { identity: identity.map(Buckets::new), issuer: issuer.map(Buckets::new) }
    }

    /// Counts a certificate of this identity. The identity's own quota comes first, so that nobody who has exhausted it takes
    /// anything from the others of the issuer.
    ///
    /// # Errors
    /// [`QuotaExceeded`].
    pub(crate) fn take(&self, identity: &Identity, now: Instant) -> Result<(), QuotaExceeded> {
        let issuer = identity.extensions().get(8).unwrap_or_default();
        let subject = match identity.subject() {
            Subject::Email(text) | Subject::Uri(text) | Subject::Username(text) => text,
        };
        let take = |buckets: &Option<Buckets<Key>>, of, parts: [&str; 2]| match buckets {
            Some(buckets) => buckets.take(key(parts), now).map_err(|wait| QuotaExceeded { of, wait }),
            None => Ok(()),
        };
        take(&self.identity, QuotaOf::Identity, [issuer, subject])?;
        take(&self.issuer, QuotaOf::Issuer, [issuer, ""])
    }
}

/// No text of a certificate has a zero in it that would let one pair be taken for another: URLs and addresses have none.
fn key([issuer, subject]: [&str; 2]) -> Key {
    let hash = sha256(&[issuer.as_bytes(), &[0], subject.as_bytes()].concat());
    let (half, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
    *half
}

const fn name(of: QuotaOf) -> &'static str {
    match of {
        QuotaOf::Identity => "identity",
        QuotaOf::Issuer => "issuer",
    }
}
