//! A repository, read with the client's own code.

use super::{Role, file};
use crate::metadata::{Content, Document, ROOT, Root, Snapshot, Targets, Timestamp, signed_part};
use crate::{Action, Answer, Error, Limits, Machine, Refresh};
use sealwax_json::Object;
use std::collections::BTreeMap;

/// Reads a repository from its first root (or any later one that is trusted) on. It wants [`Action::Fetch`] only.
///
/// It is the client's refresh without a store, and without expiry: what has expired must be opened, or it could not be
/// signed again.
#[derive(Debug)]
pub struct Opening {
    refresh: Refresh,
    question: Option<Action>,
    /// By version.
    roots: BTreeMap<u64, Vec<u8>>,
    /// What the client would store, by the name under which it would.
    files: BTreeMap<String, Vec<u8>>,
}

/// A repository whose top-level roles are signed as its root demands.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The roots from the one that was trusted on, by version, as they are published.
    pub(super) roots: BTreeMap<u64, Vec<u8>>,
    pub(super) root: Part<Root>,
    pub(super) targets: Part<Targets>,
    pub(super) snapshot: Part<Snapshot>,
    pub(super) timestamp: Part<Timestamp>,
}

/// A file: what it says, and how.
#[derive(Debug, Clone)]
pub(super) struct Part<T> {
    pub(super) document: Document<T>,
    pub(super) signed: Object<'static>,
    pub(super) bytes: Vec<u8>,
}

impl Opening {
    /// Starts from a root that the caller trusts.
    ///
    /// # Errors
    /// The root is not one, or is not signed as it demands itself.
    pub fn new(trusted_root: &[u8]) -> Result<Self, Error> {
        // A repository may have had more roots than a client follows in one go.
        let limits = Limits { root_rotations: u64::MAX, ..Limits::default() };
        let version = crate::inspect_root(trusted_root, &limits)?.version;
        let mut opening = Opening {
            refresh: Refresh::new(trusted_root, jiff::Timestamp::MIN, &limits)?,
            question: None,
            roots: BTreeMap::from([(version, trusted_root.to_vec())]),
            files: BTreeMap::from([(crate::file_name(ROOT), trusted_root.to_vec())]),
        };
        opening.go_on()?;
        Ok(opening)
    }

    /// The repository.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`] unless [`Machine::next_action`] has returned `None` after no answer failed.
    pub fn finish(self) -> Result<Repository, Error> {
        let Opening { refresh, roots, mut files, .. } = self;
        let trusted = refresh.finish()?;
        Ok(Repository {
            roots,
            root: Part::new(trusted.root, ROOT, &mut files)?,
            targets: Part::new(trusted.targets, crate::metadata::TARGETS, &mut files)?,
            snapshot: Part::new(trusted.snapshot, crate::metadata::SNAPSHOT, &mut files)?,
            timestamp: Part::new(trusted.timestamp, crate::metadata::TIMESTAMP, &mut files)?,
        })
    }

    /// Does what needs no answer from outside, up to the next question that does.
    fn go_on(&mut self) -> Result<(), Error> {
        loop {
            match self.refresh.next_action() {
                Some(Action::Load { .. }) => self.refresh.answer(Answer::Absent)?,
                Some(Action::Store { file, bytes }) => {
                    if file == crate::file_name(ROOT) {
                        let version = crate::inspect_root(&bytes, &Limits::default())?.version;
                        self.roots.insert(version, bytes.clone());
                    }
                    self.files.insert(file, bytes);
                }
                // Fast-forward recovery: there is nothing to forget yet.
                Some(Action::Remove { .. }) => {}
                question => {
                    self.question = question;
                    return Ok(());
                }
            }
        }
    }
}

impl Machine for Opening {
    fn next_action(&mut self) -> Option<Action> {
        self.question.clone()
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Error> {
        self.question = None;
        self.refresh.answer(answer)?;
        self.go_on()
    }
}

impl Repository {
    /// Reads a repository whose files are at hand, from a trusted root on.
    ///
    /// # Errors
    /// What the client would refuse, except that nothing expires.
    pub fn open(trusted_root: &[u8], mut file: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self, Error> {
        let mut opening = Opening::new(trusted_root)?;
        while let Some(action) = opening.next_action() {
            if let Action::Fetch { path, .. } = action {
                opening.answer(file(&path).map_or(Answer::Absent, Answer::Bytes))?;
            }
        }
        opening.finish()
    }

    /// The version of a role.
    pub fn version(&self, role: Role) -> u64 {
        match role {
            Role::Root => self.root.document.version,
            Role::Targets => self.targets.document.version,
            Role::Snapshot => self.snapshot.document.version,
            Role::Timestamp => self.timestamp.document.version,
        }
    }

    /// Until when a role is valid.
    pub fn expires(&self, role: Role) -> jiff::Timestamp {
        match role {
            Role::Root => self.root.document.expires,
            Role::Targets => self.targets.document.expires,
            Role::Snapshot => self.snapshot.document.expires,
            Role::Timestamp => self.timestamp.document.expires,
        }
    }

    /// A published root, byte for byte: one between that which the opening began with and the newest.
    pub fn root(&self, version: u64) -> Option<&[u8]> {
        self.roots.get(&version).map(Vec::as_slice)
    }

    /// The metadata files as they are published, by their paths: the roots that the opening walked, and the newest of the
    /// other top-level roles.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fn entry<T>(role: Role, part: &Part<T>) -> (String, Vec<u8>) {
            (file::path(role, part.document.version), part.bytes.clone())
        }
        let root = |(version, bytes): (&u64, &Vec<u8>)| (file::path(Role::Root, *version), bytes.clone());
        let others = [
            entry(Role::Targets, &self.targets),
            entry(Role::Snapshot, &self.snapshot),
            entry(Role::Timestamp, &self.timestamp),
        ];
        self.roots.iter().map(root).chain(others).collect()
    }

    /// A top-level target, as the metadata lists it.
    ///
    /// # Errors
    /// Its digests are of unknown algorithms only.
    pub fn target(&self, path: &str) -> Result<Option<crate::TargetFile>, Error> {
        self.targets.document.content.target(path, self.root.document.content.consistent_snapshot)
    }
}

impl<T: Content> Part<T> {
    fn new(document: Document<T>, role: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<Self, Error> {
        // Whatever the refresh trusts, it has stored.
        let bytes = files.remove(&crate::file_name(role)).ok_or(Error::OutOfTurn)?;
        Ok(Part { document, signed: signed_part(&bytes, role)?, bytes })
    }
}
