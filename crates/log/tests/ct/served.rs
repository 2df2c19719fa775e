//! The face over its engine: from the body of a request to an SCT that verifies against the published log.

use crate::{
    running::{Clock, World, check_published, open_engine, place, refused, run, sct},
    world::{authority, body, certificate, chain, final_certificate, leaf, precertificate, roots},
};
use hyper::{StatusCode, header};
use sealwax_crypto::{KeyKind, Message, PublicKey, Scheme, SignError, SigningKey};
use sealwax_formats::base64;
use sealwax_log::{
    Log,
    ct::{CtFace, NotAfterWindow, UnfitKey, add_chain, add_pre_chain, get_roots},
    engine::QueueLimits,
};
use sealwax_signer::{Signer, SignerError};
use sealwax_store::Memory;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

#[test]
fn an_sct_is_a_proof_of_what_is_published() {
    run(async {
        let world = World::new(Memory::new()).await;
        for nth in 0..300 {
            let draft = precertificate(&world.authority);
            let whole = chain(&draft, &world.authority);
            let sct = sct(&world.pre(&whole).await);
            assert_eq!(sct.leaf_index(), Some(nth));
            assert_eq!(sct.log_id, *world.face.log_id());

            // The certificate that Fulcio makes of it verifies.
            let issued = certificate(&final_certificate(&draft, &sct));
            let [embedded] = issued.embedded_scts().unwrap().try_into().unwrap();
            embedded.verify(&issued, &certificate(&whole[1]), world.key.public_key()).unwrap();
        }
        check_published(&world.log, &world.key, 300).await;
    });
}

#[test]
fn a_duplicate_has_the_time_and_the_index_of_the_first() {
    run(async {
        let world = World::new(Memory::new()).await;
        let draft = precertificate(&world.authority);
        let whole = chain(&draft, &world.authority);
        let first = sct(&world.pre(&whole).await);
        world.pre(&chain(&precertificate(&world.authority), &world.authority)).await;

        let signed_anew = chain(&draft, &world.authority);
        assert_ne!(signed_anew, whole);
        for again in [&whole[..], &whole[..2], &signed_anew] {
            assert_eq!(place(&sct(&world.pre(again).await)), place(&first));
        }
        let world = world.restarted().await;
        assert_eq!(place(&sct(&world.pre(&whole[..2]).await)), place(&first));
        assert_eq!(world.log.published().unwrap().size, 2);

        // The certificate is another entry than its precertificate, and a duplicate of itself.
        let issued = [vec![final_certificate(&draft, &first)], whole[1..].to_vec()].concat();
        let other = sct(&world.add(&issued).await);
        assert_eq!(other.leaf_index(), Some(2));
        assert_eq!(place(&sct(&world.add(&issued[..2]).await)), place(&other));
        check_published(&world.log, &world.key, 3).await;
    });
}

#[test]
fn many_at_once_are_one_entry() {
    run(async {
        let world = World::new(Memory::new()).await;
        let drafts: Vec<_> = (0..3).map(|_| precertificate(&world.authority)).collect();
        let tasks: Vec<_> = (0..60)
            .map(|nth| {
                let (log, face) = (world.log.clone(), world.face.clone());
                let whole = chain(&drafts[nth % 3], &world.authority);
                tokio::spawn(async move { add_pre_chain(&log, &face, &body(&whole[..2 + nth % 2])).await })
            })
            .collect();
        let mut places = Vec::new();
        for task in tasks {
            places.push(place(&sct(&task.await.unwrap())));
        }
        for nth in 3..places.len() {
            assert_eq!(places[nth], places[nth % 3]);
        }
        check_published(&world.log, &world.key, 3).await;
    });
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    run(async {
        let store = Memory::new();
        let world = World::new(store.clone()).await;
        let before = store.names();
        let (certificate, precertificate) = (leaf(&world.authority), precertificate(&world.authority));
        let certificate = chain(&certificate, &world.authority);
        let precertificate = chain(&precertificate, &world.authority);
        let stranger = authority();
        let bad = StatusCode::BAD_REQUEST;
        refused(&world.add(&precertificate).await, bad, "submit it to add-pre-chain");
        refused(&world.pre(&certificate).await, bad, "submit it to add-chain");
        refused(&world.add(&certificate[1..2]).await, StatusCode::OK, "sct_version");
        refused(
            &world.add(&chain(&leaf(&stranger), &stranger)).await,
            bad,
            "not signed by the accepted root",
        );
        refused(&world.add(&[]).await, bad, "empty");
        refused(&add_chain(&world.log, &world.face, b"{").await, bad, "not JSON");
        let huge = vec![b' '; 200_000];
        let response = add_chain(&world.log, &world.face, &huge).await;
        refused(&response, StatusCode::PAYLOAD_TOO_LARGE, "200000 bytes");
        // But for the intermediate, which was taken.
        assert_eq!(world.log.published().unwrap().size, 1);
        let issuers = |names: Vec<String>| names.iter().filter(|name| name.starts_with("issuer/")).count();
        assert_eq!((issuers(before), issuers(store.names())), (0, 1));
    });
}

#[test]
fn roots_are_answered_and_exchanged() {
    run(async {
        let world = World::new(Memory::new()).await;
        let answer = |world: &World<Memory>| {
            let response = get_roots(&world.face);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
            let json: Value = serde_json::from_slice(response.body()).unwrap();
            base64::decode(json["certificates"][0].as_str().unwrap()).unwrap()
        };
        assert_eq!(answer(&world), world.authority.chain[0].der);
        let whole = chain(&leaf(&world.authority), &world.authority);
        sct(&world.add(&whole).await);

        let other = authority();
        world.face.roots().replace(roots(&other));
        assert_eq!(answer(&world), other.chain[0].der);
        refused(&world.add(&whole).await, StatusCode::BAD_REQUEST, "not signed by the accepted root");
        assert_eq!(sct(&world.add(&chain(&leaf(&other), &other)).await).leaf_index(), Some(1));
    });
}

/// A key that is asked over some wire, which may break.
struct Remote(SigningKey, AtomicBool);

impl Signer for Remote {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        if self.1.load(Ordering::Relaxed) {
            return Err(SignerError::Key(SignError::Provider));
        }
        Ok(self.0.sign(scheme, message)?)
    }
}

#[test]
fn a_key_that_fails_costs_the_sct_and_not_the_entry() {
    run(async {
        let world = World::new(Memory::new()).await;
        let key = SigningKey::from_pkcs8_der(&world.key.to_pkcs8_der().unwrap()).unwrap();
        let remote = Arc::new(Remote(key, AtomicBool::new(true)));
        assert!(remote.may_wait() && !world.key.may_wait());
        let face = CtFace::new(remote.clone(), roots(&world.authority), NotAfterWindow::default()).unwrap();
        let body = body(&chain(&precertificate(&world.authority), &world.authority));
        let response = add_pre_chain(&world.log, &face, &body).await;
        refused(&response, StatusCode::SERVICE_UNAVAILABLE, "submit it again");
        assert_eq!(world.log.published().unwrap().size, 1);

        remote.1.store(false, Ordering::Relaxed);
        assert_eq!(sct(&add_pre_chain(&world.log, &face, &body).await).leaf_index(), Some(0));
        check_published(&world.log, &world.key, 1).await;
    });
}

#[test]
fn a_window_is_kept() {
    run(async {
        let world = World::new(Memory::new()).await;
        let whole = chain(&leaf(&world.authority), &world.authority);
        let limit = Some(certificate(&whole[0]).not_after());
        let window = NotAfterWindow { start: None, limit };
        let face = CtFace::new(world.key.clone(), roots(&world.authority), window).unwrap();
        let response = add_chain(&world.log, &face, &body(&whole)).await;
        refused(&response, StatusCode::BAD_REQUEST, "valid until before");
    });
}

#[test]
fn a_frozen_log_takes_not_even_duplicates() {
    run(async {
        let world = World::new(Memory::new()).await;
        let whole = chain(&precertificate(&world.authority), &world.authority);
        sct(&world.pre(&whole).await);
        world.log.freeze();
        while !world.log.published().unwrap().frozen {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for again in [whole, chain(&precertificate(&world.authority), &world.authority)] {
            refused(&world.pre(&again).await, StatusCode::METHOD_NOT_ALLOWED, "frozen");
        }
        check_published(&world.log, &world.key, 1).await;
    });
}

#[test]
fn a_full_or_stopped_log_says_when_to_come_back() {
    run(async {
        let world = World::new(Memory::new()).await;
        let World { store, key, authority, log, task, .. } = world;
        log.stop();
        task.await.unwrap().unwrap();
        let face = Arc::new(CtFace::new(key.clone(), roots(&authority), NotAfterWindow::default()).unwrap());
        let submit = |log: &Log| {
            let (log, face) = (log.clone(), face.clone());
            let body = body(&chain(&precertificate(&authority), &authority));
            async move { add_pre_chain(&log, &face, &body).await }
        };
        let response = submit(&log).await;
        refused(&response, StatusCode::SERVICE_UNAVAILABLE, "stopped");
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");

        let queue = QueueLimits { entries: 1, ..QueueLimits::default() };
        let (log, sequencer) = open_engine(store.clone(), &key, queue, Clock::Going).await;
        let waiting = tokio::spawn(submit(&log));
        while log.queue().0 == 0 {
            tokio::task::yield_now().await;
        }
        let response = submit(&log).await;
        refused(&response, StatusCode::SERVICE_UNAVAILABLE, "busy");
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        let task = tokio::spawn(sequencer.run());
        sct(&waiting.await.unwrap());
        log.stop();
        task.await.unwrap().unwrap();
    });
}

/// LOG rule 10: with the clock behind, nothing is signed.
#[test]
fn a_clock_that_is_behind_is_waited_for_and_readiness_says_so() {
    run(async {
        let world = World::new(Memory::new()).await;
        sct(&world.pre(&chain(&precertificate(&world.authority), &world.authority)).await);
        let World { store, key, authority, face, log, task } = world;
        log.stop();
        task.await.unwrap().unwrap();
        let clock = Arc::new(AtomicU64::new(1_770_000_000_000));
        let open = || open_engine(store.clone(), &key, QueueLimits::default(), Clock::Set(clock.clone()));
        let (log, sequencer) = open().await;
        let task = tokio::spawn(sequencer.run());
        let body = body(&chain(&precertificate(&authority), &authority));
        let signed = log.published().unwrap();
        for _ in 0..2 {
            refused(&add_pre_chain(&log, &face, &body).await, StatusCode::SERVICE_UNAVAILABLE, "clock");
            assert!(log.ready().unwrap_err().to_string().contains("clock"));
        }
        assert_eq!(log.published().unwrap(), signed);
        // It notices by itself that the clock is right again.
        clock.store(1_800_000_000_000, Ordering::Relaxed);
        while log.ready().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sct(&add_pre_chain(&log, &face, &body).await);
        log.stop();
        task.await.unwrap().unwrap();

        // And it can be stopped, also if it was to be frozen, which it cannot be.
        clock.store(1_770_000_000_000, Ordering::Relaxed);
        let (log, sequencer) = open().await;
        log.freeze();
        log.stop();
        tokio::time::timeout(Duration::from_secs(30), sequencer.run()).await.unwrap().unwrap();
        assert!(!log.published().unwrap().frozen);
    });
}

#[test]
fn other_keys_are_refused() {
    for kind in [KeyKind::Ed25519, KeyKind::EcdsaP384, KeyKind::MlDsa44] {
        let key = Arc::new(SigningKey::generate(kind).unwrap());
        let face = CtFace::new(key, roots(&authority()), NotAfterWindow::default());
        assert_eq!(face.err(), Some(UnfitKey { kind }));
    }
}
