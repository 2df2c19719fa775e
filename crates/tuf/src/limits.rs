/// How much of a repository is read before it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a root file. The largest published one has 9 kB; python-tuf allows as much as we do.
    pub root_bytes: u64,
    /// Bytes of the timestamp file.
    pub timestamp_bytes: u64,
    /// Bytes of a snapshot file whose length the timestamp does not state.
    pub snapshot_bytes: u64,
    /// Bytes of a targets file whose length the snapshot does not state.
    pub targets_bytes: u64,
    /// Root files followed in one refresh (TUF §5.3.3 leaves the number open).
    pub root_rotations: u64,
    /// Delegated roles visited in one search (TUF §5.6.7.1 leaves the number open).
    pub delegations: usize,
}

impl Default for Limits {
    /// The numbers that python-tuf and go-tuf share.
    fn default() -> Self {
        Limits {
            root_bytes: 512_000,
            timestamp_bytes: 16_384,
            snapshot_bytes: 2_000_000,
            targets_bytes: 5_000_000,
            root_rotations: 256,
            delegations: 32,
        }
    }
}
