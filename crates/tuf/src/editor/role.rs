//! The four top-level roles, and keys as the editor lists them.

use super::EditError;
use crate::metadata::{ROOT, SNAPSHOT, TARGETS, TIMESTAMP};
use sealwax_crypto::{KeyKind, PublicKey, hex, sha256};
use sealwax_json::{Object, Value};

/// The member of a key that names its holder. Clients keep members that they do not know; public roots have some, too.
const HOLDER: &str = "x-sealwax-holder";

/// The same in repositories that tuf-on-ci looks after.
const TUF_ON_CI_HOLDER: &str = "x-tuf-on-ci-keyowner";

/// The longest name of a holder, in characters: it stands in tables.
const MAX_HOLDER: usize = 64;

/// A top-level role (TUF §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Says who may sign the four roles.
    Root,
    /// Says which targets there are.
    Targets,
    /// Says which versions of the targets roles belong together.
    Snapshot,
    /// Says which snapshot is the newest.
    Timestamp,
}

impl Role {
    /// All of them, in the order in which they are written.
    pub const ALL: [Role; 4] = [Role::Root, Role::Targets, Role::Snapshot, Role::Timestamp];

    /// The name in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Role::Root => ROOT,
            Role::Targets => TARGETS,
            Role::Snapshot => SNAPSHOT,
            Role::Timestamp => TIMESTAMP,
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A key for a role, as it is written. The forms are those that every deployed client reads: ECDSA P-256 as type `ecdsa`
/// in PEM (the public root's form), Ed25519 in hexadecimal; the keyid is SHA-256 of the canonical key (TUF §4.2).
#[derive(Debug, Clone, PartialEq)]
pub struct RoleKey {
    pub(super) keyid: String,
    pub(super) object: Object<'static>,
}

impl RoleKey {
    /// A key, and perhaps the name of who holds it.
    ///
    /// # Errors
    /// [`EditError::KeyKind`], [`EditError::Holder`].
    pub fn new(key: &PublicKey, holder: Option<&str>) -> Result<Self, EditError> {
        let (keytype, scheme, public) = match (key.kind(), key.raw()) {
            (KeyKind::EcdsaP256, _) => ("ecdsa", "ecdsa-sha2-nistp256", key.to_pem()),
            (KeyKind::Ed25519, Some(raw)) => ("ed25519", "ed25519", hex(raw)),
            (kind, _) => return Err(EditError::KeyKind { kind }),
        };
        let mut object = Object::new()
            .with("keytype", keytype)
            .with("keyval", Object::new().with("public", public))
            .with("scheme", scheme);
        // Over the three members of the specification alone: who holds a key does not change which one it is.
        let canonical = sealwax_json::olpc(&Value::Object(object.clone())).unwrap_or_default();
        let keyid = hex(&sha256(&canonical));
        if let Some(holder) = holder {
            object.insert(HOLDER, checked(holder)?.to_owned());
        }
        Ok(RoleKey { keyid, object })
    }

    /// Its name in metadata.
    pub fn keyid(&self) -> &str {
        &self.keyid
    }
}

/// Who holds the key of a metadata file, as far as that says so.
pub(super) fn holder(object: &Object<'_>) -> Option<String> {
    [HOLDER, TUF_ON_CI_HOLDER].iter().find_map(|name| object.get(name)?.as_str()).map(str::to_owned)
}

/// Names are typed on command lines, as `root:alice`.
fn checked(holder: &str) -> Result<&str, EditError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    if (1..=MAX_HOLDER).contains(&holder.len()) && holder.chars().all(fits) {
        Ok(holder)
    } else {
        Err(EditError::Holder { holder: holder.chars().take(MAX_HOLDER).collect() })
    }
}
