//! The policy file: lines of words, each definition before its use.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Log, Member, Policy, Witness};
use crate::cosignature::{CosignerKey, CosignerKeyError};
use crate::log_key::{LogKey, LogKeyError};
use crate::note::{VerifierKey, VerifierKeyError};
use crate::text::decimal;

/// The longest policy that is read, in bytes: [`MAX_DEFINITIONS`] of ML-DSA-44 keys and URLs.
pub const MAX_BYTES: usize = 1 << 20;

/// The most logs, witnesses and groups, each. The specification asks for 32 at least.
pub const MAX_DEFINITIONS: usize = 256;

/// Why a policy file is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PolicyParseError {
    /// The line, from 1; for what is missing, the last one.
    pub line: usize,
    /// What is wrong with it.
    pub problem: PolicyLine,
}

/// What is wrong with a line of a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyLine {
    /// The file is longer than [`MAX_BYTES`].
    #[error("the file has {bytes} bytes, at most {MAX_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A control character other than tab and newline.
    #[error("control character {byte:#04x}")]
    ControlCharacter {
        /// The character.
        byte: u8,
    },
    /// The file does not end in a newline: it may have been cut.
    #[error("the last line does not end in a newline")]
    NoFinalNewline,
    /// The first word is not `log`, `witness`, `group` or `quorum`.
    #[error("unknown keyword {}, not log, witness, group or quorum", keyword.escape_ascii())]
    UnknownKeyword {
        /// The word.
        keyword: Vec<u8>,
    },
    /// Too few or too many words.
    #[error("expected {expected}")]
    WordCount {
        /// What the line should look like.
        expected: &'static str,
    },
    /// More than [`MAX_DEFINITIONS`] logs, witnesses or groups.
    #[error("more than {MAX_DEFINITIONS} logs, witnesses or groups")]
    TooMany,
    /// The vkey of a log cannot be used.
    #[error("not the key of a log: {0}")]
    LogKey(LogKeyError),
    /// The vkey of a witness cannot be used.
    #[error("not the key of a witness: {0}")]
    CosignerKey(CosignerKeyError),
    /// The key is another log's, or another witness's, perhaps under another name.
    #[error("this public key occurs twice")]
    DuplicateKey,
    /// The name is taken, or is the predefined `none`.
    #[error("the name {} is taken", name.escape_ascii())]
    DuplicateName {
        /// The name.
        name: Vec<u8>,
    },
    /// No line before this one defines the name.
    #[error("the name {} is not defined above", name.escape_ascii())]
    UndefinedName {
        /// The name.
        name: Vec<u8>,
    },
    /// The name is already a member of a group, of this one or another.
    #[error("{} is a member of a group already", name.escape_ascii())]
    MemberTwice {
        /// The name.
        name: Vec<u8>,
    },
    /// The threshold is not `any`, `all` or a decimal number from 1 to the number of members.
    #[error("the threshold {} is not any, all or a number from 1 to {members}", found.escape_ascii())]
    BadThreshold {
        /// The word found.
        found: Vec<u8>,
        /// How many members are listed.
        members: usize,
    },
    /// A second quorum line.
    #[error("a second quorum")]
    SecondQuorum,
    /// The file ends without a quorum line.
    #[error("the policy has no quorum line")]
    NoQuorum,
}

pub(super) fn parse(file: &[u8]) -> Result<Policy, PolicyParseError> {
    let at = |line, problem| PolicyParseError { line, problem };
    if file.len() > MAX_BYTES {
        return Err(at(1, PolicyLine::TooLong { bytes: file.len() }));
    }
    let mut draft = Draft::default();
    let mut last = 1;
    for (position, line) in file.split_inclusive(|byte| *byte == b'\n').enumerate() {
        last = position + 1;
        draft.line(line).map_err(|problem| at(last, problem))?;
    }
    draft.finish().map_err(|problem| at(last, problem))
}

#[derive(Default)]
struct Draft<'a> {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
    names: BTreeMap<&'a [u8], Member>,
    /// Names that are in a group: each may be in one only, so that no witness counts twice.
    grouped: BTreeSet<&'a [u8]>,
}

impl<'a> Draft<'a> {
    fn line(&mut self, line: &'a [u8]) -> Result<(), PolicyLine> {
        let Some(line) = line.strip_suffix(b"\n") else { return Err(PolicyLine::NoFinalNewline) };
        if let Some(byte) = line.iter().find(|byte| matches!(**byte, 0..=8 | 11..=31 | 127)) {
            return Err(PolicyLine::ControlCharacter { byte: *byte });
        }
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
        let words: Vec<&[u8]> = line.split(is_space).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", words @ ..] => self.log(words),
            [b"witness", words @ ..] => self.witness(words),
            [b"group", words @ ..] => self.group(words),
            [b"quorum", words @ ..] => self.quorum(words),
            [keyword, ..] => Err(PolicyLine::UnknownKeyword { keyword: keyword.to_vec() }),
        }
    }

    fn log(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyLine> {
        let (vkey, url) = match words {
            [vkey] => (vkey, None),
            [vkey, url] => (vkey, Some(url.to_vec())),
            _ => return Err(PolicyLine::WordCount { expected: "log <vkey> [<url>]" }),
        };
        let key = verifier_key(vkey).map_err(|error| PolicyLine::LogKey(error.into()))?;
        let key = LogKey::from_verifier_key(key).map_err(PolicyLine::LogKey)?;
        if self.logs.iter().any(|log| log.key.public_key() == key.public_key()) {
            return Err(PolicyLine::DuplicateKey);
        }
        push(&mut self.logs, Log { key, url })
    }

    fn witness(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyLine> {
        let (name, vkey, url) = match words {
            [name, vkey] => (*name, vkey, None),
            [name, vkey, url] => (*name, vkey, Some(url.to_vec())),
            _ => return Err(PolicyLine::WordCount { expected: "witness <name> <vkey> [<url>]" }),
        };
        let key = verifier_key(vkey).map_err(|error| PolicyLine::CosignerKey(error.into()))?;
        let key = CosignerKey::new(key).map_err(PolicyLine::CosignerKey)?;
        let public_key = key.verifier_key().public_key();
        if self.witnesses.iter().any(|other| other.key.verifier_key().public_key() == public_key) {
            return Err(PolicyLine::DuplicateKey);
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        push(&mut self.witnesses, Witness { name: name.to_vec(), key, url })
    }

    fn group(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyLine> {
        let [name, threshold, names @ ..] = words else {
            return Err(PolicyLine::WordCount { expected: "group <name> all|any|<k> <name>..." });
        };
        if names.is_empty() {
            return Err(PolicyLine::WordCount { expected: "group <name> all|any|<k> <name>..." });
        }
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            members.push(self.defined(member)?);
            if !self.grouped.insert(*member) {
                return Err(PolicyLine::MemberTwice { name: member.to_vec() });
            }
        }
        let wrong = || PolicyLine::BadThreshold { found: threshold.to_vec(), members: members.len() };
        let threshold = match *threshold {
            b"any" => 1,
            b"all" => members.len(),
            number => {
                threshold_number(number).filter(|k| (1..=members.len()).contains(k)).ok_or_else(wrong)?
            }
        };
        self.define(name, Member::Group(self.groups.len()))?;
        push(&mut self.groups, Group { threshold, members })
    }

    fn quorum(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyLine> {
        let [name] = words else { return Err(PolicyLine::WordCount { expected: "quorum <name>" }) };
        let quorum = if *name == b"none" { None } else { Some(self.defined(name)?) };
        if self.quorum.replace(quorum).is_some() { Err(PolicyLine::SecondQuorum) } else { Ok(()) }
    }

    fn define(&mut self, name: &'a [u8], member: Member) -> Result<(), PolicyLine> {
        if name == b"none" || self.names.insert(name, member).is_some() {
            return Err(PolicyLine::DuplicateName { name: name.to_vec() });
        }
        Ok(())
    }

    fn defined(&self, name: &[u8]) -> Result<Member, PolicyLine> {
        self.names.get(name).copied().ok_or_else(|| PolicyLine::UndefinedName { name: name.to_vec() })
    }

    fn finish(self) -> Result<Policy, PolicyLine> {
        let Self { logs, witnesses, groups, quorum, .. } = self;
        Ok(Policy { logs, witnesses, groups, quorum: quorum.ok_or(PolicyLine::NoQuorum)? })
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), PolicyLine> {
    if list.len() == MAX_DEFINITIONS {
        return Err(PolicyLine::TooMany);
    }
    list.push(item);
    Ok(())
}

/// Names of keys are UTF-8; bytes that are not cannot be in any.
fn verifier_key(word: &[u8]) -> Result<VerifierKey, VerifierKeyError> {
    let bad_name = |_| VerifierKeyError::BadName { name: String::from_utf8_lossy(word).into_owned() };
    VerifierKey::parse(core::str::from_utf8(word).map_err(bad_name)?)
}

fn threshold_number(word: &[u8]) -> Option<usize> {
    usize::try_from(decimal(core::str::from_utf8(word).ok()?)?).ok()
}
