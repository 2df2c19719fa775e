//! The same authority over gRPC, asked by the client that comes with Fulcio (`peers/go/ca`).

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use sealwax_ca::{SERVICE, Service, mount};
use sealwax_server::grpc::Health;
use sealwax_server::{Options, Router, Server};

/// Serves `service` for as long as `client` asks it with that token, and returns what the client says.
pub(crate) fn ask(client: &Path, service: &Arc<Service>, token: &str, challenge: &str) -> String {
    let ready = Arc::clone(service);
    let health = Health::default().with(SERVICE, move || ready.ready());
    let site = mount(Router::default(), service).with(Health::PATH, health);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let server = runtime.block_on(async { Server::bind(any, site, Options::default()) }).unwrap();
    let address = server.address().to_string();
    runtime.spawn(server.run(std::future::pending()));

    let mut client = Command::new(client);
    client.args([&address, challenge]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = client.spawn().unwrap();
    client.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success(), "Fulcio's client of gRPC: {}", output.status);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
