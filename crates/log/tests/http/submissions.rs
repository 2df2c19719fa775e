//! Submissions from the socket to the tree and back, and what is told about them.

use crate::server::{Running, metrics_server, wait_for};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use sealwax_crypto::{KeyKind, base64, sha256};
use sealwax_log::rekor::CreateEntryRequest;
use sealwax_server::Limits;
use sealwax_testkit::{
    Signer,
    http::{Answer, Client},
};
use std::time::{Duration, Instant};

const ENTRIES: &str = "/api/v2/log/entries";

fn request(signer: &Signer, artifact: &str) -> String {
    let b64 = |bytes: &[u8]| base64::encode(bytes);
    format!(
        r#"{{"hashedRekordRequestV002":{{"digest":"{}","signature":{{"content":"{}","verifier":{{"keyDetails":"{}","publicKey":{{"rawBytes":"{}"}}}}}}}}}}"#,
        b64(&sha256(artifact.as_bytes())),
        b64(&signer.sign(artifact.as_bytes())),
        signer.key_details(),
        b64(signer.spki()),
    )
}

#[test]
fn entries_from_many_connections() {
    let server = Running::start(Limits::default());
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let address = server.address;
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let signer = signer.clone();
            std::thread::spawn(move || {
                let mut connection = Client::connect(address);
                for number in 0..20 {
                    let body = request(&signer, &format!("{client} {number}"));
                    let first = connection.request("POST", ENTRIES, "", body.as_bytes());
                    assert_eq!(first.status, 201, "{}", first.text());
                    let again = connection.request("POST", ENTRIES, "", body.as_bytes());
                    let index = |answer: &Answer| {
                        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                        answer["logIndex"].as_str().unwrap().to_owned()
                    };
                    assert_eq!((again.status, index(&again)), (201, index(&first)));
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let checkpoint = server.client().get("/checkpoint", "");
    assert!(checkpoint.text().starts_with("log.example\n160\n"), "{}", checkpoint.text());
    assert_eq!(server.metrics.http.answers("add", 201), 320);
}

async fn call(sender: &http2::SendRequest<Full<Bytes>>, path: &str, message: &[u8]) -> Response<Incoming> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = Bytes::from([&[0], &length[..], message].concat());
    let request = Request::post(format!("http://x/{path}"))
        .header("content-type", "application/grpc+proto")
        .header("te", "trailers");
    sender.clone().send_request(request.body(Full::new(body)).unwrap()).await.unwrap()
}

#[test]
fn calls_and_watchers() {
    let server = Running::start(Limits { idle_time: Duration::from_millis(600), ..Limits::default() });
    let address = server.address;
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let io = TokioIo::new(tokio::net::TcpStream::connect(address).await.unwrap());
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);

        let message = CreateEntryRequest::from_json(request(&signer, "called").as_bytes()).unwrap();
        let path = "dev.sigstore.rekor.v2.Rekor/CreateEntry";
        let answer = call(&sender, path, &message.encode_to_vec()).await;
        assert_eq!(answer.status(), 200);
        let body = answer.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        assert!(body.to_bytes().len() > 500);

        let answer = call(&sender, "no.such/Method", &[]).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["grpc-status"]),
            (200, &"12".parse().unwrap())
        );

        // Watching is no idling.
        let mut watch = call(&sender, "grpc.health.v1.Health/Watch", &[]).await.into_body();
        let first = watch.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first[5..], [0x08, 1], "SERVING");
        assert!(tokio::time::timeout(Duration::from_millis(1_500), watch.frame()).await.is_err());

        // Nor does it keep the server from stopping.
        let start = Instant::now();
        let stopping = server.begin_stop();
        assert!(watch.frame().await.is_none_or(|frame| frame.is_err()));
        assert_eq!(stopping.join().unwrap().cut, 0);
        assert!(start.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn metrics_on_their_own_listener() {
    let server = Running::start(Limits::default());
    server.fill(5, 100);
    server.client().get("/tile/0/000.p/5", "");
    server.client().get("/nothing", "");
    let (address, _runtime) = metrics_server(&server);
    let mut client = Client::connect(address);
    let answer = client.get("/metrics", "");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "sealwax_log_entries_total{result=\"added\"} 5",
        "sealwax_log_tree_size 5",
        "sealwax_log_http_requests_total{route=\"tile\",status=\"200\"} 1",
        "sealwax_log_http_requests_total{route=\"unknown\",status=\"404\"} 1",
        "sealwax_log_http_connections_total 2",
    ] {
        assert!(answer.text().lines().any(|found| found == line), "{line} is not in\n{}", answer.text());
    }
    assert_eq!(client.get("/", "").status, 404);
    assert_eq!(client.request("POST", "/metrics", "", b"").status, 405);
    assert_eq!(server.client().get("/metrics", "").status, 404);
    wait_for("closing", || server.metrics.http.open.value() == 0);
}
