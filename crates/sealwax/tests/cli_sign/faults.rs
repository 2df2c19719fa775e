//! Each service in turn is down, refuses, breaks off and lies. Whatever happens, there is a bundle that verifies or none.
//!
//! | The authority, the timestamp authority, the log | Outcome | Test |
//! |---|---|---|
//! | is down | named, exit 3 | `a_service_that_is_down_is_named`; another operator's is asked: `another_service_is_asked_where_there_is_one` |
//! | is slow; is silent | signed; given up after half a minute, exit 3 | `a_slow_service_is_waited_for_and_a_silent_one_is_given_up` |
//! | answers 429, 500, or breaks off, once | signed, logged once | `what_passes_is_waited_for_and_nothing_is_logged_twice` |
//! | breaks off after its commit | signed, logged once | the same |
//! | goes on with 503; refuses; answers with something else | named, exit 3; exit 1; exit 1 | `what_does_not_pass_is_named_and_leaves_nothing` |
//! | lies: a certificate for another key, another identity, of another authority | nothing is signed, exit 1 | `lies_about_the_certificate_are_found_before_anything_is_signed` |
//! | lies: a timestamp over another signature; an entry, a proof, a root of others; a forged checkpoint | nothing is written, exit 1 | `lies_about_timestamps_and_entries_are_found_before_anything_is_written` |
//! | says that the entry is there | taken from its tiles if it is ours, else exit 1 | `a_duplicate_of_a_foreign_log_is_the_entry_that_is_there` |
//!
//! `kill -9` at each step: `resume.rs`. One home for several: `slow.rs`.

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey};
use sealwax_formats::base64;
use sealwax_pki::UnsignedRequest;
use serde_json::{Value, json};

use crate::common::{Ran, Scratch};
use crate::names;
use crate::proxy::{Act, Proxy, Reply, Request, Upstream};
use crate::signer::Signer;

const CERTIFICATE: &str = "/api/v2/signingCert";
const TIMESTAMP: &str = "/api/v1/timestamp";
const LOG: &str = "/api/v2/log/entries";
pub(crate) const EACH: [&str; 3] = [CERTIFICATE, TIMESTAMP, LOG];

/// A signer, and an artifact.
pub(crate) struct World {
    pub(crate) scratch: Scratch,
    pub(crate) signer: Signer,
    pub(crate) token: String,
    pub(crate) app: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        let signer = Signer::start(&scratch);
        let token = signer.token(&scratch);
        let app = scratch.write("app", b"content");
        Self { scratch, signer, token, app }
    }

    pub(crate) fn proxy(
        &self,
        act: impl Fn(&Request, usize, &Upstream) -> Act + Send + Sync + 'static,
    ) -> Proxy {
        Proxy::start(self.signer.url(), act)
    }

    pub(crate) fn sign(&self, proxy: &Proxy, more: &[&str]) -> Ran {
        let config = self.signer.config_by(&self.scratch, &[&proxy.url]);
        self.sign_by(&config, more)
    }

    pub(crate) fn sign_by(&self, config: &str, more: &[&str]) -> Ran {
        let arguments = [&["sign", &self.app, "--token", "-", "--trust-config", config][..], more].concat();
        self.scratch.run_with(&arguments, &[("SEALWAX_HOME", "/proc/nowhere")], self.token.as_bytes())
    }

    /// There is a bundle that verifies; it goes.
    pub(crate) fn is_signed(&self) {
        self.signer.verify(&self.scratch, &self.app).exits(0);
        std::fs::remove_file(self.scratch.path("app.sigstore.json")).unwrap();
    }

    pub(crate) fn nothing_is_left(&self) {
        assert_eq!(names(&self.scratch, "app"), ["app"]);
    }
}

pub(crate) fn forward(request: &Request, upstream: &Upstream) -> Act {
    Act::Reply(upstream.ask(request))
}

fn status(status: u16, headers: &str) -> Act {
    Act::Reply(Reply { status, headers: headers.to_owned(), body: b"an outage".to_vec() })
}

#[test]
fn what_passes_is_waited_for_and_nothing_is_logged_twice() {
    let world = World::new();
    type Fault = fn(&Request, &Upstream) -> Act;
    let faults: [(&str, Fault); 4] = [
        ("500", |_, _| status(500, "")),
        ("429", |_, _| status(429, "Retry-After: 1\r\n")),
        ("cut", |_, _| Act::Cut),
        // The service has done it, and nobody was told.
        ("cut after its commit", |request, upstream| {
            upstream.ask(request);
            Act::Cut
        }),
    ];
    let mut signed = 0;
    for path in EACH {
        for (name, fault) in faults {
            let proxy = world.proxy(move |request, before, upstream| {
                if request.path == path && before == 0 {
                    fault(request, upstream)
                } else {
                    forward(request, upstream)
                }
            });
            world.sign(&proxy, &[]).exits(0);
            assert_eq!(proxy.count(path), 2, "{path}: {name}");
            world.is_signed();
            signed += 1;
        }
    }
    assert_eq!(world.signer.log_size(), signed);
}

#[test]
fn what_does_not_pass_is_named_and_leaves_nothing() {
    let world = World::new();
    for path in EACH {
        let proxy =
            world.proxy(
                move |request, _, upstream| {
                    if request.path == path { status(503, "") } else { forward(request, upstream) }
                },
            );
        world.sign(&proxy, &["--patience", "0s"]).exits(3).says("status 503: an outage").says(path);
        assert_eq!(proxy.count(path), 1);
        world.nothing_is_left();
        // A refusal is not waited for.
        let proxy =
            world.proxy(
                move |request, _, upstream| {
                    if request.path == path { status(400, "") } else { forward(request, upstream) }
                },
            );
        world.sign(&proxy, &[]).exits(1).says("status 400: an outage");
        // An authority that refuses a certificate request is shown a proof instead.
        assert_eq!(proxy.count(path), if path == CERTIFICATE { 2 } else { 1 });
        // Neither is what cannot be read.
        let proxy =
            world.proxy(
                move |request, _, upstream| {
                    if request.path == path { status(200, "") } else { forward(request, upstream) }
                },
            );
        world.sign(&proxy, &[]).exits(1);
        world.nothing_is_left();
    }
    let config = world.signer.config_by(&world.scratch, &["http://127.0.0.1:9"]);
    world.sign_by(&config, &["--patience", "0s"]).exits(3).says("cannot reach http://127.0.0.1:9");
    world.nothing_is_left();
}

/// What services say is shown, and may be kept in somebody's log.
#[test]
fn a_token_that_an_authority_repeats_is_not_shown() {
    let world = World::new();
    let proxy = world.proxy(|request, _, _| {
        Act::Reply(Reply { status: 400, headers: String::new(), body: request.body.clone() })
    });
    for more in [&[][..], &["--json"]] {
        let ran = world.sign(&proxy, more).exits(1).says("(the token)");
        let head = &world.token[..world.token.find('.').unwrap()];
        assert!(!ran.out.contains(head) && !ran.err.contains(head), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn an_authority_that_takes_no_certificate_requests_is_shown_a_proof() {
    let world = World::new();
    let proxy = world.proxy(|request, _, upstream| {
        let has_request = String::from_utf8_lossy(&request.body).contains("certificateSigningRequest");
        if request.path == CERTIFICATE && has_request { status(400, "") } else { forward(request, upstream) }
    });
    world.sign(&proxy, &[]).exits(0);
    assert_eq!(proxy.count(CERTIFICATE), 2);
    world.is_signed();
}

/// Of an authority that takes both, what it says to the first matters; of one that takes proofs alone, what it says to the second.
#[test]
fn an_authority_that_refuses_request_and_proof_is_quoted_twice() {
    let world = World::new();
    let proxy = world.proxy(|request, _, _| {
        let has_request = String::from_utf8_lossy(&request.body).contains("certificateSigningRequest");
        let said = if has_request { "the email is not verified" } else { "the proof is too old" };
        Act::Reply(Reply { status: 400, headers: String::new(), body: said.as_bytes().to_vec() })
    });
    world.sign(&proxy, &[]).exits(1).says("the email is not verified").says("the proof is too old");
    assert_eq!(proxy.count(CERTIFICATE), 2);
    world.nothing_is_left();
}

#[test]
fn a_certificate_that_is_refused_is_asked_for_once_however_many_wait_for_it() {
    let world = World::new();
    let files: Vec<String> = (0..8).map(|n| world.scratch.write(&format!("many/{n}"), [n])).collect();
    let list = world.scratch.write("list", files.join("\n"));
    let proxy = world.proxy(|_, _, _| status(503, ""));
    let config = world.signer.config_by(&world.scratch, &[&proxy.url]);
    let arguments = ["sign", "--list", &list, "--token", "-", "--trust-config", &config, "--patience", "0s"];
    let ran = world.scratch.run_with(&arguments, &[], world.token.as_bytes()).exits(3);
    assert_eq!(ran.out.matches("not signed").count(), files.len(), "{}", ran.out);
    assert_eq!(proxy.count(CERTIFICATE), 1);
}

#[test]
fn another_service_is_asked_where_there_is_one() {
    let world = World::new();
    let proxy = world.proxy(|request, _, upstream| forward(request, upstream));
    let config = world.signer.config_by(&world.scratch, &["http://127.0.0.1:9", &proxy.url]);
    world.sign_by(&config, &["--patience", "0s"]).exits(0);
    world.is_signed();
}

#[test]
fn lies_about_the_certificate_are_found_before_anything_is_signed() {
    let world = World::new();
    let proxy = world.proxy(|request, _, upstream| {
        if request.path != CERTIFICATE {
            return forward(request, upstream);
        }
        // A good certificate, for a key that is not ours.
        let mut body: Value = serde_json::from_slice(&request.body).unwrap();
        let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let (unsigned, scheme) =
            (UnsignedRequest::new(key.public_key()), Scheme::Ecdsa(HashAlgorithm::Sha256));
        let signature = key.sign(scheme, Message::Bytes(unsigned.to_be_signed())).unwrap();
        let pem = unsigned.into_pem(scheme, &signature).unwrap();
        body["certificateSigningRequest"] = json!(base64::encode(pem.as_bytes()));
        forward(&Request { body: body.to_string().into_bytes(), ..request.clone() }, upstream)
    });
    world.sign(&proxy, &[]).exits(1).says("it is for another key");

    // A good certificate for our key, which names somebody else.
    let other = world.signer.token_of(&world.scratch, "other");
    let proxy = world.proxy(move |request, _, upstream| {
        if request.path != CERTIFICATE {
            return forward(request, upstream);
        }
        let mut body: Value = serde_json::from_slice(&request.body).unwrap();
        body["credentials"]["oidcIdentityToken"] = json!(other.trim());
        forward(&Request { body: body.to_string().into_bytes(), ..request.clone() }, upstream)
    });
    world.sign(&proxy, &[]).exits(1).says("machine/other").says("machine/bot");
    assert_eq!((proxy.count(TIMESTAMP), proxy.count(LOG), world.signer.log_size()), (0, 0, 0));

    // One of another authority altogether.
    let elsewhere = Scratch::new();
    let stranger = Signer::start(&elsewhere);
    let (token, url) = (stranger.token(&elsewhere), stranger.url().to_owned());
    let port = url.rsplit_once(':').unwrap().1.to_owned();
    let proxy = world.proxy(move |request, _, upstream| {
        if request.path != CERTIFICATE {
            return forward(request, upstream);
        }
        let mut body: Value = serde_json::from_slice(&request.body).unwrap();
        body["credentials"]["oidcIdentityToken"] = json!(token.trim());
        let request = Request { body: body.to_string().into_bytes(), ..request.clone() };
        forward(&request, &Upstream::at(&port))
    });
    world.sign(&proxy, &[]).exits(1).says("certificate.path");
    world.nothing_is_left();
}

#[test]
fn lies_about_timestamps_and_entries_are_found_before_anything_is_written() {
    let world = World::new();
    // What was right for the first signature is sent again for the second.
    for (path, reason) in [(TIMESTAMP, "a timestamp of something else"), (LOG, "is another one")] {
        let first = std::sync::Mutex::new(None);
        let proxy = world.proxy(move |request, _, upstream| {
            if request.path != path {
                return forward(request, upstream);
            }
            let mut first = first.lock().unwrap();
            Act::Reply(first.get_or_insert_with(|| upstream.ask(request)).clone())
        });
        world.sign(&proxy, &[]).exits(0);
        world.is_signed();
        world.sign(&proxy, &[]).exits(1).says(reason);
        world.nothing_is_left();
    }
    // The right entry, with the whole proof of another one.
    let first = std::sync::Mutex::new(None);
    let proxy = world.proxy(move |request, _, upstream| {
        let mut reply = upstream.ask(request);
        if request.path == LOG {
            let mut entry: Value = serde_json::from_slice(&reply.body).unwrap();
            let mut first = first.lock().unwrap();
            let other: &Value = first.get_or_insert_with(|| entry["inclusionProof"].clone());
            entry["inclusionProof"] = other.clone();
            reply.body = entry.to_string().into_bytes();
        }
        Act::Reply(reply)
    });
    world.sign(&proxy, &[]).exits(0);
    world.is_signed();
    world.sign(&proxy, &[]).exits(1).says("log.tree");
    world.nothing_is_left();
    // With a root that is none; and a checkpoint that nobody has signed.
    for (member, check) in [("rootHash", "log.tree"), ("checkpoint", "log.checkpoint-signature")] {
        let proxy = world.proxy(move |request, _, upstream| {
            let mut reply = upstream.ask(request);
            if request.path == LOG {
                let mut entry: Value = serde_json::from_slice(&reply.body).unwrap();
                let proof = &mut entry["inclusionProof"];
                match member {
                    "rootHash" => proof["rootHash"] = json!(base64::encode(&[7; 32])),
                    _ => {
                        let note = proof["checkpoint"]["envelope"].as_str().unwrap();
                        let forged = format!("{}AAAA=\n", &note[..note.len() - 6]);
                        proof["checkpoint"]["envelope"] = json!(forged);
                    }
                }
                reply.body = entry.to_string().into_bytes();
            }
            Act::Reply(reply)
        });
        world.sign(&proxy, &[]).exits(1).says(check);
        world.nothing_is_left();
    }
}

#[test]
fn a_duplicate_of_a_foreign_log_is_the_entry_that_is_there() {
    let world = World::new();
    // As rekor-tiles does: which one it is, and no more.
    let proxy = world.proxy(|request, before, upstream| {
        let reply = upstream.ask(request);
        match (request.path.as_str(), before) {
            (LOG, 0) => Act::Cut,
            (LOG, _) => {
                let entry: Value = serde_json::from_slice(&reply.body).unwrap();
                let headers = format!("x-log-index: {}\r\n", entry["logIndex"].as_str().unwrap());
                Act::Reply(Reply { status: 409, headers, body: b"{}".to_vec() })
            }
            _ => Act::Reply(reply),
        }
    });
    for _ in 0..3 {
        world
            .signer
            .sign(&world.scratch, &["sign", &world.app, "--token", "-"], &[], world.token.as_bytes())
            .exits(0);
        world.is_signed();
    }
    world.sign(&proxy, &[]).exits(0);
    world.is_signed();
    assert_eq!(world.signer.log_size(), 4);
    assert!(proxy.asked.lock().unwrap().iter().any(|path| path.starts_with("/tile/")));

    // A log that has another one there.
    let proxy = world.proxy(|request, _, upstream| match request.path.as_str() {
        LOG => status(409, "x-log-index: 0\r\n"),
        _ => forward(request, upstream),
    });
    world.sign(&proxy, &[]).exits(1).says("is another one");
    world.nothing_is_left();
}
