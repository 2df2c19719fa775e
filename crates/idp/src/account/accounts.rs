//! All accounts of a directory.

use super::{Account, AccountError, AccountName, Person, file};

/// All of them, ordered by name; names, ids and addresses are each one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(Vec<Account>);

impl Accounts {
    /// All of them, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.0.iter()
    }

    /// The account of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Account> {
        let at = self.0.binary_search_by(|account| account.name.as_str().cmp(name)).ok()?;
        self.0.get(at)
    }

    /// The account that tokens call so.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Account> {
        self.0.iter().find(|account| account.id.as_str() == id)
    }

    /// The person who calls themselves so: by the account's name, or by their address.
    #[must_use]
    pub fn person(&self, called: &str) -> Option<(&Account, &Person)> {
        let is_called = |account: &&Account| {
            account.name.as_str().eq_ignore_ascii_case(called)
                || account.person().is_some_and(|person| person.email.is_like(called))
        };
        let account = self.0.iter().find(is_called)?;
        Some((account, account.person()?))
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`AccountError`]; nothing was added then.
    pub fn add(&mut self, account: Account) -> Result<(), AccountError> {
        if self.0.len() >= file::MAX_ACCOUNTS {
            return Err(AccountError::TooMany);
        }
        if let Some(other) = self.by_name(account.name.as_str()) {
            return Err(AccountError::NameTaken { name: other.name.to_string() });
        }
        if let Some(other) = self.by_id(account.id.as_str()) {
            return Err(AccountError::IdTaken { id: other.id.as_str().to_owned() });
        }
        if let Some(person) = account.person()
            && let Some((other, _)) = self.person(person.email.as_str())
        {
            let (email, name) = (person.email.to_string(), other.name.to_string());
            return Err(AccountError::EmailTaken { email, name });
        }
        let at = self.0.partition_point(|other| other.name < account.name);
        self.0.insert(at, account);
        Ok(())
    }

    /// Takes one out.
    ///
    /// # Errors
    /// [`AccountError::Unknown`].
    pub fn remove(&mut self, name: &AccountName) -> Result<Account, AccountError> {
        match self.0.binary_search_by(|other| other.name.cmp(name)) {
            Ok(at) => Ok(self.0.remove(at)),
            Err(_) => Err(AccountError::Unknown { name: name.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AccountId, tests::person};
    use super::*;

    #[test]
    fn nobody_has_what_is_somebody_elses() {
        let mut accounts = Accounts::default();
        accounts.add(person("b", "b@example.com")).unwrap();
        accounts.add(person("a", "a@example.com")).unwrap();
        let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let taken = accounts.add(person("c", "A@EXAMPLE.com")).unwrap_err();
        let (email, name) = ("A@EXAMPLE.com".to_owned(), "a".to_owned());
        assert_eq!(taken, AccountError::EmailTaken { email, name });
        let id = accounts.by_name("a").unwrap().id.clone();
        let same_id = Account { id: id.clone(), ..person("d", "d@example.com") };
        assert_eq!(accounts.add(same_id), Err(AccountError::IdTaken { id: id.as_str().to_owned() }));
        let same_name = Account { id: AccountId::new([9; 16]), ..person("a", "e@example.com") };
        assert_eq!(accounts.add(same_name), Err(AccountError::NameTaken { name: "a".to_owned() }));
        for called in ["a", "A", "a@example.com", "A@Example.com"] {
            assert_eq!(accounts.person(called).unwrap().0.name.as_str(), "a");
        }
        assert!(accounts.person("c").is_none());
        accounts.remove(&AccountName::parse("a").unwrap()).unwrap();
        let unknown = accounts.remove(&AccountName::parse("a").unwrap()).unwrap_err();
        assert_eq!(unknown, AccountError::Unknown { name: "a".to_owned() });
    }
}
