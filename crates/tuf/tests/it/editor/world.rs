//! A repository whose keys are all at hand, and its files as a server would have them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{KeyKind, Message, SigningKey};
use sealwax_testkit::SIGNED_AT;
use sealwax_tuf::editor::{Change, EditError, Edition, Publication, Repository, Role, RoleKey, Terms};

use crate::client::Client;

/// Both kinds of keys that the editor writes, in turn.
const KINDS: [KeyKind; 2] = [KeyKind::Ed25519, KeyKind::EcdsaP256];

pub(crate) struct World {
    /// What is served, by the path below the URL.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// None before the first edition.
    pub(crate) repository: Option<Repository>,
    pub(crate) terms: Terms,
    /// Every key that ever was, by keyid; none is ever lost, unless a test takes it out.
    pub(crate) keys: BTreeMap<String, SigningKey>,
}

impl World {
    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        World {
            files: BTreeMap::new(),
            repository: None,
            terms: Terms::new(SIGNED_AT),
            keys: BTreeMap::new(),
        }
    }

    /// Two of three holders sign root and targets, one key signs the others; one target.
    pub(crate) fn new() -> Self {
        let mut world = World::empty();
        let mut changes = Vec::new();
        for _ in 0..3 {
            let key = world.key();
            changes.extend([Role::Root, Role::Targets].map(|role| add(role, &key)));
        }
        let online = world.key();
        changes.extend([Role::Snapshot, Role::Timestamp].map(|role| add(role, &online)));
        changes.extend([Role::Root, Role::Targets].map(|role| Change::Threshold { role, threshold: 2 }));
        changes.push(put("trusted_root.json", b"one"));
        world.publish(&changes).unwrap();
        world
    }

    /// A key that nobody has yet.
    pub(crate) fn key(&mut self) -> RoleKey {
        let key = SigningKey::generate(KINDS[self.keys.len() % KINDS.len()]).unwrap();
        let listed = RoleKey::new(key.public_key(), Some(&format!("holder-{}", self.keys.len()))).unwrap();
        self.keys.insert(listed.keyid().to_owned(), key);
        listed
    }

    /// The keyids of a role.
    pub(crate) fn keyids(&self, role: Role) -> Vec<String> {
        let (keys, _) = self.repository.as_ref().unwrap().keys(role);
        keys.into_iter().map(|key| key.keyid).collect()
    }

    pub(crate) fn pass(&mut self, days: i64) {
        self.terms.now += SignedDuration::from_hours(24 * days);
    }

    pub(crate) fn plan(&self, changes: &[Change]) -> Result<Edition, EditError> {
        Edition::plan(self.repository.as_ref(), changes, &self.terms)
    }

    /// Signs with one key after the other, until it is enough: a file seldom has more signatures than it must.
    pub(crate) fn sign(&self, edition: &mut Edition) {
        for key in self.keys.values() {
            if edition.standing().iter().all(|standing| standing.found >= standing.threshold) {
                break;
            }
            sign_with(edition, key);
        }
    }

    /// An edition, signed by everybody, not written yet.
    pub(crate) fn edit(&self, changes: &[Change]) -> Result<Publication, EditError> {
        let mut edition = self.plan(changes)?;
        edition.date(&self.terms)?;
        self.sign(&mut edition);
        edition.finish()
    }

    pub(crate) fn publish(&mut self, changes: &[Change]) -> Result<Publication, EditError> {
        let publication = self.edit(changes)?;
        self.write(&publication);
        Ok(publication)
    }

    pub(crate) fn write(&mut self, publication: &Publication) {
        for file in &publication.files {
            self.files.insert(file.path.clone(), file.bytes.clone());
        }
        self.repository = Some(publication.repository.clone());
    }

    /// The repository as its files say.
    pub(crate) fn reopened(&self) -> Result<Repository, sealwax_tuf::Error> {
        Repository::open(&self.files["1.root.json"], |path| self.files.get(path).cloned())
    }

    /// A client that has nothing but the first root.
    pub(crate) fn client(&self) -> Client {
        Client::from_root(&self.files["1.root.json"])
    }

    /// Brings a client up to date at the world's time; the versions that it then has.
    pub(crate) fn refresh(&self, client: &mut Client) -> Result<[u64; 4], sealwax_tuf::Error> {
        client.now = self.terms.now;
        client.refresh_from(|path| self.files.get(path).cloned())?;
        Ok(client.versions())
    }

    /// The content of a target, as a client gets it.
    pub(crate) fn target(&self, client: &mut Client, path: &str) -> Option<Vec<u8>> {
        client.now = self.terms.now;
        let trusted = client.refresh_from(|path| self.files.get(path).cloned()).unwrap();
        let found = trusted.search(path).unwrap().finish().unwrap()?;
        let bytes = self.files[&format!("targets/{}", found.url_path)].clone();
        assert!(found.matches(&bytes));
        Some(bytes)
    }
}

pub(crate) fn sign_with(edition: &mut Edition, key: &SigningKey) {
    for request in edition.requests(key.public_key()) {
        let signature = key.sign(request.scheme, Message::Bytes(&request.message)).unwrap();
        edition.add_signature(&request.file, &request.keyid, &signature).unwrap();
    }
}

pub(crate) fn add(role: Role, key: &RoleKey) -> Change {
    Change::AddKey { role, key: key.clone() }
}

pub(crate) fn remove(role: Role, keyid: &str) -> Change {
    Change::RemoveKey { role, keyid: keyid.to_owned() }
}

pub(crate) fn put(path: &str, bytes: &[u8]) -> Change {
    Change::PutTarget { path: path.to_owned(), bytes: bytes.to_vec() }
}

pub(crate) fn renew(role: Role) -> Change {
    Change::Renew { role }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
