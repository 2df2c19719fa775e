#[path = "../../src/scratch.rs"]
mod shared;

pub(crate) use shared::Scratch;

impl Scratch {
    /// The files of the write-ahead file, rising.
    pub(crate) fn segments(&self) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.path().join("wal")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}
