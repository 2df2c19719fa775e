//! Bundles with the verdict that they deserve: good ones of every class, odd ones that are good all the same, and
//! bad ones in which one thing is wrong.

use std::sync::Arc;

use serde_json::Value;

use crate::{Instance, instance::ManagedKey, options::SignOptions, sign::Made, statement::Statement};

mod classes;
mod faults;
mod oddities;
mod witnesses;

pub use classes::classes;
pub use faults::faults;
pub use oddities::oddities;

/// What is changed, and how.
type Change<T> = (&'static str, fn(&mut T));

/// What every case is about, unless it is about another artifact.
pub const ARTIFACT: &[u8] = b"an artifact\n";

/// A bundle, and all that a verifier needs to judge it.
#[derive(Clone)]
pub struct Case {
    /// What it is, or what is wrong with it. No two cases of a collection have the same name.
    pub name: String,
    /// Whom the verifier trusts.
    pub trusted_root: Value,
    /// The bundle, the artifact, and identity and issuer to demand.
    pub made: Made,
    /// The key to demand, where no certificate signs. Its window counts.
    pub managed_key: Option<Arc<ManagedKey>>,
    /// The witness policy to demand, if any.
    pub witness_policy: Option<String>,
    /// The instance that is trusted.
    pub instance: Instance,
}

/// Collects cases of one instance after another.
struct Cases {
    /// Who signs, and who is trusted.
    instance: Instance,
    cases: Vec<Case>,
}

impl Cases {
    fn of(instance: &Instance) -> Self {
        Self { instance: instance.clone(), cases: Vec::new() }
    }

    fn turn_to(&mut self, instance: &Instance) {
        self.instance = instance.clone();
    }

    fn message(&mut self, name: &str, options: &SignOptions) -> &mut Case {
        let made = self.instance.sign_message(ARTIFACT, options);
        self.push(name, made)
    }

    /// Signed by one instance, but the other is trusted.
    fn message_of(&mut self, signing: &Instance, name: &str, options: &SignOptions) -> &mut Case {
        let made = signing.sign_message(ARTIFACT, options);
        self.push(name, made)
    }

    fn attestation(&mut self, name: &str, options: &SignOptions) -> &mut Case {
        self.statement(name, &Statement::about(ARTIFACT), options)
    }

    fn statement(&mut self, name: &str, statement: &Statement, options: &SignOptions) -> &mut Case {
        let made = self.instance.sign_statement(ARTIFACT, statement, options);
        self.push(name, made)
    }

    fn push(&mut self, name: &str, made: Made) -> &mut Case {
        assert!(self.cases.iter().all(|case| case.name != name), "two cases are named {name:?}");
        let managed_key = match made.leaf {
            Some(_) => None,
            None => self.instance.managed_keys.first().cloned(),
        };
        self.cases.push(Case {
            name: name.into(),
            trusted_root: self.instance.trusted_root(),
            made,
            managed_key,
            witness_policy: None,
            instance: self.instance.clone(),
        });
        self.cases.last_mut().unwrap()
    }

    fn all(self) -> Vec<Case> {
        self.cases
    }
}
