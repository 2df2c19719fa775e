//! One edition of a repository, from the plan to the files.

use super::change::{Content, empty, within};
use super::draft::{Demand, Draft};
use super::publication::rehearse;
use super::roots::{next_roots, stands};
use super::{Change, EditError, File, Publication, Repository, Role, Terms, file};
use crate::metadata::{Document, Root, Snapshot, Targets, Timestamp};
use sealwax_crypto::{PublicKey, Scheme};
use sealwax_json::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What is to become of a repository: files to be signed, with the signatures that are there so far.
///
/// Root and targets are fixed when it is planned, so that people can review and sign them over days. Snapshot and
/// timestamp, which are valid for days, are made when it is about to be published ([`Edition::date`]).
#[derive(Debug, Clone)]
pub struct Edition {
    pub(super) base: Option<Repository>,
    /// The next root; or two, if the first lets old and new keys overlap.
    pub(super) roots: Vec<Draft>,
    pub(super) targets: Option<Draft>,
    online: Option<Online>,
    /// The root that will be the last.
    root: Document<Root>,
    root_signed: Object<'static>,
    /// The content of new targets, by their path.
    contents: BTreeMap<String, Vec<u8>>,
    /// Roles to be signed even if nothing in them changes.
    renewed: BTreeSet<Role>,
}

/// Snapshot and timestamp, where they are due.
#[derive(Debug, Clone)]
struct Online {
    snapshot: Option<Draft>,
    timestamp: Option<Draft>,
}

/// What somebody is asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The file.
    pub file: String,
    /// The name of the key.
    pub keyid: String,
    /// How it signs.
    pub scheme: Scheme,
    /// What it signs.
    pub message: Vec<u8>,
}

/// How far the signing of a file has got, by what one root demands of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The file.
    pub file: String,
    /// The root whose keys these are.
    pub root_version: u64,
    /// How many must sign.
    pub threshold: u64,
    /// How many distinct keys have.
    pub found: u64,
    /// Every key that may sign: its keyid, its holder as far as that is known, whether it has.
    pub keys: Vec<(String, Option<String>, bool)>,
}

impl Edition {
    /// Plans an edition of a repository, or the first one of a new repository.
    ///
    /// # Errors
    /// [`EditError`]: a change that cannot be, or none at all.
    pub fn plan(base: Option<&Repository>, changes: &[Change], terms: &Terms) -> Result<Self, EditError> {
        if base.is_some_and(|base| !base.root.document.content.consistent_snapshot) {
            return Err(EditError::InconsistentSnapshots);
        }
        let mut content = Content::of(base);
        for change in changes {
            content.apply(change)?;
        }
        let Content { root, targets, bytes: contents, renewed } = content;
        let roots = match base {
            Some(base) if root == base.root.signed && !renewed.contains(&Role::Root) => Vec::new(),
            base => next_roots(base, root, terms)?,
        };
        let mut edition = Edition::with_roots(base, roots)?;
        let asked =
            renewed.contains(&Role::Targets) || base.is_none_or(|base| base.targets.signed != targets);
        if asked || !edition.stands(Role::Targets) {
            let version = base.map_or(0, |base| base.targets.document.version);
            let version = file::raised(Role::Targets, version, edition.step(terms))?;
            let signed = file::dated(targets, version, terms.expiry(Role::Targets)?);
            edition.targets =
                Some(Draft::new::<Targets>(Role::Targets, signed, edition.demand(Role::Targets))?);
        }
        edition.take_along(contents, renewed);
        edition.demand_something()?;
        Ok(edition)
    }

    /// Makes snapshot and timestamp, where they are due; again, if it was called before.
    ///
    /// # Errors
    /// [`EditError::Expired`] for what has waited too long, [`EditError::Version`], [`EditError::Validity`].
    pub fn date(&mut self, terms: &Terms) -> Result<(), EditError> {
        for draft in self.roots.last().into_iter().chain(&self.targets) {
            if draft.expires <= terms.now {
                return Err(EditError::Expired { file: draft.file(), at: draft.expires });
            }
        }
        let snapshot = match self.targets.is_some() || self.is_due(Role::Snapshot) {
            true => Some(self.next_snapshot(terms)?),
            false => None,
        };
        let timestamp = match (&snapshot, &self.base) {
            (Some(snapshot), _) => Some(self.next_timestamp(snapshot.version, terms)?),
            (None, Some(base)) if self.is_due(Role::Timestamp) => {
                Some(self.next_timestamp(base.snapshot.document.version, terms)?)
            }
            (None, _) => None,
        };
        self.online = Some(Online { snapshot, timestamp });
        Ok(())
    }

    /// What a key is asked to sign, and has not signed yet.
    pub fn requests(&self, public: &PublicKey) -> Vec<Request> {
        let requests = |draft: &Draft| {
            let (file, message) = (draft.file(), draft.message().to_vec());
            let open = draft.names_of(public).into_iter().filter(|(keyid, _)| !draft.signed_by(keyid));
            open.map(|(keyid, scheme)| Request {
                file: file.clone(),
                keyid,
                scheme,
                message: message.clone(),
            })
            .collect::<Vec<_>>()
        };
        self.drafts().flat_map(requests).collect()
    }

    /// Takes a signature of a file, after verifying it. The same again changes nothing.
    ///
    /// # Errors
    /// [`EditError::NoSuchFile`], [`EditError::NotASigner`], [`EditError::BadSignature`].
    pub fn add_signature(&mut self, file: &str, keyid: &str, signature: &[u8]) -> Result<(), EditError> {
        let draft = self.drafts_mut().find(|draft| draft.file() == file);
        let draft = draft.ok_or_else(|| EditError::NoSuchFile { file: file.chars().take(128).collect() })?;
        draft.add(keyid, signature)
    }

    /// How far the signing has got, file by file.
    pub fn standing(&self) -> Vec<Standing> {
        let standing = |draft: &Draft, demand: &Demand| Standing {
            file: draft.file(),
            root_version: demand.root_version,
            threshold: demand.authority.threshold(),
            found: draft.count(demand),
            keys: (demand.authority.keys())
                .map(|(id, _)| (id.to_owned(), demand.holders.get(id).cloned(), draft.signed_by(id)))
                .collect(),
        };
        let of = |draft| Draft::demands(draft).iter().map(move |demand| standing(draft, demand));
        self.drafts().flat_map(of).collect()
    }

    /// The files in their order, if everything is signed, after trying each step of the writing with the client.
    ///
    /// # Errors
    /// [`EditError::Undated`], [`EditError::Incomplete`], [`EditError::TargetContent`], [`EditError::Order`].
    pub fn finish(&self) -> Result<Publication, EditError> {
        let online = self.online.as_ref().ok_or(EditError::Undated)?;
        for draft in self.drafts() {
            draft.check_complete()?;
        }
        let metadata = |draft: &Draft| File { path: draft.file(), bytes: draft.bytes() };
        // A root under which something that is published would be stranded comes last, when all of that is replaced.
        let strands =
            [Role::Targets, Role::Snapshot, Role::Timestamp].into_iter().any(|role| !self.stands(role));
        let early = self.roots.len().saturating_sub(usize::from(strands && self.base.is_some()));
        let (first, last) = self.roots.split_at(early);
        let others = [self.targets.as_ref(), online.snapshot.as_ref(), online.timestamp.as_ref()];
        let drafts = first.iter().chain(others.into_iter().flatten()).chain(last);
        let mut files = self.target_files()?;
        files.extend(drafts.map(metadata));
        let repository = rehearse(self.base.as_ref(), &files)?;
        Ok(Publication { files, repository })
    }
}

/// The parts that are not for callers.
impl Edition {
    /// An edition that changes nothing but these roots.
    pub(super) fn with_roots(base: Option<&Repository>, roots: Vec<Draft>) -> Result<Self, EditError> {
        let signed = roots.last().map(|draft| &draft.signed);
        let signed = signed.or(base.map(|base| &base.root.signed)).ok_or(EditError::NothingToDo)?;
        Ok(Edition {
            root: Document::unsigned(signed, Role::Root.name())?,
            root_signed: signed.clone(),
            base: base.cloned(),
            roots,
            targets: None,
            online: None,
            contents: BTreeMap::new(),
            renewed: BTreeSet::new(),
        })
    }

    /// What the last root demands of a role.
    pub(super) fn demand(&self, role: Role) -> Vec<Demand> {
        vec![Demand::of(&self.root, &self.root_signed, role)]
    }

    pub(super) fn take_along(&mut self, contents: BTreeMap<String, Vec<u8>>, renewed: BTreeSet<Role>) {
        self.contents = contents;
        self.renewed = renewed;
    }

    pub(super) fn contents(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.contents
    }

    pub(super) fn renewed(&self) -> &BTreeSet<Role> {
        &self.renewed
    }

    /// Refuses an edition that is none.
    pub(super) fn demand_something(&self) -> Result<(), EditError> {
        let online = [Role::Snapshot, Role::Timestamp].into_iter().any(|role| self.is_due(role));
        if self.roots.is_empty() && self.targets.is_none() && !online {
            return Err(EditError::NothingToDo);
        }
        Ok(())
    }

    /// Whether the published file of a role is good under the last root.
    pub(super) fn stands(&self, role: Role) -> bool {
        self.base.as_ref().is_some_and(|base| stands(base, &self.root.content, role))
    }

    fn is_due(&self, role: Role) -> bool {
        self.renewed.contains(&role) || !self.stands(role)
    }

    fn step(&self, terms: &Terms) -> u64 {
        // A repository begins with version 1, whatever comes later.
        if self.base.is_some() { terms.step.get() } else { 1 }
    }

    fn next_snapshot(&self, terms: &Terms) -> Result<Draft, EditError> {
        let base = self.base.as_ref().map(|base| &base.snapshot);
        let mut signed = base.map_or_else(|| empty(Role::Snapshot), |base| base.signed.clone());
        if let Some(targets) = &self.targets {
            let name = crate::file_name(Role::Targets.name());
            within(&mut signed, "meta", |meta| meta.insert(name, file::meta(targets.version)));
        }
        let version = base.map_or(0, |base| base.document.version);
        let version = file::raised(Role::Snapshot, version, self.step(terms))?;
        let signed = file::dated(signed, version, terms.expiry(Role::Snapshot)?);
        Ok(Draft::new::<Snapshot>(Role::Snapshot, signed, self.demand(Role::Snapshot))?)
    }

    fn next_timestamp(&self, snapshot: u64, terms: &Terms) -> Result<Draft, EditError> {
        let base = self.base.as_ref().map(|base| &base.timestamp);
        let mut signed = base.map_or_else(|| empty(Role::Timestamp), |base| base.signed.clone());
        within(&mut signed, "meta", |meta| meta.insert(file::snapshot_name(), file::meta(snapshot)));
        let version = base.map_or(0, |base| base.document.version);
        let version = file::raised(Role::Timestamp, version, self.step(terms))?;
        let signed = file::dated(signed, version, terms.expiry(Role::Timestamp)?);
        Ok(Draft::new::<Timestamp>(Role::Timestamp, signed, self.demand(Role::Timestamp))?)
    }

    /// The contents of the targets that this edition lists and the repository has not, under the name of their digest.
    fn target_files(&self) -> Result<Vec<File>, EditError> {
        let Some(draft) = &self.targets else { return Ok(Vec::new()) };
        let listed: Document<Targets> = Document::unsigned(&draft.signed, Role::Targets.name())?;
        let paths = draft.signed.get("targets").and_then(Value::as_object).into_iter().flat_map(Object::iter);
        let mut files = Vec::new();
        for (path, _) in paths {
            let target = listed.content.target(path, true)?;
            if self.base.as_ref().is_some_and(|base| base.target(path) == Ok(target.clone())) {
                continue;
            }
            let missing = || EditError::TargetContent { path: path.to_owned() };
            let bytes = self.contents.get(path).ok_or_else(missing)?;
            let target = target.filter(|target| target.matches(bytes)).ok_or_else(missing)?;
            files.push(File { path: format!("targets/{}", target.url_path), bytes: bytes.clone() });
        }
        Ok(files)
    }

    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        let online = self.online.iter().flat_map(|online| online.snapshot.iter().chain(&online.timestamp));
        self.roots.iter().chain(&self.targets).chain(online)
    }

    fn drafts_mut(&mut self) -> impl Iterator<Item = &mut Draft> {
        let online =
            self.online.iter_mut().flat_map(|online| online.snapshot.iter_mut().chain(&mut online.timestamp));
        self.roots.iter_mut().chain(&mut self.targets).chain(online)
    }
}
