use crate::text::{EscapeError, escape, plain_prefix, unescape};
use crate::{Error, Kind, Limits, Number, Object, Value};
use std::borrow::Cow;

/// Walks a text value by value. For a caller that knows what it wants of a large text and skips the rest.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    limits: Limits,
    depth: usize,
    values: usize,
    /// The names of all objects that are open, innermost last.
    names: Vec<Cow<'a, str>>,
}

/// Up to so many names are compared one by one, and more by sorting when the object ends.
const FEW_NAMES: usize = 16;

impl<'a> Reader<'a> {
    /// Starts at the front of `input`.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::NotUtf8`].
    pub fn new(input: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        if input.len() > limits.bytes {
            return Err(Error::TooLong { limit: limits.bytes, found: input.len() });
        }
        let text = utf8(input)?;
        Ok(Reader { text, at: 0, limits: *limits, depth: 0, values: 0, names: Vec::with_capacity(16) })
    }

    /// Reads the next value into memory.
    ///
    /// # Errors
    /// [`Error`], at the first thing that does not fit; so for all methods here.
    pub fn read(&mut self) -> Result<Value<'a>, Error> {
        Ok(match self.kind()? {
            Kind::Object => {
                let mut members = Vec::new();
                self.members(|name, reader| {
                    members.push((name, reader.read()?));
                    Ok::<(), Error>(())
                })?;
                Value::Object(Object::from_distinct(members))
            }
            Kind::Array => {
                let mut elements = Vec::new();
                self.elements(|reader| {
                    elements.push(reader.read()?);
                    Ok::<(), Error>(())
                })?;
                Value::Array(elements)
            }
            Kind::String => Value::String(self.string()?),
            Kind::Number => {
                self.count()?;
                Value::Number(self.number()?)
            }
            Kind::Bool | Kind::Null => {
                self.count()?;
                self.word()?
            }
        })
    }

    /// Checks the next value as [`Reader::read`] would, stores nothing of it, and returns its text.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn skip(&mut self) -> Result<&'a str, Error> {
        let kind = self.kind()?;
        let start = self.at;
        match kind {
            Kind::Object => self.members(|_, reader| reader.skip().map(drop))?,
            Kind::Array => self.elements(|reader| reader.skip().map(drop))?,
            Kind::String => {
                self.count()?;
                self.raw_string()?;
            }
            Kind::Number => {
                self.count()?;
                self.number()?;
            }
            Kind::Bool | Kind::Null => {
                self.count()?;
                self.word()?;
            }
        }
        self.slice(start, self.at)
    }

    /// Reads the next value, which must be a string.
    ///
    /// # Errors
    /// [`Error::Unexpected`] if it is something else; otherwise as [`Reader::read`].
    pub fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.white_space();
        self.count()?;
        let (raw, escaped) = self.raw_string()?;
        Ok(if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) })
    }

    /// Walks an object: `member` is called with each name, and must read or skip exactly one value.
    ///
    /// # Errors
    /// [`Error::Unexpected`] if the next value is no object, [`Error::Duplicate`]; what `member` returns.
    pub fn members<E: From<Error>>(
        &mut self,
        mut member: impl FnMut(Cow<'a, str>, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'{', "an object")?;
        let first = self.names.len();
        if !self.closes(b'}') {
            loop {
                self.white_space();
                let (raw, escaped) = self.raw_string()?;
                let name = if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) };
                self.name(first, name.clone())?;
                self.white_space();
                self.expect(b':', "a colon")?;
                member(name, self)?;
                if !self.comma_or(b'}', "a comma or the end of the object")? {
                    break;
                }
            }
        }
        self.distinct(first)?;
        self.names.truncate(first);
        self.depth -= 1;
        Ok(())
    }

    /// Walks an array: `element` is called once for each, and must read or skip exactly one value.
    ///
    /// # Errors
    /// [`Error::Unexpected`] if the next value is no array; what `element` returns.
    pub fn elements<E: From<Error>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'[', "an array")?;
        if !self.closes(b']') {
            loop {
                element(self)?;
                if !self.comma_or(b']', "a comma or the end of the array")? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// What the next value is, by its first character.
    ///
    /// # Errors
    /// [`Error::UnexpectedEnd`], [`Error::Unexpected`].
    pub fn kind(&mut self) -> Result<Kind, Error> {
        self.white_space();
        match self.peek() {
            None => Err(Error::UnexpectedEnd),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(found) => Err(Error::Unexpected { offset: self.at, found, expected: "a value" }),
        }
    }

    /// Makes sure that nothing but white space is left.
    ///
    /// # Errors
    /// [`Error::TrailingData`].
    pub fn end(&mut self) -> Result<(), Error> {
        if self.at_end() { Ok(()) } else { Err(Error::TrailingData { offset: self.at }) }
    }

    /// Whether nothing but white space is left.
    pub fn at_end(&mut self) -> bool {
        self.white_space();
        self.at >= self.text.len()
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Starts to count values anew, for the next of several documents in one text.
    pub(crate) fn forget_values(&mut self) {
        self.values = 0;
    }

    /// The bytes that have not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> Result<&'a str, Error> {
        // Both ends are ASCII characters of the grammar, so this is always a boundary.
        self.text.get(start..end).ok_or(Error::NotUtf8 { offset: start })
    }

    pub(crate) fn white_space(&mut self) {
        let blank = |b: &&u8| matches!(b, b' ' | b'\n' | b'\r' | b'\t');
        self.at += self.rest().iter().take_while(blank).count();
    }

    fn expect(&mut self, wanted: u8, expected: &'static str) -> Result<(), Error> {
        match self.peek() {
            Some(found) if found == wanted => {
                self.at += 1;
                Ok(())
            }
            Some(found) => Err(Error::Unexpected { offset: self.at, found, expected }),
            None => Err(Error::UnexpectedEnd),
        }
    }

    fn count(&mut self) -> Result<(), Error> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Error::TooManyValues { limit: self.limits.values, offset: self.at });
        }
        Ok(())
    }

    fn open(&mut self, bracket: u8, expected: &'static str) -> Result<(), Error> {
        self.white_space();
        self.count()?;
        if self.depth >= self.limits.depth {
            return Err(Error::TooDeep { limit: self.limits.depth, offset: self.at });
        }
        self.expect(bracket, expected)?;
        self.depth += 1;
        Ok(())
    }

    fn closes(&mut self, bracket: u8) -> bool {
        self.white_space();
        let closed = self.peek() == Some(bracket);
        self.at += usize::from(closed);
        closed
    }

    /// True after a comma, false after the closing bracket.
    fn comma_or(&mut self, bracket: u8, expected: &'static str) -> Result<bool, Error> {
        self.white_space();
        if self.peek() == Some(b',') {
            self.at += 1;
            return Ok(true);
        }
        self.expect(bracket, expected)?;
        Ok(false)
    }

    fn name(&mut self, first: usize, name: Cow<'a, str>) -> Result<(), Error> {
        if self.names.len() >= self.limits.members {
            return Err(Error::TooManyMembers { limit: self.limits.members, offset: self.at });
        }
        let siblings = self.names.get(first..).unwrap_or_default();
        if siblings.len() < FEW_NAMES && siblings.contains(&name) {
            return Err(Error::Duplicate { name: cut(&name), offset: self.at });
        }
        self.names.push(name);
        Ok(())
    }

    fn distinct(&mut self, first: usize) -> Result<(), Error> {
        let siblings = self.names.get_mut(first..).unwrap_or_default();
        if siblings.len() <= FEW_NAMES {
            return Ok(());
        }
        siblings.sort_unstable();
        match siblings.array_windows::<2>().find(|[a, b]| a == b) {
            None => Ok(()),
            Some([name, _]) => Err(Error::Duplicate { name: cut(name), offset: self.at }),
        }
    }

    /// The text between two quotes, and whether it has escapes, which have been checked.
    fn raw_string(&mut self) -> Result<(&'a str, bool), Error> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_prefix(self.rest());
            match self.peek() {
                None => return Err(Error::UnexpectedEnd),
                Some(b'"') => {
                    let raw = self.slice(start, self.at)?;
                    self.at += 1;
                    return Ok((raw, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1 + self.escape_length()?;
                }
                Some(_) => return Err(Error::ControlCharacter { offset: self.at }),
            }
        }
    }

    fn escape_length(&self) -> Result<usize, Error> {
        let offset = self.at;
        match escape(self.rest().get(1..).unwrap_or_default()) {
            Ok((_, length)) => Ok(length),
            Err(EscapeError::End) => Err(Error::UnexpectedEnd),
            Err(EscapeError::Unknown) => Err(Error::BadEscape { offset }),
            Err(EscapeError::LoneSurrogate) => Err(Error::LoneSurrogate { offset }),
        }
    }

    fn number(&mut self) -> Result<Number, Error> {
        let start = self.at;
        let bad = Error::BadNumber { offset: start };
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return Err(bad);
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err(bad);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(bad);
            }
        }
        let text = self.slice(start, self.at)?;
        Number::from_text(text, integer).ok_or(Error::NumberOutOfRange { offset: start })
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self) -> Result<Value<'a>, Error> {
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if self.rest().starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        let found = self.peek().ok_or(Error::UnexpectedEnd)?;
        Err(Error::Unexpected { offset: self.at, found, expected: "true, false or null" })
    }
}

/// Good text is seen to be so sooner; only of bad text anybody asks where.
fn utf8(input: &[u8]) -> Result<&str, Error> {
    simdutf8::basic::from_utf8(input)
        .or_else(|_| std::str::from_utf8(input).map_err(|e| Error::NotUtf8 { offset: e.valid_up_to() }))
}

fn cut(name: &str) -> String {
    name.get(..name.floor_char_boundary(128)).unwrap_or_default().to_owned()
}
