//! Roles: which keys may sign, and how many must (TUF §4.3).

use super::document::Document;
use super::field::{as_object, object, positive, strings};
use super::key::Key;
use crate::{Error, MetadataError};
use sealwax_json::Object;
use std::collections::{BTreeMap, BTreeSet};

/// The keys of a file that delegates, by keyid. A keyid is a name: it need not be a digest of the key.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(BTreeMap<String, Key>);

impl Keys {
    pub(super) fn read(keys: &Object<'_>) -> Result<Self, MetadataError> {
        keys.iter()
            .map(|(keyid, key)| Ok((keyid.to_owned(), Key::read(as_object(key, keyid)?)?)))
            .collect::<Result<_, _>>()
            .map(Keys)
    }

    pub(super) fn of(parent: &Object<'_>) -> Result<Self, MetadataError> {
        Self::read(object(parent, "keys")?)
    }
}

/// A role's part of a delegation.
#[derive(Debug, Clone)]
pub(super) struct Role {
    keyids: BTreeSet<String>,
    threshold: u64,
}

impl Role {
    pub(super) fn read(role: &Object<'_>) -> Result<Self, MetadataError> {
        Ok(Role {
            keyids: strings(role, "keyids")?.into_iter().collect(),
            threshold: positive(role, "threshold")?,
        })
    }

    /// The role with the keys that its keyids name. A keyid without a key counts for nothing.
    pub(super) fn authority(&self, delegator: &str, keys: &Keys) -> Authority {
        let keys = self
            .keyids
            .iter()
            .filter_map(|keyid| Some((keyid.clone(), keys.0.get(keyid)?.clone())))
            .collect();
        Authority { delegator: delegator.to_owned(), threshold: self.threshold, keys }
    }
}

/// Who may sign a role, according to one delegator.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    delegator: String,
    threshold: u64,
    keys: BTreeMap<String, Key>,
}

impl Authority {
    /// Whether a threshold of distinct keys has signed. A key counts once, whatever its keyids; a bad signature among
    /// enough good ones does no harm.
    pub(crate) fn check<T>(&self, role: &str, document: &Document<T>) -> Result<(), Error> {
        let signatures = document.signatures.iter().map(|s| (s.keyid.as_str(), s.bytes.as_slice()));
        let found = self.count(&document.message, signatures);
        if found >= self.threshold {
            return Ok(());
        }
        let (role, delegator) = (role.to_owned(), self.delegator.clone());
        Err(Error::Threshold { role, delegator, threshold: self.threshold, found })
    }

    /// The distinct keys that have signed the message.
    pub(crate) fn count<'s>(
        &self,
        message: &[u8],
        signatures: impl IntoIterator<Item = (&'s str, &'s [u8])>,
    ) -> u64 {
        let mut signed_by = BTreeSet::new();
        for (keyid, signature) in signatures {
            let Some(key) = self.keys.get(keyid) else { continue };
            let Some(identity) = key.identity() else { continue };
            if !signed_by.contains(&identity) && key.verifies(message, signature) {
                signed_by.insert(identity);
            }
        }
        u64::try_from(signed_by.len()).unwrap_or(u64::MAX)
    }

    /// How many keys must sign.
    pub(crate) fn threshold(&self) -> u64 {
        self.threshold
    }

    /// Whose word this is: the role that names these keys.
    pub(crate) fn delegator(&self) -> &str {
        &self.delegator
    }

    /// The keys by keyid, unusable ones included.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.keys.iter().map(|(keyid, key)| (keyid.as_str(), key))
    }

    /// Whether both mean the same keys.
    pub(crate) fn has_same_keys(&self, other: &Authority) -> bool {
        let identities =
            |authority: &Authority| authority.keys.values().map(Key::identity).collect::<BTreeSet<_>>();
        identities(self) == identities(other)
    }
}
