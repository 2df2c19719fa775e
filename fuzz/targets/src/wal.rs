//! The write-ahead file of a log's directory, as a crash, a bad disk or a stranger may have left it.

mod disk;

use disk::MemoryDisk;
use sealwax_store::{Bytes, Cell, Directory, LockStore, ObjectStore, StoreError, Swap, directory::Options};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// In front of the bytes of the first segment: how many they are. The rest is the second one.
type Length = [u8; 2];

/// Opens whatever is there. What was recovered is there again at the next opening, and can be built upon.
pub(crate) fn run(input: &[u8]) {
    let Some((length, segments)) = input.split_first_chunk::<{ size_of::<Length>() }>() else { return };
    let middle = usize::from(u16::from_le_bytes(*length)).min(segments.len());
    let (first, second) = segments.split_at(middle);
    let disk = MemoryDisk::default();
    for (number, bytes) in [(1, first), (2, second)] {
        if !bytes.is_empty() {
            disk.write(&format!("wal/{number:016}"), bytes);
        }
    }
    let store = match open(&disk) {
        Ok(store) => store,
        Err(StoreError::Damaged { .. }) => return,
        Err(error) => panic!("{error:?}"),
    };
    let found = now(store.load(Cell::Lock)).unwrap();
    drop(store);
    let store = open(&disk).expect("what was recovered is whole");
    let again = now(store.load(Cell::Lock)).unwrap();
    assert_eq!(again.as_ref().map(|again| &again.value), found.as_ref().map(|found| &found.value));
    now(store.stage("staged/new", "new".into())).unwrap();
    let swapped = now(store.swap(Cell::Lock, again.as_ref().map(|again| &again.version), "newest".into()));
    assert!(matches!(swapped, Ok(Swap::Done(_))), "{swapped:?}");
    drop(store);
    let store = open(&disk).expect("what was written is whole");
    assert_eq!(now(store.load(Cell::Lock)).unwrap().unwrap().value, "newest");
    assert_eq!(now(store.get("staged/new")).unwrap().unwrap(), "new");
}

/// One segment, and two.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let disk = MemoryDisk::default();
    let store = open(&disk).expect("an empty disk");
    let mut seeds = Vec::new();
    for (round, length) in [10, 20, 600, 30].into_iter().enumerate() {
        now(store.stage(&format!("staged/{round}"), Bytes::from(vec![0x5a; length]))).unwrap();
        let expected = now(store.load(Cell::Lock)).unwrap().map(|found| found.version);
        now(store.swap(Cell::Lock, expected.as_ref(), format!("round {round}").into())).unwrap();
        let first = disk.read("wal/0000000000000001");
        let length: Length = u16::try_from(first.len()).unwrap().to_le_bytes();
        seeds.push([&length[..], &first, &disk.read("wal/0000000000000002")].concat());
    }
    seeds
}

fn open(disk: &MemoryDisk) -> Result<Directory<MemoryDisk>, StoreError> {
    let options =
        Options { background: false, segment_bytes: 512, reserve_bytes: 16, pending_bytes: 1 << 10 };
    Directory::open(disk.clone(), &options)
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future waited"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_pass_whole_and_cut_anywhere_and_with_any_byte_changed() {
        let seeds = seeds();
        assert!(
            seeds.iter().any(|seed| seed.len() > usize::from(u16::from_le_bytes([seed[0], seed[1]])) + 2)
        );
        for seed in seeds {
            for at in 0..seed.len() {
                run(&seed[..at]);
                let mut changed = seed.clone();
                changed[at] ^= 1;
                run(&changed);
            }
            run(&seed);
        }
    }
}
