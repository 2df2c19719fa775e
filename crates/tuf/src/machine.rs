use crate::Error;

/// What a machine wants done. [`Action::Load`] and [`Action::Fetch`] want an [`Answer`]; the others only have to be
/// done, in the order in which they come, before the next action is asked for. A driver has to know all of them, so the
/// enumeration is exhaustive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read a file of the client's own store.
    Load {
        /// Its name: one safe path component.
        file: String,
    },
    /// Fetch a file of the repository.
    Fetch {
        /// The path below the metadata URL, percent-encoded.
        path: String,
        /// Answer with no more than so many bytes.
        max_bytes: u64,
    },
    /// Replace a file of the store, atomically, by these bytes.
    Store {
        /// Its name: one safe path component.
        file: String,
        /// Exactly what the repository served.
        bytes: Vec<u8>,
    },
    /// Delete a file of the store, if it is there.
    Remove {
        /// Its name: one safe path component.
        file: String,
    },
}

/// What came of an [`Action::Load`] or [`Action::Fetch`]. When the answer is not known (no connection, no permission),
/// there is nothing to say to the machine: the driver gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The file.
    Bytes(Vec<u8>),
    /// There is no such file: the store has none, the server said 404.
    Absent,
}

/// What [`crate::Refresh`] and [`crate::Search`] have in common, so that one loop drives both.
pub trait Machine {
    /// What to do next, or `None` if all is done. A question that was not answered is asked again.
    fn next_action(&mut self) -> Option<Action>;

    /// Hands over the answer to the last question.
    ///
    /// # Errors
    /// What is wrong with the repository. The machine stays where it was: nothing untrusted was taken over, and it
    /// goes no further.
    fn answer(&mut self, answer: Answer) -> Result<(), Error>;
}

/// The actions of a machine that are due, and the one question that is open.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    effects: std::collections::VecDeque<Action>,
    question: Option<Action>,
}

impl Agenda {
    /// An action without an answer.
    pub(crate) fn effect(&mut self, action: Action) {
        self.effects.push_back(action);
    }

    /// The next question; effects that are due come before it.
    pub(crate) fn ask(&mut self, action: Action) {
        self.question = Some(action);
    }

    pub(crate) fn load(&mut self, role: &str) {
        self.ask(Action::Load { file: crate::file_name(role) });
    }

    pub(crate) fn store(&mut self, role: &str, bytes: Vec<u8>) {
        self.effect(Action::Store { file: crate::file_name(role), bytes });
    }

    pub(crate) fn next(&mut self) -> Option<Action> {
        self.effects.pop_front().or_else(|| self.question.clone())
    }

    /// The question that an answer belongs to.
    pub(crate) fn take_question(&mut self) -> Result<Action, Error> {
        if !self.effects.is_empty() {
            return Err(Error::OutOfTurn);
        }
        self.question.take().ok_or(Error::OutOfTurn)
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.effects.is_empty() && self.question.is_none()
    }
}
