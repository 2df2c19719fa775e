//! A log that is only read shows what was published, to the byte, and nothing else.

use crate::support::{self, ORIGIN, Running, keys, run};
use sealwax_log::{
    AddError, Kind, Log,
    engine::{EngineError, Shape, Shown, ShownError, Signing, open_view},
};
use sealwax_store::{Cell, LockStore, Memory, Swap};
use sealwax_tlog::tile::Tile;
use std::sync::Arc;

async fn view(store: &Memory, kind: Kind, shown: Shown) -> Result<Log, EngineError> {
    view_with(store, kind, &keys(kind, ORIGIN, 1), shown).await
}

async fn view_with(store: &Memory, kind: Kind, signing: &Signing, shown: Shown) -> Result<Log, EngineError> {
    open_view(store.clone(), kind, signing, Arc::default(), shown).await
}

#[test]
fn the_last_checkpoint_is_shown_and_nothing_beyond() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let store = Memory::new();
            let log = Running::new(store.clone(), kind, Shape::Exclusive).await;
            let mut all = Vec::new();
            for nth in 0..300 {
                all.push(log.add(support::submission(kind, nth)).await.unwrap().published);
            }
            log.cut_off().await;
            // The lock value is ahead of what this process has published, as after a flush that failed.
            for published in [&all[0], &all[254], &all[255], &all[256], &all[299]] {
                let view = view(&store, kind, Shown::Last(Some(published.clone()))).await.unwrap();
                // An ECDSA signature is never made the same twice: this one was not made again.
                assert_eq!(view.published().as_ref(), Some(published));
                let last = Tile::at(0, (published.size - 1) / 256, sealwax_tlog::TreeSize(published.size));
                assert!(view.tile(last.unwrap()).await.unwrap().is_some());
                view.proofs(published.size).consistency(1).await.unwrap();
                if published.size % 256 != 0 {
                    let last = last.unwrap();
                    let wider = Tile::new(0, last.index(), last.width() + 1).unwrap();
                    assert_eq!(view.tile(wider).await.unwrap(), None);
                }
                let refused = view.add(support::submission(kind, 1)).await;
                assert!(matches!(refused, Err(AddError::Stopped)), "{refused:?}");
            }
            // Nothing was ever settled.
            assert_eq!(view(&store, kind, Shown::Settled).await.unwrap().published(), None);
            assert_eq!(view(&store, kind, Shown::Last(None)).await.unwrap().published(), None);
            let another = Arc::new(sealwax_log::engine::Published { root: [7; 32], ..(*all[9]).clone() });
            let wrong = view(&store, kind, Shown::Last(Some(another))).await.err();
            assert!(matches!(wrong, Some(EngineError::Root { size: 10 })), "{wrong:?}");
        }
    });
}

#[test]
fn the_settled_checkpoint_is_shown_if_it_is_the_logs() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let store = Memory::new();
            let log = Running::new(store.clone(), kind, Shape::Exclusive).await;
            for nth in 0..300 {
                log.add(support::submission(kind, nth)).await.unwrap();
            }
            let settled = log.published().unwrap();
            log.stop().await.unwrap();
            let before = store.clone_of_now();
            let log = Running::open(store.clone(), kind, Shape::Exclusive).await;
            for nth in 300..310 {
                log.add(support::submission(kind, nth)).await.unwrap();
            }
            let newest = log.published().unwrap();
            let shown = view(&store, kind, Shown::Settled).await.unwrap().published().unwrap();
            assert_eq!((shown.size, &shown.note), (300, &settled.note));
            log.cut_off().await;

            let store_note = |note| swap_checkpoint(&before, note);
            store_note(newest.note.clone()).await;
            let wrong = view(&before, kind, Shown::Settled).await.err();
            let larger = ShownError::Larger { checkpoint: 310, log: 300 };
            assert!(
                matches!(&wrong, Some(EngineError::Shown(found)) if found.to_string() == larger.to_string())
            );
            let note = String::from_utf8(settled.note.to_vec()).unwrap();
            store_note(note.replacen("\n300\n", "\n299\n", 1).into()).await;
            let wrong = view(&before, kind, Shown::Settled).await.err();
            assert!(matches!(wrong, Some(EngineError::Shown(ShownError::Signature(_)))), "{wrong:?}");
            store_note("nonsense".into()).await;
            let wrong = view(&before, kind, Shown::Settled).await.err();
            assert!(matches!(wrong, Some(EngineError::Shown(ShownError::NotCheckpoint(_)))), "{wrong:?}");
        }
        let store = Memory::new();
        support::create(&store, Kind::Signature).await;
        let another = keys(Kind::Signature, ORIGIN, 2);
        let wrong = view_with(&store, Kind::Signature, &another, Shown::Settled).await.err();
        assert!(matches!(wrong, Some(EngineError::AnotherLog { what: "keys", .. })), "{wrong:?}");
    });
}

async fn swap_checkpoint(store: &Memory, note: bytes::Bytes) {
    let now = store.load(Cell::Checkpoint).await.unwrap().unwrap();
    let swapped = store.swap(Cell::Checkpoint, Some(&now.version), note).await.unwrap();
    assert!(matches!(swapped, Swap::Done(_)));
}
