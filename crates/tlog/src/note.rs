//! Signed notes: a text and the signatures below it (C2SP `signed-note`).

mod verifier_key;

use core::fmt;

use crate::text::{base64_decode, base64_encode};

pub use verifier_key::{MAX_VERIFIER_KEY_BYTES, SignatureType, VerifierKey, VerifierKeyError};
pub(crate) use verifier_key::{key_hash, verify_text};

/// The largest note that is read, in bytes. A hundred ML-DSA-87 signatures take 620 kB;
/// torchwood stops at 1,000,000 bytes of text.
pub const MAX_BYTES: usize = 1 << 20;

/// The most signature lines that are read. The specification demands at least 16; Go's
/// `golang.org/x/mod/sumdb/note` stops at 100 as well.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line begins with: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// A text and its signatures, none of them verified.
///
/// Its [`Display`](fmt::Display) form is the note again, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line: who claims to have signed, and the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_hash: [u8; 4],
    bytes: Vec<u8>,
}

/// Why something is not a signed note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`MAX_BYTES`].
    #[error("the note has {bytes} bytes, at most {MAX_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A control character below U+0020 that is not a newline.
    #[error("the note contains the control character U+{:04X} at byte {offset}", *character as u32)]
    ControlCharacter {
        /// The character.
        character: char,
        /// Where it stands, in bytes.
        offset: usize,
    },
    /// There is no blank line, so no end of the text.
    #[error("no blank line separates the text of the note from its signatures")]
    NoBlankLine,
    /// The text does not end in a newline (only when a note is put together).
    #[error("the text of the note does not end in a newline")]
    TextWithoutNewline,
    /// Nothing follows the last blank line.
    #[error("the note has no signature line")]
    NoSignatures,
    /// More lines than [`MAX_SIGNATURES`].
    #[error("the note has more than {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
    /// The last line does not end in a newline.
    #[error("the last signature line does not end in a newline")]
    NoFinalNewline,
    /// Signature line `line` (from 1) is not `— name base64`.
    #[error("signature line {line} is not an em dash, a name and one base64 text")]
    NotASignatureLine {
        /// Which one, from 1.
        line: usize,
    },
    /// The name in signature line `line` (from 1) is empty or contains a space or a plus.
    #[error("the key name in signature line {line} is empty or contains a space or a plus")]
    BadName {
        /// Which one, from 1.
        line: usize,
    },
    /// Signature line `line` (from 1) is not canonical padded base64.
    #[error("signature line {line} is not canonical padded base64")]
    BadBase64 {
        /// Which one, from 1.
        line: usize,
    },
    /// Signature line `line` (from 1) has no bytes after the key hash.
    #[error("signature line {line} holds {bytes} bytes, a key hash and a signature are at least 5")]
    TooShort {
        /// Which one, from 1.
        line: usize,
        /// Its length, decoded.
        bytes: usize,
    },
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError`], for everything that C2SP `signed-note` does not allow, for what is not canonical
    /// base64, and beyond [`MAX_BYTES`] and [`MAX_SIGNATURES`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        check_characters(note)?;
        // "the text is separated from the signatures by the last empty line in the note"
        let end = note.as_bytes().array_windows().rposition(|pair| pair == b"\n\n");
        let Some(end) = end else { return Err(NoteError::NoBlankLine) };
        let (text, rest) = note.split_at(end + 1);
        let lines = rest.strip_prefix('\n').unwrap_or(rest);
        Ok(Self { text: text.to_owned(), signatures: parse_signatures(lines)? })
    }

    /// Puts a note together.
    ///
    /// # Errors
    /// [`NoteError`], if the result would not be read back as this note.
    pub fn new(text: String, signatures: Vec<Signature>) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::TextWithoutNewline);
        }
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let note = Self { text, signatures };
        check_characters(&note.to_string())?;
        Ok(note)
    }

    /// The signed text with its final newline, without the blank line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in their order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The lines that claim to be by this key. The hash is a hint: it selects, it proves nothing.
    pub(crate) fn signatures_by(&self, name: &str, key_hash: [u8; 4]) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().filter(move |line| line.key_hash == key_hash && line.name == name)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

impl Signature {
    /// A signature line for a note that is put together.
    ///
    /// # Errors
    /// [`NoteError::BadName`], [`NoteError::ControlCharacter`] or [`NoteError::TooShort`], as line 1.
    pub fn new(name: String, key_hash: [u8; 4], bytes: Vec<u8>) -> Result<Self, NoteError> {
        check_characters(&name)?;
        if !is_name(&name) {
            return Err(NoteError::BadName { line: 1 });
        }
        if bytes.is_empty() {
            return Err(NoteError::TooShort { line: 1, bytes: 4 });
        }
        Ok(Self { name, key_hash, bytes })
    }

    /// Reads signature lines alone, as a witness answers `add-checkpoint` (C2SP `tlog-witness`).
    ///
    /// # Errors
    /// [`NoteError`], as [`Note::parse`].
    pub fn parse_lines(lines: &str) -> Result<Vec<Self>, NoteError> {
        check_characters(lines)?;
        parse_signatures(lines)
    }

    /// The name of the key that is said to have signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of the key's id: a hint which key to try.
    #[must_use]
    pub fn key_hash(&self) -> [u8; 4] {
        self.key_hash
    }

    /// The signature, without the key hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The line, with its newline.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = base64_encode(&[&self.key_hash, self.bytes.as_slice()].concat());
        writeln!(f, "{LINE_START}{} {encoded}", self.name)
    }
}

/// "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus".
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|character: char| character.is_whitespace() || character == '+')
}

fn check_characters(note: &str) -> Result<(), NoteError> {
    if note.len() > MAX_BYTES {
        return Err(NoteError::TooLong { bytes: note.len() });
    }
    // Bytes below 0x20 are whole characters in UTF-8. Without an early end the compiler makes vectors of the first look.
    let is_control = |byte: u8| byte < 0x20 && byte != b'\n';
    if !note.bytes().fold(false, |found, byte| found | is_control(byte)) {
        return Ok(());
    }
    match note.bytes().enumerate().find(|(_, byte)| is_control(*byte)) {
        Some((offset, byte)) => Err(NoteError::ControlCharacter { character: char::from(byte), offset }),
        None => Ok(()),
    }
}

fn parse_signatures(lines: &str) -> Result<Vec<Signature>, NoteError> {
    if lines.is_empty() {
        return Err(NoteError::NoSignatures);
    }
    let Some(lines) = lines.strip_suffix('\n') else { return Err(NoteError::NoFinalNewline) };
    let mut signatures = Vec::new();
    for (position, line) in lines.split('\n').enumerate() {
        if position == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(parse_signature(line, position + 1)?);
    }
    Ok(signatures)
}

fn parse_signature(text: &str, line: usize) -> Result<Signature, NoteError> {
    let Some((name, encoded)) = text.strip_prefix(LINE_START).and_then(|rest| rest.split_once(' ')) else {
        return Err(NoteError::NotASignatureLine { line });
    };
    if !is_name(name) {
        return Err(NoteError::BadName { line });
    }
    let Some(decoded) = base64_decode(encoded) else { return Err(NoteError::BadBase64 { line }) };
    match decoded.split_first_chunk() {
        Some((key_hash, bytes)) if !bytes.is_empty() => {
            Ok(Signature { name: name.to_owned(), key_hash: *key_hash, bytes: bytes.to_vec() })
        }
        _ => Err(NoteError::TooShort { line, bytes: decoded.len() }),
    }
}
