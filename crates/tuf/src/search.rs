use crate::machine::Agenda;
use crate::metadata::{Delegation, TARGETS, TargetFile, Targets};
use crate::wanted::Wanted;
use crate::{Action, Answer, Error, Machine, Trusted, encode};
use std::collections::BTreeSet;

/// The search for one target through the delegations (TUF §5.6.7): pre-order, depth first, each role verified against
/// the one that delegates to it on this very way. Searches share nothing, so that no role inherits authority from
/// another search.
#[derive(Debug)]
pub struct Search<'a> {
    trusted: &'a Trusted,
    path: String,
    /// Roles to visit, the next one last.
    to_visit: Vec<Delegation>,
    visited: BTreeSet<String>,
    state: State,
    agenda: Agenda,
}

#[derive(Debug)]
enum State {
    /// The file of an earlier search or refresh.
    Stored(Wanted),
    /// The file of the repository.
    Fetched(Wanted),
    /// The target, or word that there is none.
    Finished(Option<TargetFile>),
    /// An answer was refused.
    Failed,
}

impl<'a> Search<'a> {
    pub(crate) fn new(trusted: &'a Trusted, path: &str) -> Result<Self, Error> {
        let mut search = Search {
            trusted,
            path: path.to_owned(),
            to_visit: Vec::new(),
            visited: BTreeSet::from([TARGETS.to_owned()]),
            state: State::Failed,
            agenda: Agenda::default(),
        };
        // A path that a URL would shorten to another one is nobody's target.
        if encode::is_plain_path(path) {
            search.visit(TARGETS, &trusted.targets.content)?;
        } else {
            search.state = State::Finished(None);
        }
        Ok(search)
    }

    /// The target, or `None` if the repository has none of that path.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`] unless [`Machine::next_action`] has returned `None` after no answer failed.
    pub fn finish(self) -> Result<Option<TargetFile>, Error> {
        match self.state {
            State::Finished(found) if self.agenda.is_empty() => Ok(found),
            _ => Err(Error::OutOfTurn),
        }
    }

    /// Looks into one role, and puts what it delegates in front of what is still to be visited.
    fn visit(&mut self, role: &str, targets: &Targets) -> Result<(), Error> {
        if let Some(target) = targets.target(&self.path, self.trusted.root.content.consistent_snapshot)? {
            self.state = State::Finished(Some(target));
            return Ok(());
        }
        let delegations = targets.delegations(role, &self.path)?;
        if delegations.last().is_some_and(|last| last.terminating) {
            // §5.6.7.2: whoever comes after a terminating delegation has no say.
            self.to_visit.clear();
        }
        self.to_visit.extend(delegations.into_iter().rev());
        self.go_on()
    }

    fn go_on(&mut self) -> Result<(), Error> {
        let next = loop {
            let Some(delegation) = self.to_visit.pop() else {
                self.state = State::Finished(None);
                return Ok(());
            };
            // §5.6.7.1: each role once, so that cycles end.
            if !self.visited.contains(&delegation.role) {
                break delegation;
            }
        };
        // The top-level role is in the set, too.
        if self.visited.len() > self.trusted.limits.delegations {
            return Err(Error::TooManyDelegations {
                limit: self.trusted.limits.delegations,
                target: self.path.clone(),
            });
        }
        self.visited.insert(next.role.clone());
        let announced = self.trusted.snapshot.content.roles.get(&next.role).cloned();
        let wanted = Wanted {
            announced: announced.ok_or_else(|| Error::NotInSnapshot { role: next.role.clone() })?,
            role: next.role,
            authority: next.authority,
            max_bytes: self.trusted.limits.targets_bytes,
            consistent_snapshot: self.trusted.root.content.consistent_snapshot,
        };
        self.agenda.load(&wanted.role);
        self.state = State::Stored(wanted);
        Ok(())
    }
}

impl Machine for Search<'_> {
    fn next_action(&mut self) -> Option<Action> {
        self.agenda.next()
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Error> {
        let question = self.agenda.take_question()?;
        match (std::mem::replace(&mut self.state, State::Failed), question, answer) {
            (State::Stored(wanted), _, answer) => {
                if let Answer::Bytes(bytes) = answer
                    && let Ok(targets) = wanted.check(&bytes, self.trusted.now)
                {
                    return self.visit(&wanted.role, &targets.content);
                }
                self.agenda.ask(wanted.fetch());
                self.state = State::Fetched(wanted);
                Ok(())
            }
            (State::Fetched(wanted), _, Answer::Bytes(bytes)) => {
                let targets = wanted.check(&bytes, self.trusted.now)?;
                self.agenda.store(&wanted.role, bytes);
                self.visit(&wanted.role, &targets.content)
            }
            (State::Fetched(_), Action::Fetch { path, .. }, Answer::Absent) => Err(Error::NotFound { path }),
            _ => Err(Error::OutOfTurn),
        }
    }
}
