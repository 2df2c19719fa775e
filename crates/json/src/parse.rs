use crate::{Error, Reader, Value};

/// How much of a text is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of input.
    pub bytes: usize,
    /// Levels of arrays and objects. VERIFY rule 13: at most 64.
    pub depth: usize,
    /// Values in all, scalars included. What a read may cost in memory is this, times some 60 bytes.
    pub values: usize,
    /// Members of all objects that are open at one place, so also of any one object.
    pub members: usize,
}

impl Limits {
    /// Limits for a text of at most so many bytes: depth 64, members and values bounded by the bytes alone.
    pub const fn of_bytes(bytes: usize) -> Limits {
        Limits { bytes, depth: 64, values: bytes, members: bytes }
    }
}

/// Reads one value that is the whole text.
///
/// # Errors
/// [`Error`], at the first thing that does not fit.
pub fn parse<'a>(input: &'a [u8], limits: &Limits) -> Result<Value<'a>, Error> {
    let mut reader = Reader::new(input, limits)?;
    let value = reader.read()?;
    reader.end()?;
    Ok(value)
}

/// Reads one value off the front of a text, and returns what follows it, without leading white space.
///
/// # Errors
/// [`Error`], at the first thing that does not fit. All of `input` must be UTF-8 and within the limit of bytes; for
/// many values one after another use [`documents`], which checks that once.
pub fn parse_prefix<'a>(input: &'a [u8], limits: &Limits) -> Result<(Value<'a>, &'a [u8]), Error> {
    let mut reader = Reader::new(input, limits)?;
    let value = reader.read()?;
    reader.white_space();
    Ok((value, reader.rest()))
}

/// Checks a text exactly as [`parse`] does, and stores nothing of it but the names of open members.
///
/// # Errors
/// The same as [`parse`].
pub fn check(input: &[u8], limits: &Limits) -> Result<(), Error> {
    let mut reader = Reader::new(input, limits)?;
    reader.skip()?;
    reader.end()
}

/// Reads values one after another, with or without white space between them: JSON lines, and what
/// pretty-printers make of them. `limits` hold for each value, `bytes` also for the whole.
///
/// # Errors
/// If the whole is too long or not UTF-8.
pub fn documents<'a>(input: &'a [u8], bytes: usize, limits: &Limits) -> Result<Documents<'a>, Error> {
    let reader = Reader::new(input, &Limits { bytes, ..*limits })?;
    Ok(Documents { reader, bytes: limits.bytes, failed: false })
}

/// The values of a text, each with the text that it was read from. Ends after the first error.
#[derive(Debug)]
pub struct Documents<'a> {
    reader: Reader<'a>,
    bytes: usize,
    failed: bool,
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<(Value<'a>, &'a str), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.reader.at_end() {
            return None;
        }
        let result = self.document();
        self.failed = result.is_err();
        Some(result)
    }
}

impl<'a> Documents<'a> {
    fn document(&mut self) -> Result<(Value<'a>, &'a str), Error> {
        let start = self.reader.offset();
        self.reader.forget_values();
        let value = self.reader.read()?;
        let text = self.reader.slice(start, self.reader.offset())?;
        if text.len() > self.bytes {
            return Err(Error::TooLong { limit: self.bytes, found: text.len() });
        }
        Ok((value, text))
    }
}

#[cfg(test)]
mod tests;
