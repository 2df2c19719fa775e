//! The accounts of this directory, as a connector: a password, then the code of an authenticator app where there is one.
//!
//! **What can be learnt by trying.** A name that nobody has costs as much as one that somebody has, and is answered the same. Wrong
//! answers cost the address and what was typed as the name alike, and one address runs out of them sooner than the name it tries,
//! so that nobody is locked out from one place. The name and the e-mail address of an account are counted apart: who has used up
//! one would learn from the other to whom it belongs. The codes have a patience of their own: who gets so far knows the password.

use crate::account::{Account, Person};
use crate::connector::{Answer, Connector, Field, FieldKind, Identity, Question, Step, Trouble};
use crate::password::PasswordHash;
use crate::state::State;
use crate::store::AccountStore;
use crate::throttle::{Neighbourhood, Patience, Throttle};
use crate::used::{UsedCodes, UsedError};
use jiff::SignedDuration;
use sealwax_crypto::sha256;
use sealwax_store::disk::Disk;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Wrong passwords of one address: ten at once, then one a minute.
const OF_ADDRESS: Patience = Patience { burst: 10, refill: SignedDuration::from_mins(1) };

/// Wrong passwords for one name, from anywhere: fifty at once, then two a minute; and as many for the account's e-mail address.
/// NIST SP 800-63B §5.2.2 wants no more than a hundred in a row; here they do not end, but become slow: nobody guesses twelve
/// characters at 6,000 a day, and nobody can lock somebody out for good.
const OF_NAME: Patience = Patience { burst: 50, refill: SignedDuration::from_secs(30) };

/// Wrong codes of one account: five at once, then one each quarter of an hour: 96 a day, of which each has three chances in a
/// million.
const OF_CODES: Patience = Patience { burst: 5, refill: SignedDuration::from_mins(15) };

/// The longest name that is looked up, bytes: as the longest address.
const MAX_NAME_BYTES: usize = 320;

const NAME: &str = "username";
const PASSWORD: &str = "password";
const CODE: &str = "code";

/// The accounts of a directory.
pub struct Local<D: Disk> {
    accounts: Arc<AccountStore<D>>,
    used: Mutex<UsedCodes<D>>,
    patience: Mutex<Throttles>,
}

struct Throttles {
    addresses: Throttle<Neighbourhood>,
    /// By the hash of what was typed, so that a long name takes no more room than a short one.
    names: Throttle<[u8; 32]>,
    codes: Throttle<String>,
}

impl<D: Disk> Local<D> {
    /// The accounts of a directory.
    ///
    /// # Errors
    /// [`UsedError`] if it cannot be read which codes were used.
    pub fn new(accounts: Arc<AccountStore<D>>, state: State<D>) -> Result<Self, UsedError> {
        let patience = Throttles {
            addresses: Throttle::new(OF_ADDRESS),
            names: Throttle::new(OF_NAME),
            codes: Throttle::new(OF_CODES),
        };
        Ok(Self { accounts, used: Mutex::new(UsedCodes::open(state)?), patience: Mutex::new(patience) })
    }

    /// The first step: name and password.
    fn check_password(&self, answer: &Answer<'_>) -> Step {
        let field = |name| answer.fields.get(name).unwrap_or_default();
        let (called, password) = (field(NAME).trim(), field(PASSWORD));
        let again = || Step::Ask {
            question: ask_password(called.to_owned()),
            memory: Vec::new(),
            trouble: Some(Trouble::Password),
        };
        if called.is_empty() || called.len() > MAX_NAME_BYTES {
            return again();
        }
        let accounts = match self.accounts.current() {
            Ok(accounts) => accounts,
            Err(error) => return Step::Broken { cause: error.to_string() },
        };
        let found = accounts.person(called);
        // What was typed, and not the account: which name belongs to which e-mail address is not told.
        let name = sha256(called.to_ascii_lowercase().as_bytes());
        if let Err(wait) = self.may_try(answer, &name) {
            return Step::Later { wait };
        }
        let nobody = PasswordHash::of_nobody();
        // In any case, so that the time tells nothing.
        let is_right = found.map_or(&nobody, |(_, person)| &person.password).is_of(password);
        match found.filter(|_| is_right) {
            Some((account, person)) if person.totp.is_some() => {
                Step::Ask { question: ask_code(), memory: remember(account, person), trouble: None }
            }
            Some((account, person)) => Step::Known(identity(account, person)),
            None => {
                self.was_wrong(answer, name);
                again()
            }
        }
    }

    /// The second step: the code. The memory says whose password was right, and that it still is the same password.
    fn check_code(&self, answer: &Answer<'_>) -> Step {
        let accounts = match self.accounts.current() {
            Ok(accounts) => accounts,
            Err(error) => return Step::Broken { cause: error.to_string() },
        };
        let remembered = |account: &&Account| {
            account.person().is_some_and(|person| remember(account, person) == answer.memory)
        };
        let Some((account, person)) =
            accounts.iter().find(remembered).and_then(|one| Some((one, one.person()?)))
        else {
            // Removed, or reset, since the password was asked for.
            return Step::Ask { question: ask_password(String::new()), memory: Vec::new(), trouble: None };
        };
        let Some(totp) = &person.totp else { return Step::Known(identity(account, person)) };
        let id = account.id.as_str().to_owned();
        if let Err(wait) = self.patience().codes.check(&id, answer.now) {
            return Step::Later { wait };
        }
        let code = answer.fields.get(CODE).unwrap_or_default();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        match totp.step_of(code, answer.now, used.last(&account.id)) {
            // Durable before it counts: it works once, also across a crash.
            Some(step) => match used.mark(&account.id, step, answer.now) {
                Ok(()) => Step::Known(identity(account, person)),
                Err(error) => Step::Broken { cause: error.to_string() },
            },
            None => {
                self.patience().codes.fail(id, answer.now);
                let memory = answer.memory.to_vec();
                Step::Ask { question: ask_code(), memory, trouble: Some(Trouble::Code) }
            }
        }
    }

    fn may_try(&self, answer: &Answer<'_>, name: &[u8; 32]) -> Result<(), SignedDuration> {
        let patience = self.patience();
        if let Some(address) = answer.address {
            patience.addresses.check(&Neighbourhood::of(address), answer.now)?;
        }
        patience.names.check(name, answer.now)
    }

    fn was_wrong(&self, answer: &Answer<'_>, name: [u8; 32]) {
        let mut patience = self.patience();
        if let Some(address) = answer.address {
            patience.addresses.fail(Neighbourhood::of(address), answer.now);
        }
        patience.names.fail(name, answer.now);
    }

    fn patience(&self) -> MutexGuard<'_, Throttles> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Disk> Connector for Local<D> {
    fn begin(&self) -> Question {
        ask_password(String::new())
    }

    fn answer(&self, answer: &Answer<'_>) -> Step {
        if answer.memory.is_empty() { self.check_password(answer) } else { self.check_code(answer) }
    }
}

/// Whose password was right, and which one it was: a reset in between makes it another.
fn remember(account: &Account, person: &Person) -> Vec<u8> {
    let proof = format!(
        "{} {} {:?}",
        account.id.as_str(),
        person.password,
        person.totp.as_ref().map(ToString::to_string)
    );
    sha256(proof.as_bytes()).to_vec()
}

fn identity(account: &Account, person: &Person) -> Identity {
    Identity {
        subject: account.id.as_str().to_owned(),
        email: person.email.to_string(),
        email_verified: person.email_verified,
    }
}

fn ask_password(called: String) -> Question {
    let name =
        Field { name: NAME, label: "Name or e-mail address", kind: FieldKind::UserName, value: called };
    let password =
        Field { name: PASSWORD, label: "Password", kind: FieldKind::Password, value: String::new() };
    Question { fields: vec![name, password], submit: "Sign in" }
}

fn ask_code() -> Question {
    let label = "Six-digit code of your authenticator app";
    let code = Field { name: CODE, label, kind: FieldKind::OneTimeCode, value: String::new() };
    Question { fields: vec![code], submit: "Continue" }
}
