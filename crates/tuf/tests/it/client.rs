//! A client with its store in memory, driven against the simulated repository.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sealwax_testkit::SIGNED_AT;
use sealwax_testkit::tuf_repository::TufRepository;
use sealwax_tuf::{Action, Answer, Error, Limits, Machine, Refresh, TargetFile, Trusted};
use serde_json::Value;

/// What a client keeps between refreshes.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) store: BTreeMap<String, Vec<u8>>,
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
}

impl Client {
    /// A client that trusts version 1 of the repository's root.
    pub(crate) fn of(repository: &TufRepository) -> Self {
        Self::from_root(&repository.initial_root())
    }

    pub(crate) fn from_root(root: &[u8]) -> Self {
        let store = BTreeMap::from([("root.json".to_owned(), root.to_vec())]);
        Client { store, now: SIGNED_AT, limits: Limits::default() }
    }

    /// The repository and a client that has seen its first state.
    pub(crate) fn refreshed() -> (TufRepository, Self) {
        let mut repository = TufRepository::new();
        let mut client = Self::of(&repository);
        client.refresh(&mut repository).unwrap();
        repository.requests.clear();
        (repository, client)
    }

    pub(crate) fn at_day(&mut self, day: i64) -> &mut Self {
        self.now = SIGNED_AT + SignedDuration::from_hours(24 * day);
        self
    }

    pub(crate) fn refresh(&mut self, repository: &mut TufRepository) -> Result<Trusted, Error> {
        let mut refresh = Refresh::new(&self.store["root.json"], self.now, &self.limits)?;
        self.drive(&mut refresh, repository)?;
        refresh.finish()
    }

    /// A refresh and a search.
    pub(crate) fn find(
        &mut self,
        repository: &mut TufRepository,
        path: &str,
    ) -> Result<Option<TargetFile>, Error> {
        let trusted = self.refresh(repository)?;
        self.search(&trusted, repository, path)
    }

    pub(crate) fn search(
        &mut self,
        trusted: &Trusted,
        repository: &mut TufRepository,
        path: &str,
    ) -> Result<Option<TargetFile>, Error> {
        let mut search = trusted.search(path)?;
        self.drive(&mut search, repository)?;
        search.finish()
    }

    pub(crate) fn drive(
        &mut self,
        machine: &mut impl Machine,
        repository: &mut TufRepository,
    ) -> Result<(), Error> {
        self.drive_from(machine, |path| repository.fetch(path))
    }

    /// A refresh from files that somebody else keeps.
    pub(crate) fn refresh_from(
        &mut self,
        fetch: impl FnMut(&str) -> Option<Vec<u8>>,
    ) -> Result<Trusted, Error> {
        let mut refresh = Refresh::new(&self.store["root.json"], self.now, &self.limits)?;
        self.drive_from(&mut refresh, fetch)?;
        refresh.finish()
    }

    fn drive_from(
        &mut self,
        machine: &mut impl Machine,
        mut fetch: impl FnMut(&str) -> Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let answer = |bytes: Option<Vec<u8>>| bytes.map_or(Answer::Absent, Answer::Bytes);
        while let Some(action) = machine.next_action() {
            match action {
                Action::Load { file } => machine.answer(answer(self.store.get(&file).cloned()))?,
                Action::Fetch { path, .. } => machine.answer(answer(fetch(&path)))?,
                Action::Store { file, bytes } => {
                    assert!(!file.contains('/'), "{file} leaves the store");
                    self.store.insert(file, bytes);
                }
                Action::Remove { file } => {
                    self.store.remove(&file);
                }
            }
        }
        Ok(())
    }

    /// The version of a role that is trusted.
    pub(crate) fn version(&self, role: &str) -> Option<u64> {
        let bytes = self.store.get(&format!("{role}.json"))?;
        serde_json::from_slice::<Value>(bytes).unwrap()["signed"]["version"].as_u64()
    }

    /// The versions of root, timestamp, snapshot and targets; 0 for what is not there.
    pub(crate) fn versions(&self) -> [u64; 4] {
        ["root", "timestamp", "snapshot", "targets"].map(|role| self.version(role).unwrap_or(0))
    }
}
