//! Passwords: Argon2id (RFC 9106), written as the PHC string that every library of it reads.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sealwax_crypto::mac::is_same_secret;
use std::fmt;

/// The longest password that is hashed, bytes: long enough for any sentence, too short to keep a processor busy.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The shortest password that an administrator may set, characters (NIST SP 800-63B §5.1.1.2 has 8; here nobody
/// checks lists of known ones).
pub const MIN_PASSWORD_CHARACTERS: usize = 12;

/// What new hashes cost: 19 MiB, two passes, one lane, OWASP's first choice ("Password Storage Cheat Sheet"). Sign-ins are
/// few, and what many at once may take is bounded by whoever calls.
const COST: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };

/// The most that a stored hash may cost: 256 MiB. More is a mistake, or somebody's attack.
const MAX_COST: Cost = Cost { memory_kib: 256 << 10, passes: 16, lanes: 16 };

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why there is no hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Fewer than [`MIN_PASSWORD_CHARACTERS`].
    #[error("the password has {found} characters, at least {MIN_PASSWORD_CHARACTERS} are needed")]
    TooShort {
        /// How many.
        found: usize,
    },
    /// More than [`MAX_PASSWORD_BYTES`].
    #[error("the password has {found} bytes, at most {MAX_PASSWORD_BYTES} are taken")]
    TooLong {
        /// How many.
        found: usize,
    },
    /// The text is not the PHC string of an Argon2id hash of ours, or its cost is out of bounds.
    #[error("the password hash is not $argon2id$v=19$m=…,t=…,p=…$salt$hash within bounds")]
    Malformed,
    /// Not enough memory.
    #[error("the password could not be hashed")]
    Failed,
}

impl PasswordHash {
    /// Hashes a new password.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn new(password: &str, salt: [u8; SALT_BYTES]) -> Result<Self, PasswordError> {
        let found = password.chars().count();
        if found < MIN_PASSWORD_CHARACTERS {
            return Err(PasswordError::TooShort { found });
        }
        Ok(Self { cost: COST, salt, hash: derive(password, &salt, COST)? })
    }

    /// A hash that no password has, and that costs as much to find out.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self { cost: COST, salt: [0; SALT_BYTES], hash: [0; HASH_BYTES] }
    }

    /// Whether this is the password. Takes tens of milliseconds and 19 MiB.
    #[must_use]
    pub fn is_of(&self, password: &str) -> bool {
        derive(password, &self.salt, self.cost).is_ok_and(|hash| is_same_secret(&hash, &self.hash))
    }

    /// Reads a PHC string.
    ///
    /// # Errors
    /// [`PasswordError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        Self::read(text).filter(|hash| hash.to_string() == text).ok_or(PasswordError::Malformed)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let mut numbers = cost.split(',');
        let mut number = |name: &str, most: u32| {
            numbers.next()?.strip_prefix(name)?.parse().ok().filter(|number| *number <= most)
        };
        let cost = Cost {
            memory_kib: number("m=", MAX_COST.memory_kib)?,
            passes: number("t=", MAX_COST.passes)?,
            lanes: number("p=", MAX_COST.lanes)?,
        };
        params(cost).ok()?;
        let bytes = |text| STANDARD_NO_PAD.decode(text).ok();
        Some(Self { cost, salt: bytes(salt)?.try_into().ok()?, hash: bytes(hash)?.try_into().ok()? })
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(self.salt), STANDARD_NO_PAD.encode(self.hash));
        write!(f, "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("cost", &self.cost).finish_non_exhaustive()
    }
}

fn derive(password: &str, salt: &[u8], cost: Cost) -> Result<[u8; HASH_BYTES], PasswordError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong { found: password.len() });
    }
    let params = params(cost)?;
    let mut memory = working_memory(params.block_count())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; HASH_BYTES];
    let hashed =
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, memory.as_mut_slice());
    hashed.map_err(|_| PasswordError::Failed)?;
    Ok(hash)
}

/// Memory for a hash, which the system has back as soon as it is dropped. A request for so many bytes glibc always hands on to
/// the system; what is smaller it keeps from the second time on, per thread. Only what is used counts as resident.
fn working_memory(blocks: usize) -> Result<Vec<Block>, PasswordError> {
    /// glibc's largest `M_MMAP_THRESHOLD` (mallopt(3)), and a block.
    const NEVER_KEPT_BYTES: usize = (32 << 20) + Block::SIZE;
    let mut memory = Vec::new();
    let room = memory.try_reserve_exact(blocks.max(NEVER_KEPT_BYTES.div_ceil(Block::SIZE)));
    room.map_err(|_| PasswordError::Failed)?;
    memory.resize(blocks, Block::new());
    Ok(memory)
}

fn params(cost: Cost) -> Result<Params, PasswordError> {
    let Cost { memory_kib, passes, lanes } = cost;
    Params::new(memory_kib, passes, lanes, Some(HASH_BYTES)).map_err(|_| PasswordError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_recognised_and_no_other() {
        let hash = PasswordHash::new("correct horse battery", [1; 16]).unwrap();
        assert!(hash.is_of("correct horse battery"));
        for other in
            ["correct horse batterz", "correct horse battery ", "", &"x".repeat(MAX_PASSWORD_BYTES + 1)]
        {
            assert!(!hash.is_of(other));
        }
        assert_ne!(PasswordHash::new("correct horse battery", [2; 16]).unwrap(), hash);
        assert!(!PasswordHash::of_nobody().is_of(""));
    }

    #[test]
    fn lengths() {
        let short = PasswordHash::new("ééééééééééé", [0; 16]).unwrap_err();
        assert_eq!(short, PasswordError::TooShort { found: 11 });
        let long = PasswordHash::new(&"x".repeat(MAX_PASSWORD_BYTES + 1), [0; 16]).unwrap_err();
        assert_eq!(long, PasswordError::TooLong { found: MAX_PASSWORD_BYTES + 1 });
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let text = PasswordHash::of_nobody().to_string();
        assert_eq!(PasswordHash::parse(&text).unwrap().to_string(), text);
        for (from, to) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=19456", "m=019456"),
            ("m=19456", "m=1"),
            ("m=19456", "m=4294967295"),
            ("t=2", "t=17"),
            ("t=2", "t=0"),
            ("p=1", "p=17"),
            ("p=1", "p=1,x=1"),
            ("t=2,p=1", "p=1,t=2"),
            ("$AAAA", "$AAA"),
            ("AAAA$", "AAAA$$"),
        ] {
            assert_eq!(
                PasswordHash::parse(&text.replacen(from, to, 1)),
                Err(PasswordError::Malformed),
                "{to}"
            );
        }
        for bad in [format!("{text}A"), format!("{text}$"), format!(" {text}"), String::new()] {
            assert_eq!(PasswordHash::parse(&bad), Err(PasswordError::Malformed));
        }
    }
}
