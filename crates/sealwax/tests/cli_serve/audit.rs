//! Who got which certificate, and who did not.

use std::fs;

use serde_json::{Value, json};

use crate::common::Scratch;
use crate::instance::Running;
use crate::signing;

fn lines(directory: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("{directory}/audit/audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_was_issued_and_what_was_refused_is_written_down_before_the_answer() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
    scratch
        .run(&["account", "add", "bot", "--dir", &directory, "--machine", "--secret-file", &secret])
        .exits(0);
    let issuer = running.machine_issuer().to_owned();
    signing::sign(&scratch, &running, &secret, "app", b"content");
    let issued = lines(&directory);
    assert_eq!(issued.len(), 1);
    let line = &issued[0];
    assert_eq!(line["event"], "issued");
    assert_eq!(line["issuer"], issuer);
    assert_eq!(
        (line["san_type"].as_str(), line["san"].as_str()),
        (Some("uri"), Some(&*format!("{issuer}/bot")))
    );
    assert_eq!(line["subject"], line["san"]);
    assert_eq!(line["address"], "127.0.0.1");
    assert_eq!(line["logs"][0]["index"], 0);
    for digest in ["certificate_sha256", "public_key_sha256"] {
        assert_eq!(line[digest].as_str().unwrap().len(), 64, "{digest}");
    }
    assert!(line["serial"].as_str().unwrap().len() >= 32);

    // A token that is good, for a key that nobody has proved; and one that is not good.
    let token =
        scratch.run(&["token", "--issuer", &issuer, "--machine", "bot", "--secret-file", &secret]).exits(0);
    let token = token.out.trim().to_owned();
    let pem = fs::read_to_string(format!("{directory}/certificates/ca-1.pem")).unwrap();
    let ask = |token: &str| {
        let body = json!({
            "credentials": {"oidcIdentityToken": token},
            "publicKeyRequest": {"publicKey": {"content": pem}, "proofOfPossession": "AAAA"},
        });
        running.post("/api/v2/signingCert", &body).status
    };
    assert_eq!(ask(&token), 400);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    assert_eq!(ask(&format!("{signed}.{}", forged)), 400);
    assert_eq!(ask("nothing"), 400);
    let all = lines(&directory);
    assert_eq!(
        all.iter().map(|line| line["event"].as_str().unwrap()).collect::<Vec<_>>(),
        ["issued", "refused", "refused", "refused"]
    );
    assert_eq!(all[1]["san"], format!("{issuer}/bot"));
    assert_eq!(all[2]["claimed_issuer"], issuer);
    assert!(all[2]["san"].is_null());
    assert!(all[3]["claimed_issuer"].is_null());
    assert!(
        all.iter().skip(1).all(|line| line["status"] == 400 && !line["reason"].as_str().unwrap().is_empty())
    );
    let text = fs::read_to_string(format!("{directory}/audit/audit.jsonl")).unwrap();
    assert!(!text.contains(signature) && !text.contains(&signed[..60]), "{text}");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_certificate_that_cannot_be_written_down_is_not_handed_out() {
    let scratch = Scratch::new();
    // A file that is always full.
    let folder = scratch.path("full");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.join("audit.jsonl")).unwrap();
    let config = scratch.write("serve.toml", "[audit]\ndirectory = \"full\"\n");
    let running = Running::start(&scratch, &["--config", &config]);
    let directory = running.directory();
    let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
    scratch
        .run(&["account", "add", "bot", "--dir", &directory, "--machine", "--secret-file", &secret])
        .exits(0);
    let refused = signing::certificate(&scratch, &running, &secret);
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("could not be recorded") && !refused.text().contains("BEGIN"));
    running.stop();
}
