use super::{faulty::Faulty, *};
use sealwax_store::directory::Reader;

fn reader(scratch: &Scratch) -> Reader<Os> {
    Reader::new(Os::new(scratch.path()).unwrap())
}

#[test]
fn an_empty_directory_reads_as_empty() {
    let scratch = Scratch::new();
    let reader = reader(&scratch);
    assert_eq!(lock_value(&reader), None);
    assert_eq!(get(&reader, "a"), None);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing was created");
}

#[test]
fn a_reader_follows_a_writer_through_its_segments() {
    let scratch = Scratch::new();
    let (store, reader) = (open(&scratch), reader(&scratch));
    for round in 0..20_u8 {
        now(store.stage(&format!("staged/{round}"), vec![round; 400].into())).unwrap();
        set_lock(&store, vec![round]);
        if let Some(old) = round.checked_sub(8) {
            now(store.delete(&format!("staged/{old}"))).unwrap();
        }
        assert_eq!(lock_value(&reader).unwrap(), vec![round]);
        assert_eq!(now(reader.load(Cell::Lock)).unwrap(), now(store.load(Cell::Lock)).unwrap());
        assert_eq!(get(&reader, &format!("staged/{round}")).unwrap(), vec![round; 400]);
    }
    now(store.put("tile/0/000", "t".into())).unwrap();
    assert_eq!(get(&reader, "tile/0/000"), None);
    now(store.swap(Cell::Checkpoint, None, "c".into())).unwrap();
    now(store.flush()).unwrap();
    assert_eq!(get(&reader, "tile/0/000").unwrap(), "t");
    assert_eq!(now(reader.load(Cell::Checkpoint)).unwrap().unwrap().value, "c");
}

#[test]
fn a_reader_beside_a_busy_writer_sees_the_lock_value_rise_and_never_damage() {
    let scratch = Scratch::new();
    let store = Directory::open(Faulty::new(&scratch), &options()).unwrap();
    set_lock(&store, 0_u32.to_be_bytes().to_vec());
    let reader = Reader::new(Faulty::new(&scratch));
    let writer = thread::spawn(move || {
        for round in 1..400_u32 {
            now(store.stage(&format!("staged/{round}"), vec![7; 700].into())).unwrap();
            set_lock(&store, round.to_be_bytes().to_vec());
            now(store.delete(&format!("staged/{}", round.saturating_sub(3)))).unwrap();
        }
    });
    let mut newest = 0;
    while !writer.is_finished() {
        let value = lock_value(&reader).unwrap();
        let round = u32::from_be_bytes(value[..].try_into().unwrap());
        assert!(round >= newest);
        newest = round;
    }
    writer.join().unwrap();
    assert_eq!(lock_value(&reader).unwrap(), 399_u32.to_be_bytes().to_vec());
}

#[test]
fn a_reader_changes_nothing() {
    let scratch = Scratch::new();
    set_lock(&open(&scratch), "first");
    let reader = reader(&scratch);
    assert!(matches!(now(reader.put("a", Bytes::new())), Err(StoreError::Failed { .. })));
    assert!(matches!(now(reader.stage("a", Bytes::new())), Err(StoreError::Failed { .. })));
    assert!(matches!(now(reader.delete("a")), Err(StoreError::Failed { .. })));
    assert!(matches!(now(reader.swap(Cell::Lock, None, Bytes::new())), Err(StoreError::Failed { .. })));
    assert_eq!(lock_value(&reader).unwrap(), "first");
    assert_eq!(reader.disk().bytes_written(), 0);
}
