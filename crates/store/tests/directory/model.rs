//! Random operations on the directory and on the store in memory: both say the same, before and after reopening.
use super::{faulty::Faulty, *};
use proptest::{collection::vec, prelude::*};
use sealwax_store::{Memory, Versioned};
use std::io::ErrorKind;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Put(u8, u16),
    Stage(u16),
    /// A put object.
    Delete(u8),
    /// The oldest staged object that is left.
    DeleteStaged,
    /// The newest staged object, if no swap has written it.
    GiveUp,
    /// Whether the expected version is the right one.
    Swap(Cell, bool),
    /// Of the lock, while no file of the directory can grow.
    SwapOnFullDisk,
    Flush,
    /// After a swap of the lock and a flush, so that both stores hold the same.
    Reopen,
}

fn operation() -> impl Strategy<Value = Operation> {
    let cell = prop_oneof![3 => Just(Cell::Lock), 1 => Just(Cell::Checkpoint)];
    prop_oneof![
        4 => (any::<u8>(), 0..3000_u16).prop_map(|(name, length)| Operation::Put(name % 6, length)),
        4 => (0..1500_u16).prop_map(Operation::Stage),
        1 => any::<u8>().prop_map(|name| Operation::Delete(name % 6)),
        2 => Just(Operation::DeleteStaged),
        2 => Just(Operation::GiveUp),
        6 => (cell, prop::bool::weighted(0.9)).prop_map(|(cell, right)| Operation::Swap(cell, right)),
        2 => Just(Operation::SwapOnFullDisk),
        1 => Just(Operation::Flush),
        1 => Just(Operation::Reopen),
    ]
}

/// Both stores, and what the test knows about them.
struct Pair {
    directory: Option<Directory<Faulty>>,
    memory: Memory,
    /// Staged and not deleted; with how many swaps had been before.
    staged: Vec<(String, u32)>,
    deleted: Vec<(String, u32)>,
    /// Deleted, and perhaps there again.
    came_back: Vec<(String, u32)>,
    swaps: u32,
    /// How many names and values were used.
    count: u32,
}

fn name(n: u8) -> String {
    ["a", "tile/0/000", "tile/0/001", "tile/1/x001/000", "issuer/00", "b"][usize::from(n)].to_owned()
}

impl Pair {
    fn directory(&self) -> &Directory<Faulty> {
        self.directory.as_ref().unwrap()
    }

    fn value(&mut self, length: u16) -> Bytes {
        self.count += 1;
        let mut value = self.count.to_be_bytes().to_vec();
        value.resize(usize::from(length), 0x5a);
        value.into()
    }

    fn swap(&mut self, cell: Cell, is_right: bool) {
        let expected = |found: Option<Versioned>| match is_right {
            true => found.map(|found| found.version),
            false => Some(Version("0".to_owned())),
        };
        let in_directory = expected(now(self.directory().load(cell)).unwrap());
        let in_memory = expected(now(self.memory.load(cell)).unwrap());
        let value = self.value(100);
        let one = now(self.directory().swap(cell, in_directory.as_ref(), value.clone())).unwrap();
        let two = now(self.memory.swap(cell, in_memory.as_ref(), value)).unwrap();
        assert_eq!(one == Swap::Lost, two == Swap::Lost);
        assert_eq!(one == Swap::Lost, !is_right);
        self.swaps += u32::from(cell == Cell::Lock && is_right);
    }

    /// Either nothing happens, or there was room left in the file.
    fn swap_on_full_disk(&mut self) {
        let version = |found: Option<Versioned>| found.map(|found| found.version);
        let in_directory = version(now(self.directory().load(Cell::Lock)).unwrap());
        let in_memory = version(now(self.memory.load(Cell::Lock)).unwrap());
        let value = self.value(100);
        self.directory().disk().fail("grow ", ErrorKind::StorageFull);
        let swapped = now(self.directory().swap(Cell::Lock, in_directory.as_ref(), value.clone()));
        self.directory().disk().mend();
        match swapped {
            Ok(Swap::Done(_)) => {
                assert_ne!(now(self.memory.swap(Cell::Lock, in_memory.as_ref(), value)).unwrap(), Swap::Lost);
                self.swaps += 1;
            }
            Err(StoreError::Failed { .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    /// The older swaps' objects go with a written one. With one that waits, nothing goes.
    fn delete_staged(&mut self, (name, swaps): (String, u32)) {
        now(self.directory().delete(&name)).unwrap();
        now(self.memory.delete(&name)).unwrap();
        if swaps < self.swaps {
            self.deleted.extend(self.came_back.extract_if(.., |(_, before)| *before < swaps));
        }
        self.deleted.push((name, swaps));
    }

    fn reopen(&mut self, scratch: &Scratch) {
        self.swap(Cell::Lock, true);
        now(self.directory().flush()).unwrap();
        self.directory = None;
        self.directory = Some(Directory::open(Faulty::new(scratch), &options()).unwrap());
        // What was deleted may be back, until a later one is deleted.
        self.came_back.append(&mut self.deleted);
    }

    fn run(&mut self, operation: Operation, scratch: &Scratch) {
        match operation {
            Operation::Put(n, length) => {
                let value = self.value(length);
                now(self.directory().put(&name(n), value.clone())).unwrap();
                now(self.memory.put(&name(n), value)).unwrap();
            }
            Operation::Stage(length) => {
                let value = self.value(length);
                let name = format!("staged/{}", self.count);
                now(self.directory().stage(&name, value.clone())).unwrap();
                now(self.memory.stage(&name, value)).unwrap();
                self.staged.push((name, self.swaps));
            }
            Operation::Delete(n) => {
                now(self.directory().delete(&name(n))).unwrap();
                now(self.memory.delete(&name(n))).unwrap();
            }
            Operation::DeleteStaged if self.staged.is_empty() => {}
            Operation::DeleteStaged => {
                let oldest = self.staged.remove(0);
                self.delete_staged(oldest);
            }
            Operation::GiveUp => {
                let swaps = self.swaps;
                if let Some(newest) = self.staged.pop_if(|(_, before)| *before == swaps) {
                    self.delete_staged(newest);
                }
            }
            Operation::Swap(cell, is_right) => self.swap(cell, is_right),
            Operation::SwapOnFullDisk => self.swap_on_full_disk(),
            Operation::Flush => now(self.directory().flush()).unwrap(),
            Operation::Reopen => self.reopen(scratch),
        }
    }

    fn compare(&self) {
        for cell in [Cell::Lock, Cell::Checkpoint] {
            let in_directory = now(self.directory().load(cell)).unwrap().map(|found| found.value);
            let in_memory = now(self.memory.load(cell)).unwrap().map(|found| found.value);
            assert_eq!(in_directory, in_memory);
        }
        let put = (0..6).map(name);
        for name in put.chain(self.staged.iter().chain(&self.deleted).map(|(name, _)| name.clone())) {
            assert_eq!(get(self.directory(), &name), get(&self.memory, &name), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_directory_is_the_memory_that_lasts(operations in vec(operation(), 1..80)) {
        let scratch = Scratch::new();
        let directory = Directory::open(Faulty::new(&scratch), &options()).unwrap();
        let mut pair =
            Pair { directory: Some(directory), memory: Memory::new(), staged: vec![], deleted: vec![], came_back: vec![], swaps: 0, count: 0 };
        for operation in operations {
            pair.run(operation, &scratch);
            pair.compare();
        }
        pair.reopen(&scratch);
        pair.compare();
    }
}
