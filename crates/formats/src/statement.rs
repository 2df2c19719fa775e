//! In-toto statements, versions 0.1 and 1 (<https://github.com/in-toto/attestation/tree/main/spec>).

use sealwax_crypto::{Digest, HashAlgorithm};
use sealwax_json::{Error as JsonError, Kind, Limits, Reader};
use std::borrow::Cow;

/// Bytes of a payload: what fits into the largest bundle.
pub const MAX_BYTES: usize = crate::bundle::MAX_BYTES;

/// Subjects of one statement. GitHub's actions stop at 1,024; a statement over every file of a distribution is far
/// below this.
pub const MAX_SUBJECTS: usize = 1 << 17;

/// Digests of one subject. In-toto names some twenty algorithms.
pub const MAX_DIGESTS: usize = 64;

/// Digests of all subjects: four for each of [`MAX_SUBJECTS`]. What they cost in memory is this, times 48 bytes.
pub const MAX_DIGESTS_IN_ALL: usize = 4 * MAX_SUBJECTS;

/// Members of the objects that are open at one place of the predicate. Their names are all that reading keeps of it:
/// 24 MiB at most.
pub const MAX_PREDICATE_MEMBERS: usize = 1 << 20;

/// How the payload is read: the predicate may have as many values as it likes, since none is kept.
pub const LIMITS: Limits =
    Limits { bytes: MAX_BYTES, depth: 64, values: MAX_BYTES, members: MAX_PREDICATE_MEMBERS };

/// A statement: something is said (the predicate) about artifacts (the subjects).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The version of the statement, out of `_type`.
    pub version: StatementVersion,
    /// The artifacts.
    pub subjects: Vec<Subject<'a>>,
    /// What kind of thing is said; may be empty.
    pub predicate_type: Cow<'a, str>,
    /// What is said, as JSON that has been checked, or `None` if it is absent or null.
    pub predicate: Option<&'a str>,
}

/// The version of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementVersion {
    /// `https://in-toto.io/Statement/v0.1`
    V01,
    /// `https://in-toto.io/Statement/v1`
    V1,
}

/// An artifact of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its name; empty where there is none.
    pub name: Cow<'a, str>,
    /// Its digests, of whatever algorithms.
    pub digests: Vec<SubjectDigest<'a>>,
}

/// A digest of a subject, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectDigest<'a> {
    /// The algorithm: `sha256`, `gitCommit`, …
    pub algorithm: Cow<'a, str>,
    /// The value.
    pub value: Cow<'a, str>,
}

/// Why a payload is not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not JSON that we read, or a field of another type.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A `_type` that is neither version, or none.
    #[error("unknown statement type {found:?}")]
    Type {
        /// What was found, cut to 128 bytes.
        found: String,
    },
    /// More subjects than [`MAX_SUBJECTS`].
    #[error("more than {limit} subjects")]
    TooManySubjects {
        /// The limit.
        limit: usize,
    },
    /// More digests in one subject than [`MAX_DIGESTS`].
    #[error("more than {limit} digests in one subject")]
    TooManyDigests {
        /// The limit.
        limit: usize,
    },
    /// More digests in all subjects than [`MAX_DIGESTS_IN_ALL`].
    #[error("more than {limit} digests in all subjects")]
    TooManyDigestsInAll {
        /// The limit.
        limit: usize,
    },
}

impl<'a> Statement<'a> {
    /// Reads a payload. The predicate is checked as strictly as everything else (duplicate names, depth), and none
    /// of it is kept, so this costs no memory for it.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn parse(payload: &'a [u8]) -> Result<Statement<'a>, StatementError> {
        let mut reader = Reader::new(payload, &LIMITS)?;
        let mut kind = Cow::Borrowed("");
        let mut subjects = Vec::new();
        let mut predicate_type = Cow::Borrowed("");
        let mut predicate = None;
        reader.members(|name, reader| {
            match name.as_ref() {
                "_type" => kind = string(reader)?,
                "subject" => subjects = read_subjects(reader)?,
                "predicateType" => predicate_type = string(reader)?,
                "predicate" => predicate = Some(reader.skip()?).filter(|text| *text != "null"),
                _ => drop(reader.skip()?),
            }
            Ok::<(), StatementError>(())
        })?;
        reader.end()?;
        let version = match kind.as_ref() {
            "https://in-toto.io/Statement/v0.1" => StatementVersion::V01,
            "https://in-toto.io/Statement/v1" => StatementVersion::V1,
            other => return Err(StatementError::Type { found: crate::field::cut(other) }),
        };
        Ok(Statement { version, subjects, predicate_type, predicate })
    }
}

impl SubjectDigest<'_> {
    /// The digest, if it is one that counts (VERIFY rule 9): sha256, sha384 or sha512 in lower-case hexadecimal.
    pub fn digest(&self) -> Option<Digest> {
        let algorithm = HashAlgorithm::from_name(&self.algorithm)?;
        Digest::from_hex(algorithm, &self.value).ok()
    }
}

fn read_subjects<'a>(reader: &mut Reader<'a>) -> Result<Vec<Subject<'a>>, StatementError> {
    let mut subjects = Vec::new();
    let mut digests = 0;
    if null(reader)? {
        return Ok(subjects);
    }
    reader.elements(|reader| {
        if subjects.len() == MAX_SUBJECTS {
            return Err(StatementError::TooManySubjects { limit: MAX_SUBJECTS });
        }
        let mut subject = Subject::default();
        reader.members(|name, reader| {
            match name.as_ref() {
                "name" => subject.name = string(reader)?,
                "digest" => subject.digests = read_digests(reader)?,
                _ => drop(reader.skip()?),
            }
            Ok::<(), StatementError>(())
        })?;
        digests += subject.digests.len();
        if digests > MAX_DIGESTS_IN_ALL {
            return Err(StatementError::TooManyDigestsInAll { limit: MAX_DIGESTS_IN_ALL });
        }
        subjects.push(subject);
        Ok(())
    })?;
    Ok(subjects)
}

fn read_digests<'a>(reader: &mut Reader<'a>) -> Result<Vec<SubjectDigest<'a>>, StatementError> {
    let mut digests = Vec::new();
    if null(reader)? {
        return Ok(digests);
    }
    reader.members(|algorithm, reader| {
        if digests.len() == MAX_DIGESTS {
            return Err(StatementError::TooManyDigests { limit: MAX_DIGESTS });
        }
        digests.push(SubjectDigest { algorithm, value: string(reader)? });
        Ok(())
    })?;
    Ok(digests)
}

/// A string; null is empty.
fn string<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, str>, JsonError> {
    if null(reader)? { Ok(Cow::Borrowed("")) } else { reader.string() }
}

fn null(reader: &mut Reader<'_>) -> Result<bool, JsonError> {
    if reader.kind()? == Kind::Null { reader.skip().map(|_| true) } else { Ok(false) }
}

#[cfg(test)]
mod tests;
