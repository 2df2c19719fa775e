//! Lists of checksums, as `sha256sum`, `sha384sum` and `sha512sum` write them.

use sealwax_crypto::{Digest, HashAlgorithm};

/// Subjects of one statement, as verifiers read them.
const MAX_LINES: usize = 100_000;

/// Why a list is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    /// Not text.
    #[error("it is not text")]
    Encoding,
    /// Too long.
    #[error("it has more than {MAX_LINES} lines")]
    TooMany,
    /// A line that is something else.
    #[error("line {number} is not a digest in hexadecimal, two characters and a name")]
    Line {
        /// Which, from 1.
        number: usize,
    },
}

/// Names and digests, in their order. Blank lines are passed over.
pub fn parse(bytes: &[u8]) -> Result<Vec<(String, Digest)>, ChecksumError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ChecksumError::Encoding)?;
    let mut subjects = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.is_empty() {
            continue;
        }
        if subjects.len() == MAX_LINES {
            return Err(ChecksumError::TooMany);
        }
        subjects.push(read(line).ok_or(ChecksumError::Line { number })?);
    }
    Ok(subjects)
}

/// Digest, a space, a space or an asterisk, name. A name that had to be escaped is not read.
fn read(line: &str) -> Option<(String, Digest)> {
    let (hex, rest) = line.split_once(' ')?;
    let name = rest.strip_prefix([' ', '*'])?;
    let fits = |algorithm: &&HashAlgorithm| algorithm.output_len() * 2 == hex.len();
    let algorithm = HashAlgorithm::ALL.iter().find(fits)?;
    let digest = Digest::from_hex(*algorithm, hex).ok()?;
    Some((name.to_owned(), digest)).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_tools_write_them() {
        let (one, other) = ("ab".repeat(32), "cd".repeat(64));
        let read = parse(format!("{one}  a b\n\n{other} *c\n").as_bytes()).unwrap();
        assert_eq!(read[0], ("a b".to_owned(), format!("sha256:{one}").parse().unwrap()));
        assert_eq!(read[1], ("c".to_owned(), format!("sha512:{other}").parse().unwrap()));
        for bad in [format!("{one} a"), format!("{one}  "), "zz  a".to_owned(), format!("\\{one}  a\\nb")] {
            assert_eq!(parse(bad.as_bytes()), Err(ChecksumError::Line { number: 1 }), "{bad}");
        }
        assert_eq!(parse(&[0xff]), Err(ChecksumError::Encoding));
    }
}
