//! One file to be signed.

use super::role::holder;
use super::{EditError, Role, file};
use crate::Error;
use crate::metadata::{Authority, Content, Document, Key, Root};
use jiff::Timestamp;
use sealwax_crypto::{PublicKey, Scheme};
use sealwax_json::{Object, Value};
use std::collections::BTreeMap;

/// A file, and who has signed it so far. Its signatures are all good.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) role: Role,
    pub(super) version: u64,
    pub(super) expires: Timestamp,
    pub(super) signed: Object<'static>,
    message: Vec<u8>,
    /// Each of them must be satisfied.
    demands: Vec<Demand>,
    signatures: BTreeMap<String, Vec<u8>>,
}

/// What one root demands of a file.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    /// The version of that root.
    pub(super) root_version: u64,
    pub(super) authority: Authority,
    /// Who holds which key, as far as that root says so.
    pub(super) holders: BTreeMap<String, String>,
}

impl Demand {
    /// What a root demands of a role.
    pub(super) fn of(root: &Document<Root>, signed: &Object<'_>, role: Role) -> Self {
        let keys = signed.get("keys").and_then(Value::as_object);
        let named = |(keyid, key): (&str, &Value<'_>)| Some((keyid.to_owned(), holder(key.as_object()?)?));
        Demand {
            root_version: root.version,
            authority: authority(&root.content, role).clone(),
            holders: keys.into_iter().flat_map(Object::iter).filter_map(named).collect(),
        }
    }

    /// Whose word it is.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.authority.delegator(), self.root_version)
    }
}

/// Who may sign a role.
pub(super) fn authority(root: &Root, role: Role) -> &Authority {
    match role {
        Role::Root => &root.root,
        Role::Targets => &root.targets,
        Role::Snapshot => &root.snapshot,
        Role::Timestamp => &root.timestamp,
    }
}

impl Draft {
    /// A file that was understood, with what it takes to publish it.
    pub(super) fn new<T: Content>(
        role: Role,
        signed: Object<'static>,
        demands: Vec<Demand>,
    ) -> Result<Self, Error> {
        let document = Document::<T>::unsigned(&signed, role.name())?;
        let Document { version, expires, message, .. } = document;
        Ok(Draft { role, version, expires, signed, message, demands, signatures: BTreeMap::new() })
    }

    pub(super) fn file(&self) -> String {
        file::path(self.role, self.version)
    }

    /// What is signed: the canonical form (TUF §4.2).
    pub(super) fn message(&self) -> &[u8] {
        &self.message
    }

    pub(super) fn demands(&self) -> &[Demand] {
        &self.demands
    }

    pub(super) fn signed_by(&self, keyid: &str) -> bool {
        self.signatures.contains_key(keyid)
    }

    /// The names under which a key signs this file, and how.
    pub(super) fn names_of(&self, public: &PublicKey) -> Vec<(String, Scheme)> {
        let mut names: Vec<_> = self
            .keys()
            .filter_map(|(keyid, key)| Some((keyid, key.usable()?)))
            .filter(|(_, (key, _))| *key == public)
            .map(|(keyid, (_, scheme))| (keyid.to_owned(), scheme))
            .collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        names.dedup_by(|a, b| a.0 == b.0);
        names
    }

    /// Takes a signature, if it is one.
    pub(super) fn add(&mut self, keyid: &str, signature: &[u8]) -> Result<(), EditError> {
        let file = self.file();
        let named = |name: &str| name == keyid;
        if !self.keys().any(|(name, _)| named(name)) {
            return Err(EditError::NotASigner { file, keyid: keyid.chars().take(128).collect() });
        }
        if !self.keys().any(|(name, key)| named(name) && key.verifies(&self.message, signature)) {
            return Err(EditError::BadSignature { file, keyid: keyid.to_owned() });
        }
        self.signatures.insert(keyid.to_owned(), signature.to_vec());
        Ok(())
    }

    /// The distinct keys that have signed, of those that count for a demand.
    pub(super) fn count(&self, demand: &Demand) -> u64 {
        let signatures = self.signatures.iter().map(|(keyid, bytes)| (keyid.as_str(), bytes.as_slice()));
        demand.authority.count(&self.message, signatures)
    }

    /// Whether enough have signed.
    pub(super) fn check_complete(&self) -> Result<(), EditError> {
        for demand in &self.demands {
            let (threshold, found) = (demand.authority.threshold(), self.count(demand));
            if found < threshold {
                let (file, authority) = (self.file(), demand.name());
                return Err(EditError::Incomplete { file, authority, threshold, found });
            }
        }
        Ok(())
    }

    /// The file with the signatures that are there.
    pub(super) fn bytes(&self) -> Vec<u8> {
        file::written(&self.signed, &self.signatures)
    }

    fn keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.demands.iter().flat_map(|demand| demand.authority.keys())
    }
}
