//! Accounts: people, and machines.

mod accounts;
pub mod file;

pub use accounts::Accounts;

use crate::password::PasswordHash;
use crate::totp::TotpSecret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sealwax_crypto::{mac::is_same_secret, sha256};
use std::fmt;

/// The longest name, bytes.
const MAX_NAME_BYTES: usize = 64;

/// The longest address (RFC 5321 §4.5.3.1: 64 octets before the @, 255 after it).
const MAX_EMAIL_BYTES: usize = 320;

/// What an account is called: small letters, digits, and `. _ -` inside, so that it can stand in a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountName(String);

/// An e-mail address that a certificate can be issued for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// What a token calls somebody, for ever (`sub`): never given twice, although a name may be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(String);

/// The hash of a machine's secret. The secret has 256 random bits, which nobody guesses, however fast the hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

/// What a machine knows, once: in base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineSecret(String);

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called.
    pub name: AccountName,
    /// What tokens call it.
    pub id: AccountId,
    /// Since when, in whole seconds.
    pub created: Timestamp,
    /// Who it is, and what proves it.
    pub kind: AccountKind,
}

/// Who an account is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Somebody with a browser.
    Person(Person),
    /// A program.
    Machine {
        /// The hash of its secret.
        secret: SecretHash,
    },
}

/// What is known of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address that certificates name.
    pub email: Email,
    /// Whether somebody made sure that it is theirs. An address that the administrator gives is verified by the administrator.
    pub email_verified: bool,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The secret of an authenticator app, which is then asked for.
    pub totp: Option<TotpSecret>,
}

/// Why something is no account, or has no place among them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Not a name.
    #[error(
        "{found:?} is not a name: at most {MAX_NAME_BYTES} small letters, digits and . _ -, with a letter or digit at both ends"
    )]
    Name {
        /// The text.
        found: String,
    },
    /// Not an address.
    #[error("{found:?} is not an e-mail address in plain letters")]
    Email {
        /// The text.
        found: String,
    },
    /// There is one already.
    #[error("there is an account {name} already")]
    NameTaken {
        /// Its name.
        name: String,
    },
    /// Somebody else has it: two people would have one identity.
    #[error("the address {email} is that of the account {name}")]
    EmailTaken {
        /// The address.
        email: String,
        /// Whose it is.
        name: String,
    },
    /// Two accounts that tokens would call the same.
    #[error("two accounts have the id {id}")]
    IdTaken {
        /// The id.
        id: String,
    },
    /// More than a file may have.
    #[error("at most {limit} accounts have a place in the file", limit = file::MAX_ACCOUNTS)]
    TooMany,
    /// Nobody is called so.
    #[error("there is no account {name}")]
    Unknown {
        /// The name.
        name: String,
    },
}

impl AccountName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`AccountError::Name`].
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inner = |byte: u8| outer(byte) || b"._-".contains(&byte);
        let ends = [text.bytes().next(), text.bytes().last()];
        if text.len() <= MAX_NAME_BYTES
            && text.bytes().all(inner)
            && ends.into_iter().all(|end| end.is_some_and(outer))
        {
            return Ok(Self(text.to_owned()));
        }
        Err(AccountError::Name { found: text.to_owned() })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Email {
    /// Reads an address: ASCII, no quoted local part, a domain of two labels at least. What this takes, Fulcio takes.
    ///
    /// # Errors
    /// [`AccountError::Email`].
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        let is_local = |local: &str| {
            local.len() <= 64 && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
        };
        let label = |label: &str| {
            let ends = [label.bytes().next(), label.bytes().last()];
            label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && ends.into_iter().all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric()))
        };
        let is_domain = |domain: &str| {
            let top = domain.rsplit_once('.').map(|(_, top)| top);
            domain.split('.').all(label)
                && top.is_some_and(|top| top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic()))
        };
        match text.rsplit_once('@') {
            Some((local, domain))
                if text.len() <= MAX_EMAIL_BYTES && is_local(local) && is_domain(domain) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(AccountError::Email { found: text.to_owned() }),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether mail to either reaches the same person, as far as people expect: case means nothing.
    #[must_use]
    pub fn is_like(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AccountId {
    /// A new id.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(sealwax_crypto::hex(&random))
    }

    /// Reads an id: 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MachineSecret {
    /// A new secret.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// The text, for whoever keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its hash, for us.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(sha256(self.0.as_bytes()))
    }
}

impl SecretHash {
    /// A hash that no secret has.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self([0; 32])
    }

    /// Whether this is the secret. Files end in a newline that is none of it.
    #[must_use]
    pub fn is_of(&self, secret: &str) -> bool {
        is_same_secret(&sha256(secret.trim_ascii_end().as_bytes()), &self.0)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

impl fmt::Debug for MachineSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineSecret")
    }
}

impl Account {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match &self.kind {
            AccountKind::Person(person) => Some(person),
            AccountKind::Machine { .. } => None,
        }
    }

    /// The hash of the machine's secret, if it is one.
    #[must_use]
    pub fn machine(&self) -> Option<&SecretHash> {
        match &self.kind {
            AccountKind::Machine { secret } => Some(secret),
            AccountKind::Person(_) => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn person(name: &str, email: &str) -> Account {
        let kind = AccountKind::Person(Person {
            email: Email::parse(email).unwrap(),
            email_verified: true,
            password: PasswordHash::of_nobody(),
            totp: None,
        });
        account(name, kind)
    }

    pub(crate) fn account(name: &str, kind: AccountKind) -> Account {
        Account {
            name: AccountName::parse(name).unwrap(),
            id: AccountId::new(sha256(name.as_bytes())[..16].try_into().unwrap()),
            created: Timestamp::from_second(1_700_000_000).unwrap(),
            kind,
        }
    }

    #[test]
    fn names() {
        for good in ["a", "ada", "ci-1", "a.b_c-d", "0", &"a".repeat(64)] {
            assert_eq!(AccountName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Ada", "a b", "-a", "a-", ".a", "a/", "ä", "a@b.cc", &"a".repeat(65)] {
            assert_eq!(AccountName::parse(bad), Err(AccountError::Name { found: bad.to_owned() }));
        }
    }

    #[test]
    fn addresses() {
        for good in ["a@b.cc", "First.Last+tag@sub.example.com", "o'neil@example.co.uk"] {
            assert_eq!(Email::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.cc",
            "a@",
            "a@.cc",
            "a@b.c1",
            "a@-b.cc",
            "a..b@c.dd",
            "a b@c.dd",
            "a@b.cc\n",
            "\"a\"@b.cc",
            "ü@b.cc",
            "a@b.cc.",
            "a@b@c.dd ",
            "<a@b.cc>",
        ] {
            assert_eq!(Email::parse(bad), Err(AccountError::Email { found: bad.to_owned() }));
        }
    }

    #[test]
    fn a_machine_knows_its_secret() {
        let secret = MachineSecret::new([7; 32]);
        assert!(secret.hash().is_of(secret.as_str()));
        assert!(secret.hash().is_of(&format!("{}\n", secret.as_str())));
        assert!(!secret.hash().is_of(""));
        assert!(!SecretHash::of_nobody().is_of(""));
        assert!(!format!("{secret:?} {:?}", secret.hash()).contains(secret.as_str()));
    }
}
