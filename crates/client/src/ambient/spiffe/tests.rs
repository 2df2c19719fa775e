//! Against an agent that speaks the protocol: HTTP/2 on a Unix socket, one message each way, the status in trailers.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixListener;

use sealwax_net::grpc::UNAVAILABLE;

use super::super::{Found, Surroundings, ambient};
use super::*;

/// The codes of gRPC that an agent uses.
const INVALID_ARGUMENT: u32 = 3;

type Body = BoxBody<Bytes, Infallible>;

/// What an agent says to a caller that asks properly, one answer after the other; the last one again and again.
type Answers = Arc<Mutex<Vec<Result<Vec<u8>, u32>>>>;

struct Agent {
    path: PathBuf,
    asked: Arc<Mutex<Vec<JwtSvidRequest>>>,
}

impl Agent {
    fn start(name: &str, answers: Vec<Result<Vec<u8>, u32>>) -> Self {
        let path = std::env::temp_dir().join(format!("sealwax-spiffe-{name}-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let (answers, asked): (Answers, _) = (Arc::new(Mutex::new(answers)), Arc::default());
        let agent = Self { path, asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
                let service =
                    service_fn(move |request| answer(request, Arc::clone(&answers), Arc::clone(&asked)));
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        agent
    }

    fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Answers,
    asked: Arc<Mutex<Vec<JwtSvidRequest>>>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let is = |name: &str, value: &str| head.headers.get(name).is_some_and(|found| found == value);
    let proper = head.method == "POST"
        && head.uri.path() == "/SpiffeWorkloadAPI/FetchJWTSVID"
        && is("content-type", "application/grpc")
        && is("te", "trailers")
        && is("workload.spiffe.io", "true");
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body[..5], [0, 0, 0, 0, u8::try_from(body.len() - 5).unwrap()]);
    asked.lock().unwrap().push(JwtSvidRequest::decode(&body[5..]).unwrap());
    let mut answers = answers.lock().unwrap();
    let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
    let answer = if proper { answer } else { Err(INVALID_ARGUMENT) };
    let head = Response::builder().header("content-type", "application/grpc");
    Ok(match answer {
        Ok(message) => {
            let mut frame = vec![0];
            frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            frame.extend(message);
            let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            let body = Full::new(Bytes::from(frame)).with_trailers(async move { Some(Ok(trailers)) });
            head.body(body.boxed()).unwrap()
        }
        // At once: the status is in the head.
        Err(code) => head
            .header("grpc-status", code)
            .header("grpc-message", "no identity issued")
            .body(Full::default().boxed())
            .unwrap(),
    })
}

fn svids(tokens: &[&str]) -> Vec<u8> {
    let svid = |token: &&str| JwtSvid {
        spiffe_id: "spiffe://acme.example/build".to_owned(),
        svid: (*token).to_owned(),
        hint: String::new(),
    };
    JwtSvidResponse { svids: tokens.iter().map(svid).collect() }.encode_to_vec()
}

async fn ask(address: &str) -> Result<Option<Found>, AmbientError> {
    let variable = |name: &str| (name == VARIABLE).then(|| address.to_owned());
    let surroundings =
        Surroundings { variable: &variable, token_file: Path::new("/nowhere/token"), is_google: false };
    let patience = Patience { pause: Duration::from_millis(1), total: Duration::from_millis(50) };
    ambient(&surroundings, "sigstore", patience).await
}

#[tokio::test]
async fn the_agent_gives_the_first_identity_for_the_audience() {
    let agent = Agent::start("good", vec![Err(UNAVAILABLE), Ok(svids(&["a.b.c", "d.e.f"]))]);
    let found = ask(&agent.address()).await.unwrap().unwrap();
    assert_eq!((found.token.as_str(), found.system), ("a.b.c", System::Spiffe));
    let asked = agent.asked.lock().unwrap();
    // Asked again, with the same words.
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| request.audience == ["sigstore"] && request.spiffe_id.is_empty()));
}

#[tokio::test]
async fn an_agent_that_does_not_know_the_process_says_what_is_missing() {
    let agent = Agent::start("unknown", vec![Err(PERMISSION_DENIED)]);
    let refused = ask(&agent.address()).await.unwrap_err();
    assert!(matches!(refused, AmbientError::Permission { system: System::Spiffe, .. }), "{refused:?}");
    assert!(refused.to_string().contains("register an entry"));
    assert_eq!(agent.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn agents_that_are_none() {
    let long = vec![0; 1 << 17];
    for (name, answer, part) in [
        ("invalid", Err(INVALID_ARGUMENT), "status 3: no identity issued"),
        ("empty", Ok(svids(&[])), "no identity in it"),
        ("odd", Ok(vec![0xff]), "cannot be read"),
        ("long", Ok(long), "more than"),
    ] {
        let agent = Agent::start(name, vec![answer]);
        let refused = ask(&agent.address()).await.unwrap_err();
        assert!(matches!(refused, AmbientError::Unusable { system: System::Spiffe, .. }), "{refused:?}");
        assert!(refused.to_string().contains(part), "{name}: {refused}");
    }
    for address in ["unix:///nowhere/agent.sock", "tcp://192.0.2.1:8081", "agent.sock"] {
        let refused = ask(address).await.unwrap_err();
        assert!(matches!(refused, AmbientError::Unusable { .. }), "{address}: {refused:?}");
    }
}
