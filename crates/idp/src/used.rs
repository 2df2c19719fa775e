//! `codes.json`: the last one-time code that each account has used, so that none works twice, also after a restart.

use crate::account::AccountId;
use crate::fields::{FieldError, Fields};
use crate::state::{State, StateError};
use crate::totp::{Step, oldest_step};
use jiff::Timestamp;
use sealwax_json::{Limits, Object, Value};
use sealwax_store::disk::Disk;
use std::collections::BTreeMap;

const NAME: &str = "codes.json";

/// The longest file that is read, bytes: a line for each account.
const MAX_BYTES: usize = 1 << 20;

const VERSION: u64 = 1;

const LIMITS: Limits =
    Limits { bytes: MAX_BYTES, depth: 3, values: crate::account::file::MAX_ACCOUNTS * 3 + 4, members: 8 };

/// The codes that were used lately. The server's alone: whoever holds its lock writes it.
pub struct UsedCodes<D> {
    state: State<D>,
    last: LastSteps,
}

/// The last step of each account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastSteps(BTreeMap<String, Step>);

/// Why it is not known which codes were used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsedError {
    /// The disk.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file is not one of ours.
    #[error("{NAME}: {0}")]
    File(#[from] FieldError),
}

impl<D: Disk> UsedCodes<D> {
    /// Reads the file of a directory.
    ///
    /// # Errors
    /// [`UsedError`].
    pub fn open(state: State<D>) -> Result<Self, UsedError> {
        let last = match state.read(NAME, MAX_BYTES)? {
            Some(found) => LastSteps::parse(&found.bytes)?,
            None => LastSteps::default(),
        };
        Ok(Self { state, last })
    }

    /// The step whose code the account used last.
    #[must_use]
    pub fn last(&self, account: &AccountId) -> Option<Step> {
        self.last.0.get(account.as_str()).copied()
    }

    /// Notes, durably, that the code of a step was used. Those that nobody can use any more are forgotten.
    ///
    /// # Errors
    /// [`StateError`]; the code counts as not used then, and nothing may come of it.
    pub fn mark(&mut self, account: &AccountId, step: Step, now: Timestamp) -> Result<(), StateError> {
        let mut last = self.last.clone();
        last.0.retain(|_, step| *step >= oldest_step(now));
        last.0.insert(account.as_str().to_owned(), step);
        self.state.replace(NAME, &last.write())?;
        self.last = last;
        Ok(())
    }
}

impl LastSteps {
    /// Reads the file.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn parse(text: &[u8]) -> Result<Self, FieldError> {
        let mut fields = Fields::document(text, &LIMITS, VERSION)?;
        let mut last = BTreeMap::new();
        for used in fields.list("used")? {
            let mut fields = Fields::of("used", used)?;
            let account = fields.text("account")?;
            let account =
                AccountId::parse(&account).map(|_| account).ok_or_else(|| FieldError::value("account"))?;
            if last.insert(account, Step(fields.number("step")?)).is_some() {
                return Err(FieldError::value("account"));
            }
            fields.end()?;
        }
        fields.end()?;
        Ok(Self(last))
    }

    /// Writes the file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let used = self.0.iter().map(|(account, step)| {
            Value::from(Object::new().with("account", account.clone()).with("step", step.0))
        });
        let document = Object::new().with("version", VERSION).with("used", used.collect::<Value<'_>>());
        let mut text = sealwax_json::pretty(&document.into());
        text.push('\n');
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_faults::disk::SimDisk;

    #[test]
    fn what_was_used_is_known_after_a_restart_and_forgotten_in_time() {
        let state = State::new(SimDisk::new(1), [7; 32]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let (one, two) = (AccountId::new([1; 16]), AccountId::new([2; 16]));
        let mut used = UsedCodes::open(state.clone()).unwrap();
        assert_eq!(used.last(&one), None);
        used.mark(&one, Step(10), at(300)).unwrap();
        let mut used = UsedCodes::open(state.clone()).unwrap();
        assert_eq!(used.last(&one), Some(Step(10)));
        used.mark(&two, Step(12), at(360)).unwrap();
        let used = UsedCodes::open(state).unwrap();
        assert_eq!((used.last(&one), used.last(&two)), (None, Some(Step(12))));
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let mut last = LastSteps::default();
        last.0.insert("0".repeat(32), Step(1));
        last.0.insert("f".repeat(32), Step(u64::MAX));
        let text = String::from_utf8(last.write()).unwrap();
        assert_eq!(LastSteps::parse(text.as_bytes()), Ok(last));
        let error = |from: &str, to: &str| LastSteps::parse(text.replace(from, to).as_bytes()).unwrap_err();
        assert_eq!(error("\"version\": 1", "\"version\": 0"), FieldError::Version { found: 0 });
        assert_eq!(error("ffff", "FFFF"), FieldError::value("account"));
        assert_eq!(error("ffff", "0000"), FieldError::value("account"));
        assert_eq!(error("\"step\": 1\n", "\"step\": -1\n"), FieldError::Type { member: "step" });
        assert_eq!(error("\"step\"", "\"steps\""), FieldError::Missing { member: "step" });
        assert_eq!(error("\"used\"", "\"u\": 1, \"used\""), FieldError::Unknown { member: "u".to_owned() });
    }
}
