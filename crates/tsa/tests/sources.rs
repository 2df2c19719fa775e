//! Time sources that are right, lie, are silent, or answer for others: real servers on the loopback.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Hands, Scratch, authority, credentials};
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{HashAlgorithm, KeyKind, digest};
use sealwax_pki::TimestampRequest;
use sealwax_tsa::{
    Refusal, Settings, TimestampAuthority,
    clock::{Observation, Reading, Sources, Untrusted},
    ntp::{AskError, NtpTime, PACKET_BYTES, PacketError, Watch, ask, watch},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::UdpSocket, task::JoinHandle};

const PATIENCE: Duration = Duration::from_secs(5);

/// How a source misbehaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Its clock is off by this.
    Off(SignedDuration),
    Silent,
    /// It wants to be left alone.
    Kiss,
    /// First an answer to something else, then a packet that is too long, then the right one.
    Strays,
    /// Only answers to something else.
    OtherOrigin,
}

const RIGHT: Manner = Manner::Off(SignedDuration::ZERO);

/// A server, and its address. It ends with the runtime of the test.
async fn server(manner: Manner) -> (String, JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        let mut request = [0; 64];
        loop {
            let (length, client) = socket.recv_from(&mut request).await.unwrap();
            assert_eq!(length, PACKET_BYTES);
            let send =
                async |packet: &[u8]| assert_eq!(socket.send_to(packet, client).await.unwrap(), packet.len());
            let mut answer = answer(&request[..length], manner);
            match manner {
                Manner::Silent => {}
                Manner::OtherOrigin => {
                    answer[24] ^= 1;
                    for _ in 0..20 {
                        send(&answer).await;
                    }
                }
                Manner::Strays => {
                    let mut other = answer;
                    other[31] ^= 1;
                    send(&other).await;
                    send(&[&answer[..], &[0; 4]].concat()).await;
                    send(&[]).await;
                    send(&answer).await;
                }
                Manner::Off(_) | Manner::Kiss => send(&answer).await,
            }
        }
    });
    (address, task)
}

fn answer(request: &[u8], manner: Manner) -> [u8; PACKET_BYTES] {
    let off = if let Manner::Off(off) = manner { off } else { SignedDuration::ZERO };
    let now = NtpTime::from_timestamp(Timestamp::now() + off).0.to_be_bytes();
    let mut packet = [0; PACKET_BYTES];
    packet[0] = 0b00_100_100;
    packet[1] = u8::from(manner != Manner::Kiss);
    packet[12..16].copy_from_slice(b"RATE");
    packet[24..32].copy_from_slice(&request[40..48]);
    packet[32..40].copy_from_slice(&now);
    packet[40..48].copy_from_slice(&now);
    packet
}

/// How far a source says that the system's clock is behind, in whole seconds.
async fn asked(manner: Manner) -> Result<i64, AskError> {
    let (address, _server) = server(manner).await;
    let Observation::Time { monotonic, time, error } = ask(&address, PATIENCE).await? else {
        panic!("an answer is an observation")
    };
    assert!(error < Duration::from_secs(1), "{error:?}");
    let now = Reading::take();
    let expected = now.wall - SignedDuration::try_from(now.monotonic - monotonic).unwrap();
    let half = SignedDuration::from_millis(500);
    Ok((time.duration_since(expected) + half).as_millis().div_euclid(1000).try_into().unwrap())
}

#[tokio::test]
async fn sources_are_asked() {
    assert_eq!(asked(RIGHT).await.unwrap(), 0);
    assert_eq!(asked(Manner::Off(SignedDuration::from_secs(3_600))).await.unwrap(), 3_600);
    assert_eq!(asked(Manner::Off(SignedDuration::from_secs(-7))).await.unwrap(), -7);
    assert_eq!(asked(Manner::Strays).await.unwrap(), 0);
    assert!(
        matches!(asked(Manner::Kiss).await, Err(AskError::Packet(PacketError::Kiss(code))) if &code == b"RATE")
    );
    assert!(matches!(asked(Manner::OtherOrigin).await, Err(AskError::Strays)));
    let (silent, _server) = server(Manner::Silent).await;
    let patience = Duration::from_millis(20);
    assert!(matches!(ask(&silent, patience).await, Err(AskError::TimedOut(after)) if after == patience));
    assert!(matches!(ask("127.0.0.1", PATIENCE).await, Err(AskError::Io(_))), "no port");
}

/// What an authority whose own clock is the system's says after one poll of these sources, of which it needs two.
async fn polled(manners: &[Manner]) -> Result<(), Untrusted> {
    let mut servers = Vec::new();
    for manner in manners {
        servers.push(server(*manner).await.0);
    }
    let rule = Sources::new(2, servers.len(), Duration::from_millis(900), Duration::from_secs(60)).unwrap();
    let scratch = Scratch::new();
    let authority = of_the_system(&scratch, rule);
    assert!(matches!(authority.observe(&[]), Err(Untrusted::NeverConfirmed { .. })));
    let said = Mutex::new(None);
    let how = Watch { servers, patience: Duration::from_millis(200), attempts: 2, ..Watch::default() };
    let polls = watch(
        how,
        |observations| {
            let trusted = authority.observe(observations);
            *said.lock().unwrap() = Some(trusted);
            trusted.is_ok()
        },
        |_, _| {},
    );
    // Polls never end by themselves.
    let until_said = async {
        while said.lock().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = polls => {}
        () = until_said => {}
    }
    let said = said.lock().unwrap().take();
    said.unwrap()
}

fn of_the_system(scratch: &Scratch, rule: Sources) -> TimestampAuthority {
    let now = Arc::new(Reading::take);
    let last = sealwax_tsa::LastStamp::open(scratch.path()).unwrap();
    let clock = sealwax_tsa::clock::Clock::new(Some(rule), now(), last.stored());
    TimestampAuthority::new(
        credentials(KeyKind::EcdsaP256),
        clock,
        last,
        Settings { now, ..Settings::default() },
    )
}

#[tokio::test]
async fn two_of_three_must_agree() {
    let lie = Manner::Off(SignedDuration::from_secs(60));
    assert_eq!(polled(&[RIGHT, RIGHT, RIGHT]).await, Ok(()));
    assert_eq!(polled(&[RIGHT, lie, RIGHT]).await, Ok(()));
    assert_eq!(polled(&[RIGHT, RIGHT, Manner::Silent]).await, Ok(()));
    assert_eq!(polled(&[Manner::Kiss, RIGHT, Manner::Strays]).await, Ok(()));
    let never = Err(Untrusted::NeverConfirmed { needed: 2, configured: 3 });
    assert_eq!(polled(&[RIGHT, Manner::Silent, Manner::OtherOrigin]).await, never);
    assert_eq!(polled(&[RIGHT, lie, Manner::Silent]).await, never);
    let disagreement = |agreed| Err(Untrusted::Disagreement { agreed, needed: 2, configured: 3 });
    assert_eq!(polled(&[RIGHT, lie, lie]).await, disagreement(1));
    assert_eq!(polled(&[lie, lie, Manner::Silent]).await, disagreement(0));
}

#[tokio::test]
async fn sources_that_contradict_the_clock_end_the_stamping() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let rule = Sources::new(1, 1, Duration::from_millis(900), Duration::from_secs(60)).unwrap();
    let authority =
        authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, Some(rule), Settings::default());
    let request = TimestampRequest::new(digest(HashAlgorithm::Sha256, b"message"));
    let says = |off: i64| {
        let Reading { monotonic, wall } = hands.reading();
        let time = wall + SignedDuration::from_secs(off);
        authority.observe(&[Observation::Time { monotonic, time, error: Duration::from_millis(1) }])
    };
    assert!(matches!(authority.stamp(&request), Err(Refusal::Clock(Untrusted::NeverConfirmed { .. }))));
    assert_eq!(says(0), Ok(()));
    assert!(authority.stamp(&request).is_ok());
    assert!(matches!(says(60), Err(Untrusted::Disagreement { agreed: 0, .. })));
    assert!(matches!(authority.stamp(&request), Err(Refusal::Clock(Untrusted::Disagreement { .. }))));
    assert!(authority.ready().is_err());
    assert_eq!(says(0), Ok(()));
    assert!(authority.stamp(&request).is_ok());
    hands.pass(Duration::from_secs(61));
    assert!(matches!(authority.stamp(&request), Err(Refusal::Clock(Untrusted::Unconfirmed { .. }))));
}
