//! Reads the configuration file: every key is one that there is, and every value what it should be.

use std::ops::Range;
use std::path::{Path, PathBuf};

use sealwax_oidc::nearest;
use toml::de::{DeTable, DeValue};

use super::{Keys, Section, Setting};

/// Why a file is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is not TOML.
    #[error("{place}: {reason}")]
    Syntax { place: Place, reason: String },
    /// A key that there is none of.
    #[error("{place}: there is no key {key}; the nearest is {nearest}")]
    UnknownKey { place: Place, key: String, nearest: String },
    /// A value that is none of this key.
    #[error("{place}: {key} = {found}: expected {expected}")]
    Value { place: Place, key: String, found: String, expected: String },
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// The longest value that is shown in an error.
const MAX_SHOWN: usize = 80;

/// Sets what the file sets.
pub fn read(section: &mut impl Section, bytes: &[u8], file: &Path) -> Result<(), FileError> {
    let place = |line| Place { file: file.to_owned(), line };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        FileError::Syntax { place: place(line(before)), reason: "it is not UTF-8".to_owned() }
    })?;
    let table = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let reason = error.message().replace('\n', ", ");
        FileError::Syntax { place: place(line(text.as_bytes().get(..start).unwrap_or_default())), reason }
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let source = Source { text, file, folder: &std::path::absolute(folder).unwrap_or(folder.to_owned()) };
    Reader::read(&source, String::new(), table.get_ref(), section)
}

struct Source<'a> {
    text: &'a str,
    file: &'a Path,
    folder: &'a Path,
}

/// Looks up each key that a section names, and remembers which there are.
struct Reader<'a> {
    source: &'a Source<'a>,
    /// Where this table is, with a dot at its end, but at the top.
    path: String,
    table: &'a DeTable<'a>,
    keys: Vec<&'static str>,
    sections: Vec<&'static str>,
    /// The first.
    error: Option<FileError>,
}

impl<'a> Reader<'a> {
    fn read(
        source: &'a Source<'a>,
        path: String,
        table: &'a DeTable<'a>,
        section: &mut impl Section,
    ) -> Result<(), FileError> {
        let mut reader = Self { source, path, table, keys: Vec::new(), sections: Vec::new(), error: None };
        section.keys(&mut reader);
        let unknown = reader.unknown();
        reader.error.or(unknown).map_or(Ok(()), Err)
    }

    /// The first in the file. What looks like a section was meant to be one.
    fn unknown(&self) -> Option<FileError> {
        let is_unknown = |name: &str| !self.keys.contains(&name) && !self.sections.contains(&name);
        let unknown = self.table.iter().filter(|(key, _)| is_unknown(key.get_ref()));
        let (key, value) = unknown.min_by_key(|(key, _)| key.span().start)?;
        let names = match value.get_ref() {
            DeValue::Table(_) if !self.sections.is_empty() => &self.sections,
            _ => &self.keys,
        };
        Some(FileError::UnknownKey {
            place: self.source.place(key.span()),
            key: format!("{}{}", self.path, key.get_ref()),
            nearest: format!("{}{}", self.path, nearest(key.get_ref(), names)),
        })
    }

    fn wrong(&mut self, name: &str, span: Range<usize>, expected: &str, example: &str) {
        let found = self.source.text.get(span.clone()).unwrap_or_default();
        let shown: String =
            found.chars().take(MAX_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.error.get_or_insert(FileError::Value {
            place: self.source.place(span),
            key: format!("{}{name}", self.path),
            found: shown,
            expected: format!("{expected}, such as {example}"),
        });
    }
}

impl Keys for Reader<'_> {
    fn key<T: Setting>(&mut self, name: &'static str, _: &'static str, value: &mut T) {
        self.keys.push(name);
        let Some(found) = self.table.get(name) else { return };
        match T::read(found.get_ref(), self.source.folder) {
            Some(read) => *value = read,
            None => self.wrong(name, found.span(), &T::expected(), &T::example()),
        }
    }

    fn section(&mut self, name: &'static str, _: &'static str, section: &mut impl Section) {
        self.sections.push(name);
        let Some(found) = self.table.get(name) else { return };
        match found.get_ref().as_table() {
            Some(table) => {
                let read = Self::read(self.source, format!("{}{name}.", self.path), table, section);
                self.error = self.error.take().or(read.err());
            }
            None => self.wrong(name, found.span(), "a section", "[limits]"),
        }
    }
}

impl Source<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        Place { file: self.file.to_owned(), line: line(before) }
    }
}

/// The line that begins, or goes on, behind these bytes.
fn line(before: &[u8]) -> usize {
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
