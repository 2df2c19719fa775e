use super::tables::PIECE_BYTES;

/// A Bloom filter in blocks of 32 bytes, one bit in each of eight words (the "split block" filter of Apache Parquet): one
/// cache line for each question. At ten bits per leaf some 1 % of what is not there looks as if it were, and costs a
/// read.
///
/// The block is chosen by the high bits of the fingerprint, so a run, which is sorted, fills them one after the other.
#[derive(Debug)]
pub(super) struct Filter {
    blocks: u64,
    /// In pieces, the last one shorter: when runs have merged, the allocator has a place for the next filter.
    pieces: Vec<Vec<Block>>,
}

type Block = [u32; 8];

const BLOCK_BYTES: usize = 32;
const BITS_PER_LEAF: u64 = 10;

/// How many blocks a piece has, and how much of a filter is read and written at once: 64 KiB.
const PIECE_BLOCKS: usize = PIECE_BYTES / BLOCK_BYTES;

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
    /// For so many leaves.
    pub(super) fn empty(leaves: u64) -> Self {
        let blocks = blocks_for(leaves);
        let piece = |at: u64| vec![Block::default(); piece_blocks(blocks - at)];
        Self { blocks, pieces: (0..blocks).step_by(PIECE_BLOCKS).map(piece).collect() }
    }

    /// To be read: every piece is to be appended before the first question.
    pub(super) fn without_blocks(leaves: u64) -> Self {
        Self { blocks: blocks_for(leaves), pieces: Vec::new() }
    }

    /// Takes the next [`PIECE_BYTES`] over, or the rest.
    pub(super) fn append(&mut self, piece: &[u8]) {
        let word = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
        let block = |block: &[u8; BLOCK_BYTES]| {
            let mut words = block.as_chunks().0.iter().map(word);
            Block::default().map(|_| words.next().unwrap_or_default())
        };
        self.pieces.push(piece.as_chunks().0.iter().map(block).collect());
    }

    /// What is to be written, in pieces of [`PIECE_BYTES`] and the rest.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
        self.pieces.iter().map(|piece| piece.iter().flatten().flat_map(|word| word.to_be_bytes()).collect())
    }

    pub(super) fn insert(&mut self, fingerprint: u64) {
        let (piece, block) = self.position(fingerprint);
        if let Some(block) = self.pieces.get_mut(piece).and_then(|piece| piece.get_mut(block)) {
            for (word, bit) in block.iter_mut().zip(bits(fingerprint)) {
                *word |= bit;
            }
        }
    }

    /// `false` only for what was never inserted.
    pub(super) fn may_contain(&self, fingerprint: u64) -> bool {
        let (piece, block) = self.position(fingerprint);
        match self.pieces.get(piece).and_then(|piece| piece.get(block)) {
            Some(block) => block.iter().zip(bits(fingerprint)).all(|(word, bit)| word & bit != 0),
            None => true,
        }
    }

    /// The piece, and the block in it.
    fn position(&self, fingerprint: u64) -> (usize, usize) {
        let scaled = (u128::from(fingerprint) * u128::from(self.blocks)) >> 64;
        let block = usize::try_from(scaled).unwrap_or(usize::MAX);
        (block / PIECE_BLOCKS, block % PIECE_BLOCKS)
    }
}

/// How many of the remaining blocks the next piece has.
fn piece_blocks(rest: u64) -> usize {
    usize::try_from(rest).unwrap_or(usize::MAX).min(PIECE_BLOCKS)
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
        // Two pieces and a rest.
        let leaves = 120_000;
        let mut filter = Filter::empty(leaves);
        (0..leaves).for_each(|leaf| filter.insert(spread(leaf)));
        let mut read = Filter::without_blocks(leaves);
        filter.pieces().for_each(|piece| read.append(&piece));
        assert_eq!(read.pieces, filter.pieces);
        assert_eq!(read.pieces.len(), 3);
        assert_eq!(read.pieces().map(|piece| piece.len() as u64).sum::<u64>(), bytes_for(leaves));
        assert!((0..leaves).all(|leaf| read.may_contain(spread(leaf))));
        let invented = (leaves..leaves + 100_000).filter(|leaf| read.may_contain(spread(*leaf))).count();
        assert!((500..2_500).contains(&invented), "{invented} of 100,000");
    }
}
