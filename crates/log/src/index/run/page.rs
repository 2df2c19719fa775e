use super::{Span, layout};

/// A page of the file system and of the cache: one read.
pub(super) const BYTES: usize = 4096;

/// Fingerprint and number of the leaf in its span.
const RECORD_BYTES: usize = 8 + 4;

const BODY_BYTES: usize = RECORDS * RECORD_BYTES;

/// What fits beside the checksum.
pub(super) const RECORDS: usize = (BYTES - 4) / RECORD_BYTES;

const _: () = assert!(BODY_BYTES + 4 == BYTES);

/// Makes checksums of pages, and of the lines of a filter, which are numbered after them. They cover where the part belongs,
/// so that one in the wrong place does not pass, nor one of zeros.
#[derive(Clone, Debug)]
pub(super) struct Seal(crc32fast::Hasher);

impl Seal {
    pub(super) fn new(span: Span) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&layout::head_of(span));
        Self(hasher)
    }

    pub(super) fn checksum(&self, number: u64, body: &[u8]) -> [u8; 4] {
        let mut hasher = self.0.clone();
        hasher.update(&number.to_be_bytes());
        hasher.update(body);
        hasher.finalize().to_be_bytes()
    }

    /// Closes the body of a page with its checksum.
    pub(super) fn close(&self, number: u64, body: &mut Vec<u8>) {
        body.resize(BODY_BYTES, 0);
        body.extend_from_slice(&self.checksum(number, body));
    }

    /// The records of a page, if the checksum is right.
    pub(super) fn open<'p>(
        &self,
        number: u64,
        span: Span,
        page: &'p [u8],
    ) -> Option<&'p [[u8; RECORD_BYTES]]> {
        let (body, checksum) = page.split_at_checked(BODY_BYTES)?;
        (checksum == self.checksum(number, body)).then_some(())?;
        body.as_chunks().0.get(..span.records_in(number))
    }
}

/// A page whose checksum was right.
pub(super) struct Page {
    bytes: [u8; BYTES],
    records: usize,
}

impl Page {
    pub(super) fn open(bytes: [u8; BYTES], seal: &Seal, number: u64, span: Span) -> Option<Self> {
        let records = seal.open(number, span, &bytes)?.len();
        Some(Self { bytes, records })
    }

    /// The records with this fingerprint.
    pub(super) fn equal_range(&self, fingerprint: u64) -> impl Iterator<Item = (u64, u32)> {
        let records = self.bytes.as_chunks().0.get(..self.records).unwrap_or_default();
        let from = records.partition_point(|record| decode(record).0 < fingerprint);
        records.iter().skip(from).map(decode).take_while(move |record| record.0 == fingerprint)
    }
}

pub(super) fn decode(&[a, b, c, d, e, f, g, h, i, j, k, l]: &[u8; RECORD_BYTES]) -> (u64, u32) {
    (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u32::from_be_bytes([i, j, k, l]))
}

pub(super) fn encode((fingerprint, offset): (u64, u32), body: &mut Vec<u8>) {
    body.extend_from_slice(&fingerprint.to_be_bytes());
    body.extend_from_slice(&offset.to_be_bytes());
}
