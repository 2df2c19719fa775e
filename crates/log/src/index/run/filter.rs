/// A Bloom filter in blocks of 32 bytes, one bit in each of eight words (the "split block" filter of Apache Parquet): one
/// cache line for each question. At ten bits per leaf some 1 % of what is not there looks as if it were, and costs a
/// read.
///
/// The block is chosen by the high bits of the fingerprint, so a run, which is sorted, fills them one after the other.
#[derive(Debug)]
pub(super) struct Filter(Vec<Block>);

type Block = [u32; 8];

const BLOCK_BYTES: usize = 32;
const BITS_PER_LEAF: u64 = 10;

/// Odd numbers; each makes another bit of the same 32.
const SALTS: Block =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

fn blocks_for(leaves: u64) -> u64 {
    (leaves * BITS_PER_LEAF).div_ceil(BLOCK_BYTES as u64 * 8)
}

/// How long the filter of a run is.
pub(super) fn bytes_for(leaves: u64) -> u64 {
    blocks_for(leaves) * BLOCK_BYTES as u64
}

impl Filter {
    pub(super) fn for_leaves(leaves: u64) -> Self {
        Self(vec![Block::default(); usize::try_from(blocks_for(leaves)).unwrap_or_default()])
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let word = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
        let block = |block: &[u8; BLOCK_BYTES]| {
            let mut words = block.as_chunks().0.iter().map(word);
            Block::default().map(|_| words.next().unwrap_or_default())
        };
        Self(bytes.as_chunks().0.iter().map(block).collect())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().flat_map(|word| word.to_be_bytes()).collect()
    }

    pub(super) fn insert(&mut self, fingerprint: u64) {
        let at = self.position(fingerprint);
        if let Some(block) = self.0.get_mut(at) {
            for (word, bit) in block.iter_mut().zip(bits(fingerprint)) {
                *word |= bit;
            }
        }
    }

    /// `false` only for what was never inserted.
    pub(super) fn may_contain(&self, fingerprint: u64) -> bool {
        let Some(block) = self.0.get(self.position(fingerprint)) else { return true };
        block.iter().zip(bits(fingerprint)).all(|(word, bit)| word & bit != 0)
    }

    fn position(&self, fingerprint: u64) -> usize {
        let scaled = (u128::from(fingerprint) * self.0.len() as u128) >> 64;
        usize::try_from(scaled).unwrap_or(usize::MAX)
    }
}

/// One bit for each word, from the low half of the fingerprint.
fn bits(fingerprint: u64) -> Block {
    let [.., a, b, c, d] = fingerprint.to_be_bytes();
    let low = u32::from_be_bytes([a, b, c, d]);
    SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 27))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Well spread numbers that repeat themselves in every run of the test.
    fn spread(number: u64) -> u64 {
        let mixed = (number ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    #[test]
    fn nothing_is_missed_and_little_is_invented() {
        let mut filter = Filter::for_leaves(10_000);
        (0..10_000).for_each(|leaf| filter.insert(spread(leaf)));
        let read = Filter::from_bytes(&filter.to_bytes());
        assert_eq!(read.0, filter.0);
        assert!((0..10_000).all(|leaf| read.may_contain(spread(leaf))));
        let invented = (10_000..110_000).filter(|leaf| read.may_contain(spread(*leaf))).count();
        assert!((500..2_500).contains(&invented), "{invented} of 100,000");
    }
}
