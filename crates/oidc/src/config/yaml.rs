//! YAML becomes the same values as JSON: scalars are texts (null aside), anchors and merge keys are resolved.

use saphyr_parser::{Event, Parser, ScalarStyle};
use sealwax_json::{Object, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::DocumentError;

/// Levels of mappings and lists. A configuration has four.
const MAX_DEPTH: usize = 16;

/// Values, those that aliases repeat included: a file that grows by its aliases stops here.
const MAX_VALUES: usize = 50_000;

/// Keys of one mapping: twice as many as there may be issuers.
const MAX_MEMBERS: usize = 2000;

/// A mapping key that takes over another mapping's members (YAML 1.1 merge).
const MERGE: &str = "<<";

pub(super) fn read(text: &str) -> Result<Value<'static>, DocumentError> {
    let text = with_spaces_after_aliases(text);
    let mut reader = Reader { parser: Parser::new_from_str(&text), anchors: BTreeMap::new(), values: 0 };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => return document.ok_or(DocumentError::Empty),
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if document.is_some() => return Err(DocumentError::SeveralDocuments),
            event => document = Some(reader.value(event, 0)?),
        }
    }
}

/// Puts a space before the colon of `*name:` where a line starts with it. In YAML 1.2, which the parser reads, the name of an alias may
/// have a colon; in the YAML 1.1 of Go it may not, and Fulcio's own file has such keys. (A line of a block text that looks like
/// this would get a space too. The only block texts here are PEM.)
fn with_spaces_after_aliases(text: &str) -> Cow<'_, str> {
    let colon = |line: &str| -> Option<usize> {
        let name = line.trim_start_matches(' ').strip_prefix('*')?;
        let length =
            name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_')?;
        let rest = name.get(length..)?.strip_prefix(':')?;
        let ends = rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']);
        (length > 0 && ends).then(|| line.len() - rest.len() - 1)
    };
    if !text.lines().any(|line| colon(line).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut output = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let (before, after) = line.split_at(colon(line).unwrap_or(0));
        output.push_str(before);
        output.push_str(if before.is_empty() { "" } else { " " });
        output.push_str(after);
    }
    Cow::Owned(output)
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, (Value<'static>, usize)>,
    values: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Event<'static>, DocumentError> {
        match self.parser.next_event() {
            None => Ok(Event::StreamEnd),
            Some(Ok((event, _))) => Ok(owned(event)),
            Some(Err(error)) => {
                Err(DocumentError::Yaml { line: error.marker().line(), reason: error.info().to_owned() })
            }
        }
    }

    fn value(&mut self, event: Event<'static>, depth: usize) -> Result<Value<'static>, DocumentError> {
        self.count(1)?;
        if depth > MAX_DEPTH {
            return Err(DocumentError::TooDeep);
        }
        let before = self.values;
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                let (value, size) = self.anchors.get(&anchor).cloned().ok_or(DocumentError::Alias)?;
                self.count(size)?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, _) => (anchor, scalar(text, style)),
            Event::SequenceStart(anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping(depth)?),
            _ => return Err(DocumentError::Empty),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.values - before));
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value<'static>, DocumentError> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(elements)),
                event => elements.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value<'static>, DocumentError> {
        let mut members = BTreeSet::new();
        let mut object: Vec<(String, Value<'static>)> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.value(event, depth + 1)?,
            };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            let Value::String(key) = key else { return Err(DocumentError::Key) };
            if key == MERGE {
                merged.push(value);
                continue;
            }
            if object.len() == MAX_MEMBERS {
                return Err(DocumentError::TooManyValues);
            }
            if !members.insert(key.to_string()) {
                return Err(DocumentError::Duplicate { key: key.into_owned() });
            }
            object.push((key.into_owned(), value));
        }
        for value in merged {
            merge(value, &mut members, &mut object)?;
        }
        let mut result = Object::new();
        for (key, value) in object {
            result.insert(key, value);
        }
        Ok(Value::Object(result))
    }

    fn count(&mut self, values: usize) -> Result<(), DocumentError> {
        self.values += values;
        if self.values > MAX_VALUES { Err(DocumentError::TooManyValues) } else { Ok(()) }
    }
}

/// Members that the mapping does not have itself; of several mappings, the first one's.
fn merge(
    value: Value<'static>,
    members: &mut BTreeSet<String>,
    object: &mut Vec<(String, Value<'static>)>,
) -> Result<(), DocumentError> {
    let sources = match value {
        Value::Array(sources) => sources,
        one => vec![one],
    };
    for source in sources {
        let Value::Object(source) = source else { return Err(DocumentError::Merge) };
        for (key, value) in source.into_members() {
            if members.insert(key.to_string()) && object.len() < MAX_MEMBERS {
                object.push((key.into_owned(), value));
            }
        }
    }
    Ok(())
}

/// The text of a scalar; a plain one may be null. Truth and numbers are left to whoever wants them.
fn scalar(text: Cow<'static, str>, style: ScalarStyle) -> Value<'static> {
    match (&*text, style) {
        ("" | "~" | "null" | "Null" | "NULL", ScalarStyle::Plain) => Value::Null,
        _ => Value::String(text),
    }
}

/// The parser's events borrow from the text, which is about to be thrown away.
fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Nothing => Event::Nothing,
        Event::StreamStart => Event::StreamStart,
        Event::StreamEnd => Event::StreamEnd,
        Event::DocumentStart(explicit) => Event::DocumentStart(explicit),
        Event::DocumentEnd => Event::DocumentEnd,
        Event::Alias(anchor) => Event::Alias(anchor),
        Event::Scalar(text, style, anchor, _) => {
            Event::Scalar(Cow::Owned(text.into_owned()), style, anchor, None)
        }
        Event::SequenceStart(anchor, _) => Event::SequenceStart(anchor, None),
        Event::SequenceEnd => Event::SequenceEnd,
        Event::MappingStart(anchor, _) => Event::MappingStart(anchor, None),
        Event::MappingEnd => Event::MappingEnd,
    }
}
