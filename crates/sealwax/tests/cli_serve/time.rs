//! Time sources that are right, lie and fall silent, before an instance that asks them.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::sha256;
use sealwax_formats::base64;
use sealwax_tsa::ntp::{NtpTime, PACKET_BYTES};
use serde_json::json;

use crate::common::Scratch;
use crate::instance::{Reply, Running};

/// A server of NTP on the loopback, which ends with the process.
struct Source {
    address: String,
    off_seconds: Arc<AtomicI64>,
}

/// Instead of how far it is off: it does not answer.
const SILENT: i64 = i64::MAX;

impl Source {
    fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let off_seconds = Arc::new(AtomicI64::new(0));
        let off = off_seconds.clone();
        std::thread::spawn(move || {
            let mut request = [0; PACKET_BYTES];
            loop {
                let (_, client) = socket.recv_from(&mut request).unwrap();
                let off = off.load(Ordering::SeqCst);
                if off != SILENT {
                    let time = Timestamp::now() + SignedDuration::from_secs(off);
                    socket.send_to(&answer(&request, time), client).unwrap();
                }
            }
        });
        Self { address, off_seconds }
    }

    fn is_off_by(&self, seconds: i64) {
        self.off_seconds.store(seconds, Ordering::SeqCst);
    }
}

/// Of a server of stratum 1, to the question's cookie (RFC 5905, 7.3).
fn answer(request: &[u8; PACKET_BYTES], time: Timestamp) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[..2].copy_from_slice(&[0b00_100_100, 1]);
    packet[24..32].copy_from_slice(&request[40..48]);
    let time = NtpTime::from_timestamp(time).0.to_be_bytes();
    packet[32..40].copy_from_slice(&time);
    packet[40..48].copy_from_slice(&time);
    packet
}

pub(crate) fn stamp(running: &Running) -> Reply {
    let hash = base64::encode(&sha256(b"content"));
    running.post("/api/v1/timestamp", &json!({"artifactHash": hash, "hashAlgorithm": "sha256"}))
}

/// Waits until `/readyz` has this status, and returns what it says.
fn wait_for(running: &Running, status: u16) -> String {
    let start = Instant::now();
    loop {
        let reply = running.get("/readyz");
        if reply.status == status {
            return reply.text();
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{} {}", reply.status, reply.text());
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn nothing_is_stamped_while_the_sources_contradict_the_clock() {
    let scratch = Scratch::new();
    let sources = [Source::start(), Source::start(), Source::start()];
    let [first, second, third] = &sources;
    let servers = sources.iter().map(|source| format!("'{}'", source.address)).collect::<Vec<_>>().join(", ");
    let file = format!("[time]\nservers = [{servers}]\ntolerance = '900ms'\nevery = '1s'\n");
    scratch.write("sigstore/serve.toml", file);

    // One of three lies.
    first.is_off_by(3_600);
    let running = Running::start(&scratch, &[]);
    wait_for(&running, 200);
    assert!(matches!(stamp(&running).status, 200 | 201));

    // Two of three lie: it cannot be told that they do.
    second.is_off_by(-60);
    let said = wait_for(&running, 503);
    assert!(said.contains("of 3 time sources 1 agree"), "{said}");
    assert_eq!(stamp(&running).status, 503);
    let directory = running.directory();
    for place in [["--dir", &directory], ["--url", running.url()]] {
        let status = scratch.run(&[&["status"][..], &place].concat()).exits(1);
        status.says("not ready: timestamp authority").says("of 3 time sources 1 agree");
    }
    // The rest of the instance goes on.
    assert_eq!(running.get("/checkpoint").status, 200);
    assert_eq!(running.get("/healthz").status, 200);

    // One tells the truth again, and then nobody says anything.
    second.is_off_by(0);
    wait_for(&running, 200);
    assert!(matches!(stamp(&running).status, 200 | 201));
    for source in [first, second, third] {
        source.is_off_by(SILENT);
    }
    let said = wait_for(&running, 503);
    assert!(said.contains("too few of 3 time sources"), "{said}");
    assert_eq!(stamp(&running).status, 503);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn sources_that_cannot_be_needed_are_refused_at_the_start() {
    let scratch = Scratch::new();
    let directory = scratch.path("sigstore").to_string_lossy().into_owned();
    scratch.write("sigstore/serve.toml", "[time]\nservers = ['127.0.0.1:1']\nneeded = 2\n");
    scratch.run(&["serve", "--dir", &directory]).exits(2).complains("2 of 1 time sources");
    assert!(!scratch.path("sigstore/instance.json").exists());
}
