//! Whatever a crash leaves of the index's files (stale, missing, torn, unfinished, of a longer log, of another one), the log
//! finds every entry that it has, and none that it has not: the index is derived, and rebuilt where it is wrong.

use crate::support::{self, ORIGIN, check_added, host, keys, run, submission};
use sealwax_log::{
    AddError, Added, Kind, Log,
    engine::{self, Config, EngineError, Shape},
    index::{Index, Options, Work},
    metrics::Metrics,
};
use sealwax_store::Memory;
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::task::JoinHandle;

/// Crosses five carries of the runs and a tile.
const ENTRIES: u64 = 270;

/// So many are the same in the other history.
const COMMON: u64 = 100;

/// The files of an index by name.
type Image = BTreeMap<String, Vec<u8>>;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let place = std::env::temp_dir().join(format!("sealwax-image-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    fn image(&self) -> Image {
        let files = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap());
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
    }

    fn put(&self, image: &Image) {
        fs::remove_dir_all(&self.0).unwrap();
        fs::create_dir(&self.0).unwrap();
        image.iter().for_each(|(name, bytes)| fs::write(self.0.join(name), bytes).unwrap());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn open(
    store: &Memory,
    kind: Kind,
    index: &Path,
    chunk_leaves: usize,
) -> (Log, JoinHandle<Result<(), EngineError>>) {
    let options = Options {
        chunk_leaves: NonZeroUsize::new(chunk_leaves).unwrap(),
        work: Work::Inline,
        ..Options::default()
    };
    let index = |size| Index::open(index, size, options);
    let (config, signing) = (Config::new(kind, Shape::Exclusive), keys(kind, ORIGIN, 1));
    let metrics = Arc::new(Metrics::default());
    let (log, sequencer) =
        engine::open(store.clone(), config, signing, host(), metrics, index).await.unwrap();
    (log, tokio::spawn(sequencer.run()))
}

async fn stop((log, running): (Log, JoinHandle<Result<(), EngineError>>)) {
    log.stop();
    running.await.unwrap().unwrap();
}

/// A log with these entries, and the index's files after each round that changed them.
async fn written(kind: Kind, place: &Place, numbers: impl Iterator<Item = u64>) -> (Memory, Vec<Image>) {
    let store = Memory::new();
    support::create(&store, kind).await;
    let opened = open(&store, kind, &place.0, 8).await;
    let mut images = vec![Image::new()];
    for number in numbers {
        opened.0.add(submission(kind, number)).await.unwrap();
        let now = place.image();
        if images.last() != Some(&now) {
            images.push(now);
        }
    }
    stop(opened).await;
    images.push(place.image());
    (store, images)
}

/// Adds an entry; a log that mends its index may say that it is to be asked again.
async fn add(log: Log, kind: Kind, number: u64) -> Added {
    loop {
        match log.add(submission(kind, number)).await {
            Ok(added) => return added,
            Err(AddError::NotNow { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Opens the log with this index: every entry is found where it is, and a new one is new. And again, with what came of it.
async fn check(store: &Memory, kind: Kind, place: &Place, image: &Image, what: &str) {
    place.put(image);
    let store = store.clone_of_now();
    for life in 0..2 {
        // Larger chunks, so that a rebuilt index costs few flushes.
        let opened = open(&store, kind, &place.0, 100).await;
        let log = &opened.0;
        let numbers = (0..ENTRIES).step_by(if life == 0 { 1 } else { 19 });
        let adding: Vec<_> =
            numbers.map(|number| (number, tokio::spawn(add(log.clone(), kind, number)))).collect();
        for (number, adding) in adding {
            let added = adding.await.unwrap();
            assert_eq!((added.index, added.duplicate), (number, true), "{what}, life {life}");
        }
        let (new, size) = (10_000 + life, ENTRIES + life);
        let added = add(log.clone(), kind, new).await;
        assert_eq!((added.index, added.duplicate), (size, false), "{what}, life {life}");
        check_added(log, &submission(kind, new), &added);
        assert!(add(log.clone(), kind, new).await.duplicate, "{what}, life {life}");
        assert_eq!(log.published().unwrap().size, size + 1);
        stop(opened).await;
    }
}

/// Numbers that follow from a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// Some of these files.
    fn some(&mut self, image: &Image) -> Image {
        image
            .iter()
            .filter(|_| self.below(3) > 0)
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect()
    }

    /// One of them as a power cut may leave it: shorter, or with sectors that were never written, perhaps not yet renamed.
    fn tear(&mut self, image: &mut Image) {
        let Some((name, mut bytes)) =
            image.iter().nth(self.below(image.len())).map(|(n, b)| (n.clone(), b.clone()))
        else {
            return;
        };
        image.remove(&name);
        match self.below(3) {
            0 => bytes.truncate(self.below(bytes.len())),
            1 => {
                let at = self.below(bytes.len()) / 512 * 512;
                let end = bytes.len().min(at + 512);
                bytes[at..end].fill(0);
            }
            _ => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.below(8);
            }
        }
        let name = if self.below(3) == 0 { format!("{name}.tmp") } else { name };
        image.insert(name, bytes);
    }
}

fn both(one: &Image, other: &Image) -> Image {
    one.iter().chain(other).map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
}

#[test]
fn any_image_of_the_index_finds_every_entry() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let place = Place::new(kind.name());
            let (store, images) = written(kind, &place, 0..ENTRIES).await;
            assert!(images.len() > 30, "{}", images.len());
            place.put(&Image::new());
            // Longer, and another one from some entry on.
            let other = (0..COMMON).chain(20_000..20_000 + 2 * ENTRIES);
            let (_, others) = written(kind, &place, other).await;

            let mut random = Random(0x5eed + kind.name().len() as u64);
            for (nth, image) in images.iter().enumerate() {
                check(&store, kind, &place, image, &format!("image {nth}, stale")).await;
                // A merge that was interrupted: what it was made from is there as well, or only a part of either.
                let next = both(image, images.get(nth + 1).unwrap_or(image));
                let (mut missing, mut torn) = (random.some(&next), next);
                check(&store, kind, &place, &missing, &format!("image {nth}, missing")).await;
                random.tear(&mut torn);
                check(&store, kind, &place, &torn, &format!("image {nth}, torn")).await;
                random.tear(&mut missing);
                check(&store, kind, &place, &missing, &format!("image {nth}, missing and torn")).await;
            }
            for (nth, image) in others.iter().enumerate().skip(1).step_by(3) {
                check(&store, kind, &place, image, &format!("image {nth} of another log")).await;
                let own = &images[random.below(images.len())];
                let mixed = random.some(&both(own, image));
                check(&store, kind, &place, &mixed, &format!("image {nth} of another log, mixed")).await;
            }
        }
    });
}
