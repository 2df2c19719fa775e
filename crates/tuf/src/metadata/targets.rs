//! Targets roles and what they delegate (TUF §4.5, TAP 15).

use super::document::Content;
use super::field::{
    array, as_object, digests, length, object, positive, required, string, strings, unexpected,
};
use super::role::{Authority, Keys, Role};
use super::root::{ROOT, SNAPSHOT, TARGETS, TIMESTAMP};
use crate::{Error, MetadataError, pattern};
use sealwax_crypto::{Digest, digest, sha256};
use sealwax_json::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The longest file name on common file systems; names of roles become file names.
const MAX_FILE_NAME: usize = 255;

/// What a targets role says about one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// The target's path, as the metadata writes it.
    pub path: String,
    /// Its length in bytes.
    pub length: u64,
    /// Its digests of known algorithms, strongest first; never empty.
    pub digests: Vec<Digest>,
    /// Where it is, below the targets URL, percent-encoded.
    pub url_path: String,
}

impl TargetFile {
    /// Whether these bytes are the target: the length and every known digest fit (TUF §5.7.3).
    pub fn matches(&self, bytes: &[u8]) -> bool {
        u64::try_from(bytes.len()) == Ok(self.length)
            && !self.digests.is_empty()
            && self.digests.iter().all(|expected| digest(expected.algorithm(), bytes) == *expected)
    }
}

/// What a targets file says.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    targets: BTreeMap<String, Entry>,
    delegations: Delegations,
}

#[derive(Debug, Clone)]
struct Entry {
    length: u64,
    digests: Vec<Digest>,
}

#[derive(Debug, Clone)]
enum Delegations {
    None,
    Roles { keys: Keys, roles: Vec<DelegatedRole> },
    Succinct { keys: Keys, roles: SuccinctRoles },
}

#[derive(Debug, Clone)]
struct DelegatedRole {
    name: String,
    role: Role,
    terminating: bool,
    covers: Coverage,
}

/// Which targets a role may speak for.
#[derive(Debug, Clone)]
enum Coverage {
    Paths(Vec<String>),
    /// Prefixes of the hexadecimal SHA-256 of the target's path.
    DigestPrefixes(Vec<String>),
}

/// TAP 15: 2^bits roles that share keys, told apart by the first bits of the digest of the target's path.
#[derive(Debug, Clone)]
struct SuccinctRoles {
    role: Role,
    bits: u32,
    name_prefix: String,
}

/// A role that speaks for a target, according to one delegator.
#[derive(Debug, Clone)]
pub(crate) struct Delegation {
    pub(crate) role: String,
    pub(crate) authority: Authority,
    pub(crate) terminating: bool,
}

impl Targets {
    /// The target of that path, if this very role has it.
    pub(crate) fn target(&self, path: &str, consistent_snapshot: bool) -> Result<Option<TargetFile>, Error> {
        let Some(entry) = self.targets.get(path) else { return Ok(None) };
        let Some(strongest) = entry.digests.first() else {
            return Err(Error::UnknownDigests { what: path.to_owned() });
        };
        let prefix = consistent_snapshot.then(|| strongest.to_hex());
        Ok(Some(TargetFile {
            path: path.to_owned(),
            length: entry.length,
            digests: entry.digests.clone(),
            url_path: crate::encode::target_path(path, prefix.as_deref()),
        }))
    }

    /// The roles that this one (named `delegator`) delegates the target to, in order, up to a terminating one.
    pub(crate) fn delegations(&self, delegator: &str, path: &str) -> Result<Vec<Delegation>, Error> {
        let mut found = Vec::new();
        match &self.delegations {
            Delegations::None => {}
            Delegations::Succinct { keys, roles } => {
                let authority = roles.role.authority(delegator, keys);
                found.push(Delegation { role: roles.role_for(path), authority, terminating: true });
            }
            Delegations::Roles { keys, roles } => {
                for role in roles {
                    if !role.covers.includes(path, delegator)? {
                        continue;
                    }
                    let authority = role.role.authority(delegator, keys);
                    found.push(Delegation {
                        role: role.name.clone(),
                        authority,
                        terminating: role.terminating,
                    });
                    if role.terminating {
                        break;
                    }
                }
            }
        }
        Ok(found)
    }
}

impl Content for Targets {
    const TYPE: &'static str = "targets";

    fn read(signed: &Object<'_>) -> Result<Self, MetadataError> {
        let mut targets = BTreeMap::new();
        for (path, target) in object(signed, "targets")?.iter() {
            let target = as_object(target, path)?;
            let entry = Entry {
                length: length(required(target, "length")?, "length")?,
                digests: digests(required(target, "hashes")?)?,
            };
            targets.insert(path.to_owned(), entry);
        }
        let delegations = match signed.get("delegations") {
            None => Delegations::None,
            Some(value) => Delegations::read(as_object(value, "delegations")?)?,
        };
        Ok(Targets { targets, delegations })
    }
}

impl Delegations {
    fn read(delegations: &Object<'_>) -> Result<Self, MetadataError> {
        let keys = Keys::of(delegations)?;
        match (delegations.get("roles"), delegations.get("succinct_roles")) {
            (Some(_), None) => {
                let roles = array(delegations, "roles")?.iter().map(DelegatedRole::read);
                let roles = roles.collect::<Result<Vec<_>, _>>()?;
                let mut names = BTreeSet::new();
                match roles.iter().find(|role| !names.insert(role.name.as_str())) {
                    Some(twice) => Err(MetadataError::DuplicateRole { name: twice.name.clone() }),
                    None => Ok(Delegations::Roles { keys, roles }),
                }
            }
            (None, Some(roles)) => {
                let roles = SuccinctRoles::read(as_object(roles, "succinct_roles")?)?;
                Ok(Delegations::Succinct { keys, roles })
            }
            _ => Err(unexpected("delegations", "an object with either roles or succinct_roles")),
        }
    }
}

impl DelegatedRole {
    fn read(value: &Value<'_>) -> Result<Self, MetadataError> {
        let role = as_object(value, "roles")?;
        let terminating = required(role, "terminating")?;
        Ok(DelegatedRole {
            name: role_name(string(role, "name")?)?,
            role: Role::read(role)?,
            terminating: terminating.as_bool().ok_or_else(|| unexpected("terminating", "a boolean"))?,
            covers: Coverage::read(role)?,
        })
    }
}

impl Coverage {
    fn read(role: &Object<'_>) -> Result<Self, MetadataError> {
        match (role.get("paths"), role.get("path_hash_prefixes")) {
            (Some(_), None) => Ok(Coverage::Paths(strings(role, "paths")?)),
            (None, Some(_)) => Ok(Coverage::DigestPrefixes(strings(role, "path_hash_prefixes")?)),
            _ => Err(unexpected("roles", "a delegation with either paths or path_hash_prefixes")),
        }
    }

    fn includes(&self, path: &str, delegator: &str) -> Result<bool, Error> {
        match self {
            Coverage::Paths(patterns) => {
                for pattern in patterns {
                    let covered = pattern::covers(pattern, path).map_err(|_| Error::AmbiguousPattern {
                        delegator: delegator.to_owned(),
                        pattern: pattern.clone(),
                    })?;
                    if covered {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Coverage::DigestPrefixes(prefixes) => {
                let hex = digest(sealwax_crypto::HashAlgorithm::Sha256, path.as_bytes()).to_hex();
                Ok(prefixes.iter().any(|prefix| hex.starts_with(prefix.as_str())))
            }
        }
    }
}

impl SuccinctRoles {
    fn read(roles: &Object<'_>) -> Result<Self, MetadataError> {
        let bits = u32::try_from(positive(roles, "bit_length")?).ok().filter(|bits| *bits <= 32);
        let name_prefix = string(roles, "name_prefix")?;
        // The longest name that the prefix can lead to.
        role_name(&format!("{name_prefix}-00000000"))?;
        Ok(SuccinctRoles {
            role: Role::read(roles)?,
            bits: bits.ok_or_else(|| unexpected("bit_length", "an integer between 1 and 32"))?,
            name_prefix: name_prefix.to_owned(),
        })
    }

    /// The role whose bin the target falls into: the number in hexadecimal, as wide as the last bin's.
    fn role_for(&self, path: &str) -> String {
        let front = sha256(path.as_bytes()).first_chunk::<4>().copied().unwrap_or_default();
        let bin = u32::from_be_bytes(front) >> (32 - self.bits);
        let width = usize::try_from(self.bits.div_ceil(4)).unwrap_or(8);
        format!("{}-{bin:0width$x}", self.name_prefix)
    }
}

/// A name that no top-level role has and that fits a file name.
fn role_name(name: &str) -> Result<String, MetadataError> {
    // Some file systems take no notice of case.
    let is_top_level = [ROOT, TIMESTAMP, SNAPSHOT, TARGETS].iter().any(|top| top.eq_ignore_ascii_case(name));
    let reserved = is_top_level || name.is_empty();
    // Room for the version in front, should a store keep it.
    if reserved || crate::file_name(name).len() > MAX_FILE_NAME - 21 {
        return Err(MetadataError::RoleName { name: name.chars().take(128).collect() });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn succinct(bits: u64) -> SuccinctRoles {
        let roles = Object::new()
            .with("keyids", Vec::new())
            .with("threshold", 1u64)
            .with("bit_length", bits)
            .with("name_prefix", "bin");
        SuccinctRoles::read(&roles).unwrap()
    }

    /// SHA-256("foo") = 2c26b46b…
    #[test]
    fn bins_are_the_first_bits_of_the_digest() {
        assert_eq!(succinct(1).role_for("foo"), "bin-0");
        assert_eq!(succinct(4).role_for("foo"), "bin-2");
        assert_eq!(succinct(5).role_for("foo"), "bin-05");
        assert_eq!(succinct(8).role_for("foo"), "bin-2c");
        assert_eq!(succinct(9).role_for("foo"), "bin-058");
        assert_eq!(succinct(32).role_for("foo"), "bin-2c26b46b");
    }

    #[test]
    fn names_of_top_level_roles_cannot_be_delegated() {
        for name in ["root", "Root", "timestamp", "snapshot", "targets", "", &"ü".repeat(60)] {
            assert!(matches!(role_name(name), Err(MetadataError::RoleName { .. })), "{name}");
        }
        assert_eq!(role_name("../root").unwrap(), "../root");
    }
}
