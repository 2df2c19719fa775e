//! The bytes of a segment of the write-ahead file: a header, then frames without gaps, then zeros.
//!
//! All integers are little-endian, all digests the first 16 bytes of a SHA-256.
//!
//! ```text
//! header  magic "swx-wal\x01" · number u64 · previous u64 · previous_end u64 · first_sequence u64 · salt [16] · digest
//! frame   magic "swx-frm\x01" · sequence u64 · lock length u32 · body length u32 · digest of the body
//!         lock value · digest of all before (with the salt)
//!         body: { name length u16 · value length u32 · name · value }…
//! ```
//!
//! The digest of a header covers the header. Those of a frame begin with the salt of the segment: the values are chosen
//! by strangers, who could otherwise write a frame into an entry, to be taken for one when a crash has torn the frame
//! around it. They cannot guess the salt, which depends on a lock value, and that on a random writer id.

use crate::{Bytes, name};
use sealwax_crypto::{HashAlgorithm, Hasher};

/// The longest lock value, bytes. The engine writes less than 2 KiB.
pub(crate) const LOCK_VALUE_MAX: usize = 16 << 10;

/// The longest body, bytes: several batches of the default limit of 8 MiB, and nothing that memory could not hold.
pub(crate) const BODY_MAX: usize = 64 << 20;

/// The version of the format, the last byte of each magic.
pub(crate) const VERSION: u8 = 1;

pub(crate) const HEADER_LENGTH: usize = 8 + 4 * 8 + 2 * DIGEST_LENGTH;
const HEADER_MAGIC: [u8; 8] = *b"swx-wal\x01";
pub(crate) const FRAME_MAGIC: [u8; 8] = *b"swx-frm\x01";
pub(crate) const PREFIX_LENGTH: usize = 8 + 8 + 4 + 4 + DIGEST_LENGTH;
const DIGEST_LENGTH: usize = 16;

/// What an entry of a body costs beside its name and value.
const ENTRY_OVERHEAD: usize = 6;

type Digest = [u8; DIGEST_LENGTH];

/// What a segment says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Its number, which is also its name. From 1.
    pub(crate) number: u64,
    /// The segment before it, 0 if there was none.
    pub(crate) previous: u64,
    /// Where the frames of that one end: what follows there is torn, and void.
    pub(crate) previous_end: u64,
    /// The sequence number of its first frame.
    pub(crate) first_sequence: u64,
    /// Goes into the digests of its frames.
    pub(crate) salt: [u8; DIGEST_LENGTH],
}

/// What is in front of a frame and says how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) sequence: u64,
    pub(crate) lock_length: usize,
    pub(crate) body_length: usize,
    body_digest: Digest,
}

/// One swap of the lock value, and what was staged before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    pub(crate) lock: Bytes,
    pub(crate) staged: Vec<(String, Bytes)>,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = HEADER_MAGIC.to_vec();
        for number in [self.number, self.previous, self.previous_end, self.first_sequence] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.salt);
        bytes.extend(digest(&[&bytes]));
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = covered(bytes)?.strip_prefix(&HEADER_MAGIC)?;
        let (number, rest) = take_u64(rest)?;
        let (previous, rest) = take_u64(rest)?;
        let (previous_end, rest) = take_u64(rest)?;
        let (first_sequence, rest) = take_u64(rest)?;
        Some(Self { number, previous, previous_end, first_sequence, salt: rest.try_into().ok()? })
    }
}

/// The version of a header that is whole and of a later format: a changed byte does not look like one.
pub(crate) fn newer(bytes: &[u8]) -> Option<u8> {
    let [name @ .., _] = HEADER_MAGIC;
    let version = *covered(bytes)?.strip_prefix(&name)?.first()?;
    (version > VERSION).then_some(version)
}

/// What the digest of a header covers, if it fits.
fn covered(bytes: &[u8]) -> Option<&[u8]> {
    let (covered, found) = bytes.split_last_chunk::<DIGEST_LENGTH>()?;
    (bytes.len() == HEADER_LENGTH && *found == digest(&[covered])).then_some(covered)
}

/// Derives the salt of a segment.
pub(crate) fn salt(number: u64, lock: &[u8]) -> [u8; DIGEST_LENGTH] {
    digest(&[&number.to_le_bytes(), lock])
}

impl Prefix {
    /// Believes nothing but the magic and the limits.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&FRAME_MAGIC)?;
        let (sequence, rest) = take_u64(rest)?;
        let (lock_length, rest) = take_u32(rest)?;
        let (body_length, rest) = take_u32(rest)?;
        let (body_digest, []) = rest.split_first_chunk::<DIGEST_LENGTH>()? else { return None };
        let lock_length = Some(lock_length).filter(|length| *length <= LOCK_VALUE_MAX)?;
        let body_length = Some(body_length).filter(|length| *length <= BODY_MAX)?;
        Some(Self { sequence, lock_length, body_length, body_digest: *body_digest })
    }

    /// The length of what comes before the body.
    pub(crate) fn head_length(&self) -> usize {
        PREFIX_LENGTH + self.lock_length + DIGEST_LENGTH
    }

    pub(crate) fn frame_length(&self) -> usize {
        self.head_length() + self.body_length
    }

    /// The lock value, if the head is whole.
    pub(crate) fn lock<'a>(&self, head: &'a [u8], salt: &[u8]) -> Option<&'a [u8]> {
        let (covered, found) = head.split_last_chunk::<DIGEST_LENGTH>()?;
        if head.len() != self.head_length() || *found != digest(&[salt, covered]) {
            return None;
        }
        covered.get(PREFIX_LENGTH..)
    }
}

impl Frame {
    /// How many bytes it takes; `None` if it exceeds a limit.
    pub(crate) fn length(&self) -> Option<u64> {
        let body_length = self.body_length();
        if self.lock.len() > LOCK_VALUE_MAX || body_length > BODY_MAX {
            return None;
        }
        u64::try_from(PREFIX_LENGTH + self.lock.len() + DIGEST_LENGTH + body_length).ok()
    }

    fn body_length(&self) -> usize {
        self.staged.iter().map(|(name, value)| entry_length(name, value)).sum()
    }

    /// `None` if it exceeds a limit.
    pub(crate) fn encode(&self, salt: &[u8]) -> Option<Vec<u8>> {
        self.length()?;
        let mut body = Vec::with_capacity(self.body_length());
        for (name, value) in &self.staged {
            body.extend(u16::try_from(name.len()).ok()?.to_le_bytes());
            body.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
            body.extend(name.as_bytes());
            body.extend(&value[..]);
        }
        let mut bytes = Vec::with_capacity(PREFIX_LENGTH + self.lock.len() + DIGEST_LENGTH + body.len());
        bytes.extend(FRAME_MAGIC);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(u32::try_from(self.lock.len()).ok()?.to_le_bytes());
        bytes.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
        bytes.extend(digest(&[salt, &body]));
        bytes.extend(&self.lock[..]);
        bytes.extend(digest(&[salt, &bytes]));
        bytes.extend(body);
        Some(bytes)
    }

    /// A whole frame, and nothing else.
    pub(crate) fn decode(bytes: &Bytes, salt: &[u8]) -> Option<Self> {
        let prefix = Prefix::decode(bytes.get(..PREFIX_LENGTH)?)?;
        let (head, body) = bytes.split_at_checked(prefix.head_length())?;
        let lock = bytes.slice_ref(prefix.lock(head, salt)?);
        if body.len() != prefix.body_length || digest(&[salt, body]) != prefix.body_digest {
            return None;
        }
        Some(Self { sequence: prefix.sequence, lock, staged: decode_body(bytes, body)? })
    }
}

/// What a staged object takes of a body, bytes.
pub(crate) fn entry_length(name: &str, value: &[u8]) -> usize {
    ENTRY_OVERHEAD + name.len() + value.len()
}

fn decode_body(frame: &Bytes, mut body: &[u8]) -> Option<Vec<(String, Bytes)>> {
    let mut staged = Vec::new();
    while !body.is_empty() {
        let (name_length, rest) = body.split_first_chunk::<2>()?;
        let (value_length, rest) = take_u32(rest)?;
        let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*name_length).into())?;
        let (value, rest) = rest.split_at_checked(value_length)?;
        let name = std::str::from_utf8(name).ok().filter(|name| name::is_good(name))?;
        staged.push((name.to_owned(), frame.slice_ref(value)));
        body = rest;
    }
    Some(staged)
}

fn digest(parts: &[&[u8]]) -> Digest {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    for part in parts {
        hasher.update(part);
    }
    let mut short = Digest::default();
    short.iter_mut().zip(hasher.finish().as_bytes()).for_each(|(to, from)| *to = *from);
    short
}

fn take_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*number), rest))
}

fn take_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { number: 7, previous: 6, previous_end: 1234, first_sequence: 99, salt: salt(7, b"lock") }
    }

    fn frame() -> Frame {
        let staged = vec![("staged/a".to_owned(), "one".into()), ("staged/b".to_owned(), Bytes::new())];
        Frame { sequence: 99, lock: "the lock value".into(), staged }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = header().encode();
        assert_eq!(bytes.len(), HEADER_LENGTH);
        assert_eq!(Header::decode(&bytes), Some(header()));
        let bytes = frame().encode(&header().salt).unwrap();
        assert_eq!(Prefix::decode(&bytes[..PREFIX_LENGTH]).unwrap().frame_length(), bytes.len());
        assert_eq!(Frame::decode(&bytes.into(), &header().salt), Some(frame()));
    }

    #[test]
    fn no_changed_bit_no_missing_and_no_added_byte_goes_unseen() {
        let header_bytes = header().encode();
        let frame_bytes = frame().encode(&header().salt).unwrap();
        assert_eq!(frame().length(), Some(frame_bytes.len() as u64));
        for (bytes, is_header) in [(header_bytes, true), (frame_bytes, false)] {
            let is_read = |bytes: Vec<u8>| match is_header {
                true => Header::decode(&bytes).is_some(),
                false => Frame::decode(&bytes.into(), &header().salt).is_some(),
            };
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!is_read(changed), "bit {bit}");
            }
            for length in 0..bytes.len() {
                assert!(!is_read(bytes[..length].to_vec()), "{length} bytes");
            }
            assert!(!is_read([&bytes[..], &[0]].concat()));
            assert!(is_read(bytes));
        }
    }

    #[test]
    fn a_newer_header_is_known_by_its_version_and_a_damaged_one_is_not_newer() {
        let with_version = |version, digested: bool| {
            let mut bytes = header().encode();
            bytes[7] = version;
            if digested {
                let covered = HEADER_LENGTH - DIGEST_LENGTH;
                let fits = digest(&[&bytes[..covered]]);
                bytes[covered..].copy_from_slice(&fits);
            }
            bytes
        };
        assert_eq!((newer(&with_version(2, true)), Header::decode(&with_version(2, true))), (Some(2), None));
        for bytes in [with_version(2, false), with_version(1, true), with_version(0, true), vec![0; 8]] {
            assert_eq!(newer(&bytes), None);
        }
    }

    #[test]
    fn a_frame_belongs_to_its_segment() {
        let bytes = frame().encode(&header().salt).unwrap();
        assert_eq!(Frame::decode(&bytes.into(), &salt(8, b"lock")), None);
    }

    #[test]
    fn limits_hold_when_writing_and_when_reading() {
        let lock = Bytes::from(vec![0; LOCK_VALUE_MAX + 1]);
        assert!(Frame { lock, ..frame() }.encode(&[]).is_none());
        let staged = vec![("a".to_owned(), Bytes::from(vec![0; BODY_MAX]))];
        assert!(Frame { staged, ..frame() }.encode(&[]).is_none());
        let mut prefix = frame().encode(&[]).unwrap()[..PREFIX_LENGTH].to_vec();
        prefix[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Prefix::decode(&prefix), None);
        prefix[16..24].copy_from_slice(&[0, 0, 0, 0, 255, 255, 255, 255]);
        assert_eq!(Prefix::decode(&prefix), None);
    }
}
