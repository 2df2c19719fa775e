//! Checkpoints: which tree a log has, as the text of a signed note (C2SP `tlog-checkpoint`).

use core::fmt;

use crate::merkle::{Hash, TreeSize};
use crate::note::{Note, NoteError};
use crate::text::{base64_encode, base64_hash, decimal};

/// A tree head: whose log, how many leaves, which root.
///
/// Its [`Display`](fmt::Display) form is the text again, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: TreeSize,
    root: Hash,
    extensions: Vec<String>,
}

/// A note whose text is a checkpoint. Nothing about it has been verified:
/// see [`LogKey::verify`](crate::LogKey::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

/// Why something is not a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is not even a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text does not end in a newline.
    #[error("the checkpoint does not end in a newline")]
    NoFinalNewline,
    /// Fewer than three lines.
    #[error("the checkpoint has {found} lines, origin, size and root hash make three")]
    TooFewLines {
        /// How many there are.
        found: usize,
    },
    /// The first line is empty.
    #[error("the checkpoint has an empty origin")]
    EmptyOrigin,
    /// The second line is not a decimal number without leading zeros, below 2^64.
    #[error("the tree size {found:?} is not a decimal number without leading zeros, below 2^64")]
    BadSize {
        /// The line.
        found: String,
    },
    /// The third line is not canonical base64 of 32 bytes.
    #[error("the root hash {found:?} is not the canonical base64 of 32 bytes")]
    BadRoot {
        /// The line.
        found: String,
    },
    /// An extension line is empty.
    #[error("extension line {line} of the checkpoint is empty")]
    EmptyExtension {
        /// Which one, from 1.
        line: usize,
    },
    /// A line contains a newline or another control character (only when a checkpoint is put together).
    #[error("a line of the checkpoint would contain a control character")]
    ControlCharacter,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, with its final newline, without signatures.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let Some(body) = text.strip_suffix('\n') else { return Err(CheckpointError::NoFinalNewline) };
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::TooFewLines { found: body.split('\n').count() });
        };
        let size = decimal(size).ok_or_else(|| CheckpointError::BadSize { found: size.to_owned() })?;
        let root = base64_hash(root).ok_or_else(|| CheckpointError::BadRoot { found: root.to_owned() })?;
        Self::with_extensions(origin, TreeSize(size), root, lines.map(str::to_owned).collect())
    }

    /// A checkpoint without extension lines.
    ///
    /// # Errors
    /// [`CheckpointError::EmptyOrigin`] or [`CheckpointError::ControlCharacter`].
    pub fn new(origin: &str, size: TreeSize, root: Hash) -> Result<Self, CheckpointError> {
        Self::with_extensions(origin, size, root, Vec::new())
    }

    /// A checkpoint with extension lines, which the specification allows and advises against.
    ///
    /// # Errors
    /// [`CheckpointError::EmptyOrigin`], [`CheckpointError::EmptyExtension`] or
    /// [`CheckpointError::ControlCharacter`].
    pub fn with_extensions(
        origin: &str,
        size: TreeSize,
        root: Hash,
        extensions: Vec<String>,
    ) -> Result<Self, CheckpointError> {
        if origin.is_empty() {
            return Err(CheckpointError::EmptyOrigin);
        }
        if let Some(position) = extensions.iter().position(String::is_empty) {
            return Err(CheckpointError::EmptyExtension { line: position + 1 });
        }
        let has_control = |line: &str| line.bytes().any(|byte| byte < 0x20);
        if has_control(origin) || extensions.iter().any(|line| has_control(line)) {
            return Err(CheckpointError::ControlCharacter);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The root hash of the tree.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The lines after the root hash. Opaque; ML-DSA-44 signatures do not cover them.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    pub(crate) fn without_extensions(&self) -> Self {
        Self { origin: self.origin.clone(), size: self.size, root: self.root, extensions: Vec::new() }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size.0, base64_encode(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl SignedCheckpoint {
    /// Reads a checkpoint with its signature lines.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(envelope: &str) -> Result<Self, CheckpointError> {
        Self::from_note(Note::parse(envelope)?)
    }

    /// Reads the text of a note as a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn from_note(note: Note) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// The note.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// What it claims, not verified.
    #[must_use]
    pub fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
