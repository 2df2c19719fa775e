//! What an operator sees: `sealwax status`, and the metrics.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::common::{Scratch, serve};
use crate::instance::Running;
use crate::rotation::Bot;

pub(crate) fn metrics(running: &Running) -> String {
    let ready = running.ready();
    let url = ready["metrics_url"].as_str().unwrap();
    let host = url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn an_operator_sees_what_there_is_and_what_needs_attention() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &["--metrics-listen", "127.0.0.1:0"]);
    let (directory, url) = (running.directory(), running.url().to_owned());
    Bot::new(&scratch, &running).sign(&running, "one");
    for place in [["--dir", &directory], ["--url", &url]] {
        let status = scratch.run(&[&["status", "--json"][..], &place].concat()).exits(0).json();
        assert_eq!(status["attention"], "none", "{status}");
        let mut sizes: Vec<u64> =
            status["logs"].as_array().unwrap().iter().filter_map(|log| log["size"].as_u64()).collect();
        sizes.sort_unstable();
        // The signature log has an entry of its own.
        assert_eq!(sizes, [1, 2], "{status}");
        assert!(status["endings"].as_array().unwrap().len() >= 3, "{status}");
    }
    let status = scratch.run(&["status", "--dir", &directory]).exits(0);
    assert!(status.out.contains("none: the machine's clock is believed"), "{}", status.out);

    let elsewhere = scratch.write("elsewhere.toml", "[time]\nservers = ['127.0.0.1:1']\n");
    scratch.run(&["status", "--dir", &directory, "--config", &elsewhere]).exits(0).says("configured");

    scratch.run(&["rotate", "log", "tsa", "--dir", &directory, "--lead", "1h"]).exits(0);
    for place in [["--dir", &directory], ["--url", &url]] {
        let status = scratch.run(&[&["status", "--json"][..], &place].concat()).exits(0).json();
        assert_eq!(status["planned"].as_array().unwrap().len(), 2, "{status}");
    }
    let key = serde_json::json!({"publicKey": {"content": "-----"}, "proofOfPossession": "AA=="});
    for token in [serde_json::json!({}), serde_json::json!({"oidcIdentityToken": "no.token.this"})] {
        let request = serde_json::json!({"credentials": token, "publicKeyRequest": key});
        assert_eq!(running.post("/api/v2/signingCert", &request).status, 400);
    }
    let metrics = metrics(&running);
    for line in [
        "sealwax_log_tree_size{log=\"/ct/1\"} 1",
        "sealwax_log_tree_size{log=\"/shard/1\"} 2",
        "sealwax_late 0",
        "sealwax_tsa_requests_total{result=\"granted\"} 1",
        "sealwax_ca_certificates_total{issuer_type=\"uri\"} 1",
        "sealwax_ca_certificates_total{issuer_type=\"email\"} 0",
        "sealwax_ca_refused_total{cause=\"request\"} 1",
        "sealwax_ca_refused_total{cause=\"token\"} 1",
        "sealwax_ca_sct_failures_total{cause=\"refused\"} 0",
        "sealwax_ca_issue_seconds_count 1",
        "sealwax_ca_ready 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    for start in [
        "sealwax_expiry_seconds{what=\"ca\"} ",
        "sealwax_expiry_seconds{what=\"tuf timestamp\"} 6",
        "sealwax_planned_seconds{what=\"log\"} 3",
    ] {
        assert!(metrics.lines().any(|found| found.starts_with(start)), "{start} is not in\n{metrics}");
    }
    // Every family once, so that Prometheus takes it.
    let mut families: Vec<&str> = metrics.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    let count = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), count);

    assert_eq!(running.get("/readyz").status, 200);
    // Where that cannot be asked, nothing is taken for ready.
    let files = ["trusted_root.json", "tuf/timestamp.json"];
    let files = files.map(|name| (name, running.get(&format!("/{name}")).body));
    let copy = serve(move |path| Some(files.iter().find(|(name, _)| *name == path)?.1.clone()));
    scratch.run(&["status", "--url", &copy]).exits(1).says("/readyz");
    assert_eq!(running.stop(), Some(0));
    let status = scratch.run(&["status", "--dir", &directory]).exits(1);
    assert!(status.out.contains("no process serves it"), "{}", status.out);
    scratch.run(&["status", "--url", &url]).exits(3);
    scratch.run(&["status", "--dir", &scratch.path("nothing").to_string_lossy()]).exits(3);
}
