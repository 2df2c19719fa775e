//! Who signs when no token is at hand: whoever the place we run in says, or whoever signs in.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::client::Browser;
use crate::common::Scratch;
use crate::proxy::{Act, Proxy, Reply};
use crate::signer::Signer;

const PASSWORD: &str = "correct horse battery";

#[test]
fn a_job_of_github_signs_by_the_token_of_its_runner() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let token = signer.token(&scratch);
    let runner = Proxy::start(signer.url(), move |_, _, _| {
        let body = json!({"value": token.trim()}).to_string().into_bytes();
        Act::Reply(Reply { status: 200, headers: String::new(), body })
    });
    let url = format!("{}/token?job=7", runner.url);
    let mut variables = vec![
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
    ];
    signer.sign(&scratch, &["sign", &app], &variables, b"").exits(0).complains("GitHub Actions");
    signer.verify(&scratch, &app).exits(0);
    assert_eq!(*runner.asked.lock().unwrap(), ["/token?job=7&audience=sigstore"]);
    // Without the permission it says so, at once, and tries nothing else.
    variables.pop();
    signer
        .sign(&scratch, &["sign", &app, "--overwrite"], &variables, b"")
        .exits(3)
        .complains("id-token: write");
}

#[test]
fn a_token_that_travels_in_the_clear_is_asked_for_by_no_proxy() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let proxy = Proxy::start(signer.url(), |_, _, _| Act::Cut);
    let variables =
        [("GCE_METADATA_HOST", "metadata.invalid"), ("HTTP_PROXY", &proxy.url), ("http_proxy", &proxy.url)];
    signer
        .sign(&scratch, &["sign", &app, "--patience", "0s"], &variables, b"")
        .exits(3)
        .complains("Google Cloud")
        .complains("metadata.invalid");
    assert!(proxy.asked.lock().unwrap().is_empty());
}

#[test]
fn a_person_signs_in_with_a_browser() {
    signs_in(&[("BROWSER", "true")]);
}

#[test]
fn where_there_is_no_browser_the_link_is_enough() {
    signs_in(&[("BROWSER", "/nowhere/browser")]);
    signs_in(&[("BROWSER", ""), ("PATH", "/nowhere")]);
}

/// Follows the printed link, as somebody would on another screen of the machine.
fn signs_in(variables: &[(&str, &str)]) {
    let scratch = Scratch::new();
    // Under the name by which the browser knows it: forms are for the same origin alone.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = format!("http://{address}");
    let signer = Signer::start_with(&scratch, &["--listen", &address, "--url", &url]);
    signer.add_person(&scratch, "ada", "ada@example.com", PASSWORD);
    let app = scratch.write("app", b"content");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealwax"))
        .args(["sign", &app, "--browser", "--trust-config", &signer.config, "--json"])
        .args(["--expect-identity", "ada@example.com"])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    let link = line.split_whitespace().find(|word| word.starts_with("http")).unwrap();
    let (host, target) = link.trim_start_matches("http://").split_once('/').unwrap();
    let port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut browser = Browser::new(SocketAddr::from(([127, 0, 0, 1], port)));
    let page = browser.open(&format!("/{target}"));
    let back = browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]);
    let location = back.header("location").to_owned();
    let (port, target) = location.strip_prefix("http://localhost:").unwrap().split_once('/').unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    assert_eq!(crate::client::send(address, "GET", &format!("/{target}"), &[], "").status, 200);
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}{rest}");
    assert!(out.contains("ada@example.com") && rest.contains("becomes public"), "{out}{rest}");
}
