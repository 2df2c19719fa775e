//! The members of one object of a configuration, taken out by name; what is left at the end is unknown.

use sealwax_json::{Object, Value};

use super::ConfigError;

/// How a file is written, which decides how its keys are spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `OIDCIssuers`, in any case.
    Json,
    /// `oidc-issuers`.
    Yaml,
}

/// An object that is being read.
pub(super) struct Fields {
    syntax: Syntax,
    /// Where it is.
    pub(super) path: String,
    object: Object<'static>,
    /// The keys that have been asked for.
    known: Vec<&'static str>,
}

impl Fields {
    pub(super) fn new(syntax: Syntax, path: String, value: Value<'static>) -> Result<Self, ConfigError> {
        match value {
            Value::Object(object) => Ok(Fields { syntax, path, object, known: Vec::new() }),
            other => Err(wrong_type(named(path), "a mapping", &other)),
        }
    }

    /// The path of a member, spelt as the file spells it.
    pub(super) fn path_of(&self, json: &'static str, yaml: &'static str) -> String {
        self.join(self.spelt(json, yaml))
    }

    /// A text. Empty is the same as missing, as it is for Fulcio.
    pub(super) fn text(
        &mut self,
        json: &'static str,
        yaml: &'static str,
    ) -> Result<Option<String>, ConfigError> {
        match self.take(json, yaml)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.into_owned()).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong_type(self.path_of(json, yaml), "a text", &other)),
        }
    }

    /// True or false; missing is false.
    pub(super) fn boolean(&mut self, json: &'static str, yaml: &'static str) -> Result<bool, ConfigError> {
        match (self.take(json, yaml)?, self.syntax) {
            (None | Some(Value::Null), _) => Ok(false),
            (Some(Value::Bool(value)), _) => Ok(value),
            (Some(Value::String(text)), Syntax::Yaml) if matches!(&*text, "true" | "True" | "TRUE") => {
                Ok(true)
            }
            (Some(Value::String(text)), Syntax::Yaml) if matches!(&*text, "false" | "False" | "FALSE") => {
                Ok(false)
            }
            (Some(other), _) => Err(wrong_type(self.path_of(json, yaml), "true or false", &other)),
        }
    }

    /// An object of objects, in the order of the file.
    pub(super) fn mapping(
        &mut self,
        json: &'static str,
        yaml: &'static str,
    ) -> Result<Vec<(String, Fields)>, ConfigError> {
        let Some(inner) = self.object(json, yaml)? else { return Ok(Vec::new()) };
        let path = inner.path;
        let fields = |(key, value): (std::borrow::Cow<'static, str>, Value<'static>)| {
            let fields = Fields::new(self.syntax, format!("{path}.{key:?}"), value)?;
            Ok((key.into_owned(), fields))
        };
        inner.object.into_members().into_iter().map(fields).collect()
    }

    /// An object whose keys are free and whose values are texts.
    pub(super) fn texts(
        &mut self,
        json: &'static str,
        yaml: &'static str,
    ) -> Result<Vec<(String, String)>, ConfigError> {
        let Some(inner) = self.object(json, yaml)? else { return Ok(Vec::new()) };
        let path = inner.path;
        let text = |(key, value): (std::borrow::Cow<'static, str>, Value<'static>)| match value {
            Value::String(text) => Ok((key.into_owned(), text.into_owned())),
            Value::Null => Ok((key.into_owned(), String::new())),
            other => Err(wrong_type(format!("{path}.{key:?}"), "a text", &other)),
        };
        inner.object.into_members().into_iter().map(text).collect()
    }

    /// An object.
    pub(super) fn object(
        &mut self,
        json: &'static str,
        yaml: &'static str,
    ) -> Result<Option<Fields>, ConfigError> {
        let path = self.path_of(json, yaml);
        match self.take(json, yaml)? {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Fields::new(self.syntax, path, value).map(Some),
        }
    }

    /// Does not look at that member.
    pub(super) fn skip(&mut self, key: &str) {
        self.object.remove(key);
    }

    /// Ends the reading: what has not been asked for is unknown.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let Some((key, _)) = self.object.iter().next() else { return Ok(()) };
        Err(ConfigError::UnknownKey { path: self.join(key), nearest: nearest(key, &self.known) })
    }

    fn take(
        &mut self,
        json: &'static str,
        yaml: &'static str,
    ) -> Result<Option<Value<'static>>, ConfigError> {
        let key = self.spelt(json, yaml);
        self.known.push(key);
        if self.syntax == Syntax::Yaml {
            return Ok(self.object.remove(key));
        }
        let spelt = self.object.iter().filter(|(found, _)| found.eq_ignore_ascii_case(key));
        let spellings: Vec<String> = spelt.map(|(found, _)| found.to_owned()).collect();
        match spellings.as_slice() {
            [] => Ok(None),
            [found] => Ok(self.object.remove(found)),
            _ => Err(ConfigError::Duplicate { path: self.join(key) }),
        }
    }

    fn spelt(&self, json: &'static str, yaml: &'static str) -> &'static str {
        match self.syntax {
            Syntax::Json => json,
            Syntax::Yaml => yaml,
        }
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn named(path: String) -> String {
    if path.is_empty() { "the configuration".to_owned() } else { path }
}

fn wrong_type(path: String, expected: &'static str, found: &Value<'_>) -> ConfigError {
    ConfigError::Type { path, expected, found: found.kind().name() }
}

/// The candidate that takes the fewest changed, added and dropped letters, whatever their case: what was probably meant.
#[must_use]
pub fn nearest(word: &str, candidates: &[&'static str]) -> &'static str {
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    candidates.iter().copied().min_by_key(|candidate| distance(&word, candidate)).unwrap_or_default()
}

fn distance(word: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (row_number, letter) in candidate.chars().flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = row_number;
        let mut left = row_number + 1;
        let mut next = vec![left];
        for (other, above) in word.iter().zip(row.iter().skip(1)) {
            let changed = diagonal + usize::from(*other != letter);
            left = changed.min(left + 1).min(above + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let check = |a: &str, b: &str, expected| {
            assert_eq!(distance(&a.chars().collect::<Vec<_>>(), b), expected, "{a} {b}");
        };
        check("", "", 0);
        check("abc", "", 3);
        check("", "abc", 3);
        check("kitten", "sitting", 3);
        check("clientid", "client-id", 1);
        check("flaw", "lawn", 2);
    }

    #[test]
    fn the_nearest_key_is_named() {
        let keys = ["issuer-url", "client-id", "type", "ci-provider"];
        for (word, expected) in
            [("clientid", "client-id"), ("ClientID", "client-id"), ("typ", "type"), ("issuer", "issuer-url")]
        {
            assert_eq!(nearest(word, &keys), expected);
        }
    }
}
