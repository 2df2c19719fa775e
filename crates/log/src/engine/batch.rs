//! A staged batch: the entries of one round, with what is needed to roll the round forward.

use bytes::Bytes;
use sealwax_crypto::sha256;

/// The most that is staged in one round, in bytes, before what one more entry adds (LOG rule 2).
pub(crate) const MAX_BATCH_BYTES: usize = 8 << 20;

/// The first bytes: which format this is.
const MAGIC: &[u8; 16] = b"sealwax-batch/1\n";

/// The entries `start..start + records.len()` of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Index of the first entry.
    pub(crate) start: u64,
    /// Name of the batch before this one; `None` if this is the first.
    pub(crate) previous: Option<String>,
    /// The entries as they stand in an entry bundle.
    pub(crate) records: Vec<Bytes>,
}

/// What was read is not a batch that was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a staged batch is damaged")]
pub struct BatchError;

impl Batch {
    /// Index after the last entry.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.records.len() as u64
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let payload: usize = self.records.iter().map(|record| record.len() + 4).sum();
        let mut out = Vec::with_capacity(payload + 256);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.start.to_be_bytes());
        put(&mut out, self.previous.as_deref().unwrap_or_default().as_bytes());
        self.records.iter().for_each(|record| put(&mut out, record));
        let sum = sha256(&out);
        out.extend_from_slice(&sum);
        out.into()
    }

    pub(crate) fn parse(bytes: &Bytes) -> Result<Self, BatchError> {
        let (body, sum) = bytes.split_last_chunk::<32>().ok_or(BatchError)?;
        let mut rest = body.strip_prefix(MAGIC).filter(|_| sha256(body) == *sum).ok_or(BatchError)?;
        let (start, after) = rest.split_first_chunk::<8>().ok_or(BatchError)?;
        rest = after;
        let previous = take(&mut rest).ok_or(BatchError)?;
        let previous = std::str::from_utf8(previous).map_err(|_| BatchError)?;
        let mut records = Vec::new();
        while !rest.is_empty() {
            records.push(bytes.slice_ref(take(&mut rest).ok_or(BatchError)?));
        }
        let previous = (!previous.is_empty()).then(|| previous.to_owned());
        Ok(Self { start: u64::from_be_bytes(*start), previous, records })
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (bytes, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_written_and_no_byte_can_change() {
        let records = vec![Bytes::from_static(b"one"), Bytes::new(), Bytes::from_static(b"three")];
        let batch = Batch { start: 255, previous: Some("staged/x".to_owned()), records };
        let bytes = batch.to_bytes();
        assert_eq!(Batch::parse(&bytes).unwrap(), batch);
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert_eq!(Batch::parse(&changed.into()), Err(BatchError));
            assert_eq!(Batch::parse(&bytes.slice(..at)), Err(BatchError));
        }
    }
}
