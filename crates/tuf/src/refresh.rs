use crate::machine::Agenda;
use crate::metadata::{
    Document, ROOT, Root, SNAPSHOT, Snapshot, TARGETS, TIMESTAMP, Targets, Timestamp, read_root,
};
use crate::wanted::Wanted;
use crate::{Action, Answer, Error, Limits, Machine, Rollback, Trusted, encode};

/// The update of the top-level roles (TUF §5.3 to §5.6): root, timestamp, snapshot, targets.
#[derive(Debug)]
pub struct Refresh {
    now: jiff::Timestamp,
    limits: Limits,
    root: Document<Root>,
    state: State,
    agenda: Agenda,
}

/// Which answer is awaited, and what is known by then.
#[derive(Debug)]
enum State {
    /// The next root, or word that there is none.
    Root { followed: u64 },
    /// The timestamp of an earlier refresh.
    StoredTimestamp,
    /// The current timestamp.
    Timestamp { stored: Option<Document<Timestamp>> },
    /// The snapshot of an earlier refresh.
    StoredSnapshot { timestamp: Document<Timestamp>, wanted: Wanted },
    /// The current snapshot.
    Snapshot { timestamp: Document<Timestamp>, wanted: Wanted, stored: Option<Document<Snapshot>> },
    /// The targets of an earlier refresh.
    StoredTargets { timestamp: Document<Timestamp>, snapshot: Document<Snapshot>, wanted: Wanted },
    /// The current targets.
    Targets { timestamp: Document<Timestamp>, snapshot: Document<Snapshot>, wanted: Wanted },
    /// Everything.
    Finished { timestamp: Document<Timestamp>, snapshot: Document<Snapshot>, targets: Document<Targets> },
    /// An answer was refused.
    Failed,
}

impl Refresh {
    /// Starts from a root that the caller trusts, at an instant that stays the start time of the whole update
    /// (TUF §5.1). The root may have expired.
    ///
    /// # Errors
    /// The root is not one, or is not signed as it demands itself.
    pub fn new(trusted_root: &[u8], now: jiff::Timestamp, limits: &Limits) -> Result<Self, Error> {
        let root = read_root(trusted_root, limits)?;
        let mut refresh = Refresh {
            now,
            limits: limits.clone(),
            root,
            state: State::Root { followed: 0 },
            agenda: Agenda::default(),
        };
        refresh.go_on_with_root(0)?;
        Ok(refresh)
    }

    /// Says under which older root the stored files were trusted, if it is not the one we start from: an update of the
    /// program may have brought a newer one. If it has other timestamp or snapshot keys, the stored files go (TUF §5.3.11).
    ///
    /// # Errors
    /// The older root is not one.
    pub fn succeed(&mut self, older_root: &[u8]) -> Result<(), Error> {
        let older = read_root(older_root, &self.limits)?;
        forget_if_rotated(&mut self.agenda, &older.content, &self.root.content);
        Ok(())
    }

    /// Stores the root that we start from, as well.
    pub fn keep_root(&mut self, trusted_root: &[u8]) {
        self.agenda.store(ROOT, trusted_root.to_vec());
    }

    /// What is trusted now.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`] unless [`Machine::next_action`] has returned `None` after no answer failed.
    pub fn finish(self) -> Result<Trusted, Error> {
        let Refresh { now, limits, root, state, agenda } = self;
        match state {
            State::Finished { timestamp, snapshot, targets } if agenda.is_empty() => {
                Ok(Trusted { now, limits, root, timestamp, snapshot, targets })
            }
            _ => Err(Error::OutOfTurn),
        }
    }
}

impl Machine for Refresh {
    fn next_action(&mut self) -> Option<Action> {
        self.agenda.next()
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Error> {
        let question = self.agenda.take_question()?;
        let found = match (question, answer) {
            (_, Answer::Bytes(bytes)) => Ok(bytes),
            (Action::Fetch { path, .. }, Answer::Absent) => Err(Error::NotFound { path }),
            (_, Answer::Absent) => Err(Error::OutOfTurn),
        };
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Root { followed } => match found {
                Ok(bytes) => self.on_root(followed, bytes),
                Err(_) => self.on_last_root(),
            },
            State::StoredTimestamp => self.on_stored_timestamp(found.ok()),
            State::Timestamp { stored } => self.on_timestamp(stored, found?),
            State::StoredSnapshot { timestamp, wanted } => {
                self.on_stored_snapshot(timestamp, wanted, found.ok())
            }
            State::Snapshot { timestamp, wanted, stored } => {
                self.on_snapshot(timestamp, &wanted, stored.as_ref(), found?)
            }
            State::StoredTargets { timestamp, snapshot, wanted } => {
                self.on_stored_targets(timestamp, snapshot, wanted, found.ok())
            }
            State::Targets { timestamp, snapshot, wanted } => {
                self.on_targets(timestamp, snapshot, &wanted, found?)
            }
            State::Finished { .. } | State::Failed => Err(Error::OutOfTurn),
        }
    }
}

/// TUF §5.3: the root role.
impl Refresh {
    /// §5.3.3: version N+1, up to a limit of steps.
    fn go_on_with_root(&mut self, followed: u64) -> Result<(), Error> {
        let next = self.root.version.checked_add(1).filter(|_| followed < self.limits.root_rotations);
        let Some(next) = next else { return self.on_last_root() };
        self.state = State::Root { followed };
        let path = encode::metadata_path(ROOT, Some(next));
        self.agenda.ask(Action::Fetch { path, max_bytes: self.limits.root_bytes });
        Ok(())
    }

    fn on_root(&mut self, followed: u64, bytes: Vec<u8>) -> Result<(), Error> {
        // §5.3.4: signed by a threshold of its own keys …
        let next = read_root(&bytes, &self.limits)?;
        // … and of those of the root before it.
        self.root.content.root.check(ROOT, &next)?;
        // §5.3.5: exactly one more; the one that we have is no news.
        let expected = self.root.version.saturating_add(1);
        if next.version == self.root.version {
            return self.on_last_root();
        }
        if next.version != expected {
            return Err(Error::Version { role: ROOT.to_owned(), expected, found: next.version });
        }
        // §5.3.11, per step and before the new root is stored: should we be interrupted in between, the next refresh
        // sees the same change again, and fast-forward recovery is not lost.
        forget_if_rotated(&mut self.agenda, &self.root.content, &next.content);
        // §5.3.8: kept, byte for byte, even if it has expired.
        self.agenda.store(ROOT, bytes);
        self.root = next;
        self.go_on_with_root(followed.saturating_add(1))
    }

    /// §5.3.10: only the last root must not have expired.
    fn on_last_root(&mut self) -> Result<(), Error> {
        self.root.check_expiry(ROOT, self.now)?;
        self.state = State::StoredTimestamp;
        self.agenda.load(TIMESTAMP);
        Ok(())
    }
}

/// TUF §5.3.11: with new timestamp or snapshot keys, the versions that the old ones signed no longer bind us. That is
/// how a repository recovers from an attacker who had those keys and pushed the versions far ahead.
fn forget_if_rotated(agenda: &mut Agenda, old: &Root, new: &Root) {
    if !old.timestamp.has_same_keys(&new.timestamp) || !old.snapshot.has_same_keys(&new.snapshot) {
        agenda.effect(Action::Remove { file: crate::file_name(TIMESTAMP) });
        agenda.effect(Action::Remove { file: crate::file_name(SNAPSHOT) });
    }
}

/// TUF §5.4: the timestamp role.
impl Refresh {
    /// What was trusted counts against rollback as long as the current keys stand behind it, expired or not.
    fn on_stored_timestamp(&mut self, stored: Option<Vec<u8>>) -> Result<(), Error> {
        let stored = stored.and_then(|bytes| self.read_timestamp(&bytes).ok());
        self.state = State::Timestamp { stored };
        let path = encode::metadata_path(TIMESTAMP, None);
        self.agenda.ask(Action::Fetch { path, max_bytes: self.limits.timestamp_bytes });
        Ok(())
    }

    fn read_timestamp(&self, bytes: &[u8]) -> Result<Document<Timestamp>, Error> {
        let limit = self.limits.timestamp_bytes;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(Error::TooLong { role: TIMESTAMP.to_owned(), limit });
        }
        let timestamp = Document::parse(bytes, TIMESTAMP)?;
        // §5.4.2
        self.root.content.timestamp.check(TIMESTAMP, &timestamp)?;
        Ok(timestamp)
    }

    fn on_timestamp(&mut self, stored: Option<Document<Timestamp>>, bytes: Vec<u8>) -> Result<(), Error> {
        let mut timestamp = self.read_timestamp(&bytes)?;
        let mut is_new = true;
        if let Some(stored) = stored {
            // §5.4.3.1: a lower version is an attack; an equal one is dropped, whatever it says, and what we have stays.
            if timestamp.version < stored.version {
                return Err(Rollback::Timestamp { trusted: stored.version, found: timestamp.version }.into());
            }
            if timestamp.version == stored.version {
                timestamp = stored;
                is_new = false;
            } else {
                // §5.4.3.2
                let (trusted, found) = (stored.content.snapshot.version, timestamp.content.snapshot.version);
                if found < trusted {
                    return Err(Rollback::Snapshot { trusted, found }.into());
                }
            }
        }
        // §5.4.4
        timestamp.check_expiry(TIMESTAMP, self.now)?;
        // §5.4.5: kept, whatever becomes of the snapshot.
        if is_new {
            self.agenda.store(TIMESTAMP, bytes);
        }
        let wanted = Wanted {
            role: SNAPSHOT.to_owned(),
            announced: timestamp.content.snapshot.clone(),
            authority: self.root.content.snapshot.clone(),
            max_bytes: self.limits.snapshot_bytes,
            consistent_snapshot: self.root.content.consistent_snapshot,
        };
        self.state = State::StoredSnapshot { timestamp, wanted };
        self.agenda.load(SNAPSHOT);
        Ok(())
    }
}

/// TUF §5.5: the snapshot role.
impl Refresh {
    fn on_stored_snapshot(
        &mut self,
        timestamp: Document<Timestamp>,
        wanted: Wanted,
        stored: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        if let Some(bytes) = &stored
            && let Ok(snapshot) = wanted.check::<Snapshot>(bytes, self.now)
        {
            return self.go_on_with_targets(timestamp, snapshot);
        }
        // An older snapshot cannot have the announced digests; it counts against rollback all the same.
        let stored = stored.and_then(|bytes| {
            let stored = Document::parse(&bytes, SNAPSHOT).ok()?;
            wanted.authority.check(SNAPSHOT, &stored).ok()?;
            Some(stored)
        });
        self.agenda.ask(wanted.fetch());
        self.state = State::Snapshot { timestamp, wanted, stored };
        Ok(())
    }

    fn on_snapshot(
        &mut self,
        timestamp: Document<Timestamp>,
        wanted: &Wanted,
        stored: Option<&Document<Snapshot>>,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        let snapshot: Document<Snapshot> = wanted.check_but_expiry(&bytes)?;
        if let Some(stored) = stored {
            check_rollback(&stored.content, &snapshot.content)?;
        }
        // §5.5.6
        snapshot.check_expiry(SNAPSHOT, self.now)?;
        // §5.5.7
        self.agenda.store(SNAPSHOT, bytes);
        self.go_on_with_targets(timestamp, snapshot)
    }
}

/// §5.5.5: no role goes back, and none disappears.
fn check_rollback(old: &Snapshot, new: &Snapshot) -> Result<(), Rollback> {
    for (role, old) in &old.roles {
        let Some(new) = new.roles.get(role) else { return Err(Rollback::Removed { role: role.clone() }) };
        if new.version < old.version {
            return Err(Rollback::Targets { role: role.clone(), trusted: old.version, found: new.version });
        }
    }
    Ok(())
}

/// TUF §5.6: the top-level targets role.
impl Refresh {
    fn go_on_with_targets(
        &mut self,
        timestamp: Document<Timestamp>,
        snapshot: Document<Snapshot>,
    ) -> Result<(), Error> {
        let announced = snapshot.content.roles.get(TARGETS).cloned();
        let wanted = Wanted {
            role: TARGETS.to_owned(),
            announced: announced.ok_or_else(|| Error::NotInSnapshot { role: TARGETS.to_owned() })?,
            authority: self.root.content.targets.clone(),
            max_bytes: self.limits.targets_bytes,
            consistent_snapshot: self.root.content.consistent_snapshot,
        };
        self.state = State::StoredTargets { timestamp, snapshot, wanted };
        self.agenda.load(TARGETS);
        Ok(())
    }

    fn on_stored_targets(
        &mut self,
        timestamp: Document<Timestamp>,
        snapshot: Document<Snapshot>,
        wanted: Wanted,
        stored: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        if let Some(bytes) = stored
            && let Ok(targets) = wanted.check(&bytes, self.now)
        {
            self.state = State::Finished { timestamp, snapshot, targets };
            return Ok(());
        }
        self.agenda.ask(wanted.fetch());
        self.state = State::Targets { timestamp, snapshot, wanted };
        Ok(())
    }

    fn on_targets(
        &mut self,
        timestamp: Document<Timestamp>,
        snapshot: Document<Snapshot>,
        wanted: &Wanted,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        let targets = wanted.check(&bytes, self.now)?;
        self.agenda.store(TARGETS, bytes);
        self.state = State::Finished { timestamp, snapshot, targets };
        Ok(())
    }
}
