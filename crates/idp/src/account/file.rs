//! `accounts.sealed`: all accounts, as JSON under a seal. One version, no member that is not known, and what is written is what is read.

use super::{
    Account, AccountError, AccountId, AccountKind, AccountName, Accounts, Email, Person, SecretHash,
};
use crate::fields::{FieldError, Fields};
use crate::password::PasswordHash;
use crate::state::Sealed;
use crate::totp::TotpSecret;
use jiff::Timestamp;
use sealwax_json::{Limits, Object, Value};

/// Its name in the directory.
pub const NAME: &str = "accounts.sealed";

/// Where it is.
pub(crate) const FILE: Sealed = Sealed { name: NAME, before: "accounts.json" };

/// The longest file that is read, bytes: every account with the longest name, address and hash.
pub const MAX_BYTES: usize = 4 << 20;

/// Accounts in one file. Who has more people has a provider for them.
pub const MAX_ACCOUNTS: usize = 4_096;

/// The version of the format.
const VERSION: u64 = 1;

const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 4, values: MAX_ACCOUNTS * 9 + 8, members: 16 };

/// Why a file is not read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountFileError {
    /// A member.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// What accounts must not have together.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl Accounts {
    /// Reads the file.
    ///
    /// # Errors
    /// [`AccountFileError`].
    pub fn parse(text: &[u8]) -> Result<Self, AccountFileError> {
        let mut fields = Fields::document(text, &LIMITS, VERSION)?;
        let mut accounts = Self::default();
        for account in fields.list("accounts")? {
            accounts.add(read_account(account)?)?;
        }
        fields.end()?;
        Ok(accounts)
    }

    /// Writes the file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let accounts: Value<'_> = self.iter().map(|account| Value::from(write_account(account))).collect();
        let document = Object::new().with("version", VERSION).with("accounts", accounts);
        let mut text = sealwax_json::pretty(&document.into());
        text.push('\n');
        text.into_bytes()
    }
}

fn read_account(value: Value<'_>) -> Result<Account, AccountFileError> {
    let mut fields = Fields::of("accounts", value)?;
    let name = AccountName::parse(&fields.text("name")?)?;
    let id = AccountId::parse(&fields.text("id")?).ok_or_else(|| FieldError::value("id"))?;
    let created = fields.time("created")?;
    let kind = match fields.optional("machine") {
        Some(machine) => AccountKind::Machine { secret: read_machine(machine)? },
        None => AccountKind::Person(read_person(fields.required("person")?)?),
    };
    fields.end()?;
    Ok(Account { name, id, created, kind })
}

fn read_person(value: Value<'_>) -> Result<Person, AccountFileError> {
    let mut fields = Fields::of("person", value)?;
    let email = Email::parse(&fields.text("email")?)?;
    let email_verified = fields.boolean("email_verified")?;
    let password =
        PasswordHash::parse(&fields.text("password")?).map_err(|_| FieldError::value("password"))?;
    let totp = match fields.optional_text("totp")? {
        Some(secret) => Some(TotpSecret::parse(&secret).map_err(|_| FieldError::value("totp"))?),
        None => None,
    };
    fields.end()?;
    Ok(Person { email, email_verified, password, totp })
}

fn read_machine(value: Value<'_>) -> Result<SecretHash, AccountFileError> {
    let mut fields = Fields::of("machine", value)?;
    let secret = fields.digest("secret_sha256")?;
    fields.end()?;
    Ok(SecretHash(secret))
}

fn write_account(account: &Account) -> Object<'static> {
    let object = Object::new()
        .with("name", account.name.to_string())
        .with("id", account.id.as_str().to_owned())
        .with("created", account.created.to_string());
    match &account.kind {
        AccountKind::Machine { secret } => {
            object.with("machine", Object::new().with("secret_sha256", sealwax_crypto::hex(&secret.0)))
        }
        AccountKind::Person(person) => {
            let Person { email, email_verified, password, totp } = person;
            let mut written = Object::new()
                .with("email", email.to_string())
                .with("email_verified", *email_verified)
                .with("password", password.to_string());
            if let Some(totp) = totp {
                written.insert("totp", totp.to_string());
            }
            object.with("person", written)
        }
    }
}

/// Whole seconds, as accounts have them.
#[must_use]
pub fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{account, person};
    use super::*;
    use sealwax_json::Error as JsonError;

    fn accounts() -> Accounts {
        let mut accounts = Accounts::default();
        accounts.add(person("ada", "ada@example.com")).unwrap();
        let mut grace = person("grace", "grace@example.com");
        let AccountKind::Person(known) = &mut grace.kind else { unreachable!() };
        known.totp = Some(TotpSecret::new([1; 20]));
        known.email_verified = false;
        accounts.add(grace).unwrap();
        let secret = super::super::MachineSecret::new([2; 32]).hash();
        accounts.add(account("ci", AccountKind::Machine { secret })).unwrap();
        accounts
    }

    #[test]
    fn what_is_written_is_read() {
        for accounts in [accounts(), Accounts::default()] {
            let text = accounts.write();
            assert_eq!(Accounts::parse(&text).unwrap(), accounts);
            assert_eq!(Accounts::parse(&text).unwrap().write(), text);
        }
    }

    #[test]
    fn nothing_else_is() {
        let text = String::from_utf8(accounts().write()).unwrap();
        let error =
            |from: &str, to: &str| Accounts::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        let field = |error: FieldError| AccountFileError::Field(error);
        assert_eq!(error("\"version\": 1", "\"version\": 2"), field(FieldError::Version { found: 2 }));
        let unknown = FieldError::Unknown { member: "x".to_owned() };
        for place in ["\"version\"", "\"name\"", "\"email\"", "\"secret_sha256\""] {
            assert_eq!(error(place, &format!("\"x\": 1, {place}")), field(unknown.clone()), "{place}");
        }
        for member in ["accounts", "name", "id", "created", "person", "email", "email_verified", "password"] {
            let missing = field(FieldError::Missing { member });
            let found = error(&format!("\"{member}\""), "\"y\"");
            assert!(found == missing, "{member}: {found:?}");
        }
        let value = |member| field(FieldError::Value { member });
        assert_eq!(error("$argon2id", "$argon2d"), value("password"));
        assert_eq!(error("\"totp\": \"", "\"totp\": \"1"), value("totp"));
        assert_eq!(error("2023-11-14", "2023-11-35"), value("created"));
        assert_eq!(error("\"id\": \"", "\"id\": \"0"), value("id"));
        assert_eq!(error("\"secret_sha256\": \"", "\"secret_sha256\": \"0"), value("secret_sha256"));
        assert!(matches!(error("\"ada\"", "\"Ada\""), AccountFileError::Account(AccountError::Name { .. })));
        assert!(matches!(
            error("\"grace\"", "\"ada\""),
            AccountFileError::Account(AccountError::NameTaken { .. })
        ));
        let twice = error("\"name\"", "\"name\": \"x\", \"name\"");
        assert!(matches!(twice, AccountFileError::Field(FieldError::Json(JsonError::Duplicate { .. }))));
        let both = error("\"person\"", "\"machine\": {\"secret_sha256\": \"00\"}, \"person\"");
        assert_eq!(both, value("secret_sha256"));
    }
}
