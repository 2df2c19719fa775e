//! The engine over a directory of this machine.

use crate::support::{self, Running, check_added, run};
use sealwax_log::{Kind, engine::Shape};
use sealwax_store::{Directory, directory::Options, disk::Os};
use std::path::{Path, PathBuf};

fn scratch(name: &str) -> PathBuf {
    let place = std::env::temp_dir().join(format!("sealwax-engine-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).unwrap();
    place
}

fn open(place: &Path, background: bool) -> Directory<Os> {
    let options = Options { background, segment_bytes: 64 << 10, ..Options::default() };
    Directory::open(Os::new(place).unwrap(), &options).unwrap()
}

#[test]
fn keeps_everything_over_stops_and_crashes() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            for background in [false, true] {
                let place = scratch(&format!("{}-{background}", kind.name()));
                support::create(&open(&place, background), kind).await;
                let mut size = 0;
                for more in [1, 254, 1, 1, 900, 700, 3] {
                    let log =
                        Running::settling_every(open(&place, background), kind, Shape::Exclusive, 20_000)
                            .await;
                    let tasks: Vec<_> = (size..size + more)
                        .map(|nth| tokio::spawn(log.adding(support::submission(kind, nth))))
                        .collect();
                    for (nth, task) in (size..).zip(tasks) {
                        check_added(&log, &support::submission(kind, nth), &task.await.unwrap().unwrap());
                    }
                    for nth in [0, size / 2, size] {
                        let again = log.add(support::submission(kind, nth)).await.unwrap();
                        assert!(again.duplicate);
                        check_added(&log, &support::submission(kind, nth), &again);
                    }
                    size += more;
                    if more % 2 == 1 {
                        log.stop().await.unwrap();
                    } else {
                        log.cut_off().await;
                    }
                }
                std::fs::remove_dir_all(&place).unwrap();
            }
        }
    });
}
