//! Certificate logs over HTTP: servers that are honest, down, slow or lie in each way, on sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Behaviour, TestLog, authority, key, now, person, scheme};
use sealwax_ca::{
    CertificateLog, CtLogError, HttpLog, IssueError, IssuedCertificate, LogLies, ProvenKey, issue,
};
use sealwax_crypto::{KeyKind, Message, base64};
use sealwax_pki::{Certificate, SctError};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a server does with an answer that would be good.
type Twist = fn(Value) -> Vec<u8>;

/// What is to come of it.
type Expected = fn(&CtLogError) -> bool;

/// A server of a log, and the requests that it got.
struct Server {
    log: CertificateLog,
    seen: Arc<Mutex<Vec<String>>>,
}

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", body)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Starts a log that behaves so, and twists what it says so.
async fn start(behaviour: Behaviour, twist: Twist) -> Server {
    let test_log = TestLog { key: key(KeyKind::EcdsaP256), behaviour };
    let public = test_log.key.public_key().clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/2026h2", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let (head, body) = request(&mut connection).await;
            requests.lock().unwrap().push(head);
            let submitted: Value = serde_json::from_slice(&body).unwrap();
            let chain = submitted["chain"].as_array().unwrap().iter();
            let chain: Vec<Certificate> = chain
                .map(|one| {
                    let der = base64::decode(&base64_engine(), one.as_str().unwrap()).unwrap();
                    Certificate::from_der(&der).unwrap()
                })
                .collect();
            let reply = twist(good_answer(&test_log, &chain));
            let _ = connection.write_all(&reply).await;
        }
    });
    let log = Arc::new(HttpLog::new(&url).unwrap());
    Server {
        log: CertificateLog { name: "2026h2".to_owned(), key: public, writes_leaf_index: true, log },
        seen,
    }
}

fn base64_engine() -> impl ::base64::Engine {
    ::base64::engine::general_purpose::STANDARD
}

async fn request(connection: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        connection.read_buf(&mut bytes).await.unwrap();
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if bytes.len() - end - 4 == length.parse::<usize>().unwrap() {
            return (head, bytes[end + 4..].to_vec());
        }
    }
}

/// As RFC 6962 4.1 has it.
fn good_answer(log: &TestLog, chain: &[Certificate]) -> Value {
    let sct = log.promise(chain);
    let length = u16::try_from(sct.signature.len()).unwrap().to_be_bytes();
    let signed = [&[sct.hash_algorithm, sct.signature_algorithm], &length[..], &sct.signature].concat();
    json!({
        "sct_version": 0,
        "id": base64::encode(&sct.log_id),
        "timestamp": sct.timestamp_ms,
        "extensions": base64::encode(&sct.extensions),
        "signature": base64::encode(&signed),
    })
}

async fn certificate(logs: &[CertificateLog]) -> Result<IssuedCertificate, IssueError> {
    let (identity, client) = (person(), key(KeyKind::EcdsaP256));
    let proof = client.sign(scheme(&client), Message::Bytes(identity.challenge().as_bytes())).unwrap();
    let key = ProvenKey::by_challenge(client.public_key().clone(), &proof, &identity).unwrap();
    issue(&authority(KeyKind::EcdsaP256), logs, &identity, key, &now).await
}

#[tokio::test]
async fn an_honest_log() {
    let server = start(Behaviour::Honest, |good| ok(&good.to_string())).await;
    let issued = certificate(std::slice::from_ref(&server.log)).await.unwrap();
    assert_eq!(issued.certificate().embedded_scts().unwrap()[0].log_id, server.log.key.spki_sha256());
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("post /2026h2/ct/v1/add-pre-chain http/1.1\r\n"), "{}", seen[0]);
    assert!(seen[0].contains("content-type: application/json"), "{}", seen[0]);
}

/// Both have to promise.
#[tokio::test]
async fn two_logs() {
    let honest = start(Behaviour::Honest, |good| ok(&good.to_string())).await.log;
    let other = start(Behaviour::Honest, |good| ok(&good.to_string())).await.log;
    let issued = certificate(&[honest.clone(), other]).await.unwrap();
    assert_eq!(issued.certificate().embedded_scts().unwrap().len(), 2);
    let full = start(Behaviour::Honest, |_| answer("503 Service Unavailable", "full\n")).await.log;
    let error = certificate(&[honest, full]).await.unwrap_err();
    assert!(matches!(error, IssueError::Log { cause: CtLogError::Refused { status: 503, .. }, .. }));
}

/// A log of RFC 6962 alone has no index to write; one of static-ct-api has.
#[tokio::test]
async fn the_index_is_wanted_where_it_is_written() {
    let mut log = start(Behaviour::NoIndex, |good| ok(&good.to_string())).await.log;
    let error = certificate(std::slice::from_ref(&log)).await.unwrap_err();
    assert!(matches!(error, IssueError::LogLies { cause: LogLies::NoLeafIndex, .. }));
    log.writes_leaf_index = false;
    assert!(certificate(&[log]).await.is_ok());
}

#[tokio::test]
async fn lies() {
    for (behaviour, expected) in [
        (Behaviour::WrongLogId, (|lie| matches!(lie, LogLies::LogId { .. })) as fn(&LogLies) -> bool),
        (Behaviour::WrongKey, |lie| matches!(lie, LogLies::Signature(SctError::Verify(_)))),
        (Behaviour::AnotherCertificate, |lie| matches!(lie, LogLies::Signature(SctError::Verify(_)))),
        (Behaviour::WrongAlgorithm, |lie| matches!(lie, LogLies::Signature(SctError::Algorithm { .. }))),
        (Behaviour::WrongTime(-61_000), |lie| matches!(lie, LogLies::Time { .. })),
        (Behaviour::WrongTime(61_000), |lie| matches!(lie, LogLies::Time { .. })),
    ] {
        let server = start(behaviour, |good| ok(&good.to_string())).await;
        match certificate(&[server.log]).await.unwrap_err() {
            IssueError::LogLies { log, cause } => {
                assert!(log == "2026h2" && expected(&cause), "{behaviour:?}: {cause}");
            }
            other => panic!("{behaviour:?}: {other}"),
        }
    }
}

#[tokio::test]
async fn answers_that_are_no_promise() {
    fn with(name: &str, value: Value) -> impl Fn(Value) -> Vec<u8> {
        let name = name.to_owned();
        move |mut good| {
            good[&name] = value.clone();
            ok(&good.to_string())
        }
    }
    fn malformed(cause: &CtLogError) -> bool {
        matches!(cause, CtLogError::Malformed { .. })
    }
    let cases: [(Twist, Expected); 15] = [
        (|_| ok("<html>"), malformed),
        (|_| ok("[]"), malformed),
        (|_| ok("{}"), malformed),
        (with_version, malformed),
        (|good| with("id", json!("AAAA"))(good), malformed),
        (|good| with("id", json!(7))(good), malformed),
        (|good| with("timestamp", json!("1"))(good), malformed),
        (|good| with("timestamp", json!(-1))(good), malformed),
        (|good| with("extensions", json!("*"))(good), malformed),
        (|good| with("signature", json!("AAA="))(good), malformed),
        (|good| with("signature", json!("BAMABWFhYWE="))(good), malformed),
        (|good| ok(&format!("{good}{}", " ".repeat(20 << 10))), malformed),
        (
            |_| answer("400 Bad Request", "unknown root\r\nmore"),
            |cause| matches!(cause, CtLogError::Refused { status: 400, reason } if reason == "unknown root"),
        ),
        (
            |good| answer("302 Found\r\nlocation: http://127.0.0.1:1/", &good.to_string()),
            |cause| matches!(cause, CtLogError::Refused { status: 302, .. }),
        ),
        (
            |_| b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{".to_vec(),
            |cause| matches!(cause, CtLogError::Unreachable { .. }),
        ),
    ];
    for (number, (twist, expected)) in cases.into_iter().enumerate() {
        let server = start(Behaviour::Honest, twist).await;
        match certificate(&[server.log]).await.unwrap_err() {
            IssueError::Log { log, cause } => {
                assert!(log == "2026h2" && expected(&cause), "{number}: {cause}");
            }
            other => panic!("{number}: {other}"),
        }
    }
}

fn with_version(mut good: Value) -> Vec<u8> {
    good["sct_version"] = json!(1);
    ok(&good.to_string())
}

#[tokio::test]
async fn down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let log = Arc::new(HttpLog::new(&url).unwrap());
    let key = key(KeyKind::EcdsaP256).public_key().clone();
    let log = CertificateLog { name: "down".to_owned(), key, writes_leaf_index: false, log };
    let error = certificate(&[log]).await.unwrap_err();
    assert!(matches!(error, IssueError::Log { cause: CtLogError::Unreachable { .. }, .. }), "{error}");
    for url in ["ftp://a.example", "a.example", "https://a.example/?x"] {
        assert!(HttpLog::new(url).is_err(), "{url}");
    }
}

/// A log that accepts the connection and then says nothing, or drips: ten seconds, and not a certificate.
#[tokio::test]
async fn slow() {
    for drip in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = request(&mut connection).await;
            tokio::time::pause();
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await;
            while drip && connection.write_all(b" ").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            std::future::pending::<()>().await;
        });
        let log = Arc::new(HttpLog::new(&url).unwrap());
        let key = key(KeyKind::EcdsaP256).public_key().clone();
        let log = CertificateLog { name: "slow".to_owned(), key, writes_leaf_index: false, log };
        let error = certificate(&[log]).await.unwrap_err();
        assert!(
            matches!(error, IssueError::Log { cause: CtLogError::TimedOut { seconds: 10 }, .. }),
            "{drip}: {error}"
        );
        tokio::time::resume();
    }
}
