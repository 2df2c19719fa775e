//! Files that change while the instance runs: what is taken, and what is not.

use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, SigningKey};

use crate::common::Scratch;
use crate::instance::Running;
use crate::issuer;
use crate::rotation::Bot;
use crate::signing::certificate_for;

const PERSON: &str = "ada@acme.example";

/// Of a person, whom the issuer vouches for.
fn ask(running: &Running, (key, url): &(SigningKey, String)) -> (u16, String) {
    let now = Timestamp::now().as_second();
    let claims = format!(
        r#"{{"iss":"{url}","aud":"sigstore","sub":"1","email":"{PERSON}","email_verified":true,"iat":{now},"exp":{}}}"#,
        now + 300
    );
    let token = issuer::token(key, &claims);
    let own = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let reply = certificate_for(&own, running, token.trim(), PERSON);
    (reply.status, reply.text())
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn issuers_come_and_go_without_a_restart() {
    let scratch = Scratch::new();
    let (first, second) = (issuer::provider(), issuer::provider());
    let write = |issuers: &[&(SigningKey, String)]| {
        let lines = issuers.iter().map(|(_, url)| format!("  {url}: {{client-id: sigstore, type: email}}\n"));
        scratch.write("issuers.yaml", format!("oidc-issuers:\n{}", lines.collect::<String>()))
    };
    let file = write(&[&first]);
    let running = Running::start(&scratch, &["--issuers", &file]);
    assert_eq!(ask(&running, &first).0, 200);
    let (status, why) = ask(&running, &second);
    assert!(status == 400 && why.contains("is no issuer of this authority"), "{why}");

    write(&[&first, &second]);
    running.hang_up();
    until("the second is not known", || ask(&running, &second).0 == 200);
    assert_eq!(ask(&running, &first).0, 200);
    assert!(running.get("/api/v2/configuration").text().contains(&second.1));

    // One that is no good leaves them as they were.
    scratch.write("issuers.yaml", "oidc-issuers: [nothing]\n");
    running.hang_up();
    running.wait_to_say("the issuers stay as they were");
    assert_eq!((ask(&running, &first).0, ask(&running, &second).0), (200, 200));

    // Requests that come while issuers change get an answer.
    write(&[&second]);
    running.hang_up();
    until("the first is still known", || {
        assert_eq!(ask(&running, &second).0, 200);
        ask(&running, &first).0 == 400
    });
    // The accounts of the instance are not in the file, and stay.
    Bot::new(&scratch, &running).sign(&running, "app");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn quotas_are_taken_and_the_rest_waits_for_a_restart() {
    let scratch = Scratch::new();
    let person = issuer::provider();
    let (_, url) = &person;
    let issuers = format!("oidc-issuers:\n  {url}: {{client-id: sigstore, type: email}}\n");
    scratch.write("issuers.yaml", issuers);
    let write =
        |more: &str| scratch.write("sigstore/serve.toml", format!("issuers = \"../issuers.yaml\"\n{more}"));
    write("");
    let running = Running::start(&scratch, &[]);
    let asked = |count: usize| -> Vec<u16> { (0..count).map(|_| ask(&running, &person).0).collect() };
    assert_eq!(asked(3), [200, 200, 200]);

    write("[quota]\ncertificates_per_identity = 2\n[limits]\nconnections = 777\n");
    running.hang_up();
    running.wait_to_say("took the new quotas");
    running.wait_to_say("limits.connections");
    assert_eq!(asked(3), [200, 200, 429]);

    write("[quota]\ncertificates_per_identity = -1\n");
    running.hang_up();
    running.wait_to_say("the configuration stays as it was");
    assert_eq!(asked(1), [429]);

    write("");
    running.hang_up();
    until("there is a quota still", || asked(1) == [200]);
    assert_eq!(running.stop(), Some(0));
}
