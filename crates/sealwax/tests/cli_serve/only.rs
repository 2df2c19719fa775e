//! A Sigstore of three processes, each on a directory of its own: what they need of each other is in files that an operator
//! carries.

use std::thread::sleep;
use std::time::Duration;

use crate::common::Scratch;
use crate::instance::Running;
use crate::signing;

/// Who certifies, who logs and stamps, and who tells clients.
pub(crate) struct Three {
    pub(crate) authority: Running,
    pub(crate) logs: Running,
    pub(crate) trust: Running,
}

impl Three {
    /// In the directories `issuing`, `logging` and `trusted`, where each reads what the others say of themselves.
    pub(crate) fn start(scratch: &Scratch) -> Self {
        let part = |name: &str, only: &str, others: &[&str]| {
            let others = others.iter().map(|other| format!("'../{other}/client_trust_config.json'"));
            let others = others.collect::<Vec<_>>().join(", ");
            let config = format!("only = [{only}]\ntrust.others = [{others}]\n");
            scratch.write(&format!("{name}/serve.toml"), config);
        };
        // The first start of the authority makes what the log needs, and says what it needs itself.
        part("issuing", "'ca', 'idp'", &[]);
        let directory = scratch.path("issuing").to_string_lossy().into_owned();
        let refused = scratch.run(&["serve", "--dir", &directory, "--listen", "127.0.0.1:0"]);
        refused.exits(2).complains("has no certificate log");
        part("logging", "'ct', 'log', 'tsa'", &["issuing"]);
        let logs = Running::start_in(scratch, "logging", &[]);
        part("issuing", "'ca', 'idp'", &["logging"]);
        let authority = Running::start_in(scratch, "issuing", &[]);
        part("trusted", "'tuf', 'page'", &["issuing", "logging"]);
        let trust = Running::start_in(scratch, "trusted", &[]);
        Self { authority, logs, trust }
    }
}

#[test]
fn three_processes_make_one_sigstore() {
    let scratch = Scratch::new();
    let Three { authority, logs, trust } = Three::start(&scratch);
    let directory = authority.directory();

    // Each has its own paths only.
    for (running, yes, no) in [
        (&authority, "/api/v2/trustBundle", "/checkpoint"),
        (&authority, "/oidc/.well-known/openid-configuration", "/trusted_root.json"),
        (&logs, "/ct/1/checkpoint", "/api/v2/trustBundle"),
        (&logs, "/api/v1/timestamp/certchain", "/tuf/1.root.json"),
        (&trust, "/tuf/1.root.json", "/oidc/.well-known/openid-configuration"),
        (&trust, "/readyz", "/api/v1/timestamp/certchain"),
    ] {
        assert_eq!((running.get(yes).status, running.get(no).status), (200, 404), "{yes} {no}");
    }
    let config = trust.get("/signing_config.json").json();
    assert_eq!(config["caUrls"][0]["url"], authority.url());
    assert_eq!(config["rekorTlogUrls"][0]["url"], logs.url());

    let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
    scratch
        .run(&["account", "add", "bot", "--dir", &directory, "--machine", "--secret-file", &secret])
        .exits(0);
    let bundle = signing::sign_with(&scratch, (&authority, &logs), &secret, "app", b"content");
    let root = scratch.write("root.json", trust.get("/trusted_root.json").text());
    let artifact = scratch.write("app", b"content");
    let identity = format!("{}/bot", authority.machine_issuer());
    let verify = ["verify", &artifact, "--bundle", &bundle, "--trusted-root", &root, "--identity", &identity];
    scratch.run(&[&verify[..], &["--issuer", authority.machine_issuer()]].concat()).exits(0);

    // Who runs the log rotates it, and who runs the authority gives it another root; nobody else is restarted.
    let at_logs = scratch.path("logging").to_string_lossy().into_owned();
    scratch.run(&["rotate", "ct", "--dir", &at_logs, "--lead", "3s"]).exits(0);
    scratch.run(&["rotate", "ca", "--new-root", "--dir", &directory, "--lead", "3s"]).exits(0);
    [&authority, &logs, &trust].into_iter().for_each(Running::hang_up);
    authority.wait_to_say("certificates go to another log");
    authority.wait_to_say("another one is in use");
    let listed = |list: &str| trust.get("/trusted_root.json").json()[list].as_array().unwrap().len();
    assert_eq!((listed("ctlogs"), listed("certificateAuthorities")), (2, 2));
    let after = signing::sign_with(&scratch, (&authority, &logs), &secret, "after", b"content");
    assert_eq!(logs.get("/ct/2/checkpoint").text().lines().nth(1), Some("1"));
    let root = scratch.write("root.json", trust.get("/trusted_root.json").text());
    for bundle in [&bundle, &after] {
        let verify =
            ["verify", &artifact, "--bundle", bundle, "--trusted-root", &root, "--identity", &identity];
        scratch.run(&[&verify[..], &["--issuer", authority.machine_issuer()]].concat()).exits(0);
    }

    // Started again, it leaves authorities the time to go on to the next log.
    let listen = logs.listen();
    assert_eq!(logs.stop(), Some(0));
    let logs = Running::start_in(&scratch, "logging", &["--listen", &listen]);
    sleep(Duration::from_secs(2));
    let said = std::fs::read_to_string(scratch.path("logging.said")).unwrap();
    assert!(!said.contains("freezing the log that another one has followed"), "{said}");

    // Without the log there is no certificate.
    assert_eq!(logs.stop(), Some(0));
    let refused = signing::certificate(&scratch, &authority, &secret);
    assert!(refused.status >= 500, "{} {}", refused.status, refused.text());
    // Why there is none is for the operator.
    assert!(refused.text().contains("Error entering certificate in CTL\""), "{}", refused.text());
    authority.wait_to_say("a certificate could not be issued");
    assert_eq!((authority.stop(), trust.stop()), (Some(0), Some(0)));

    // What a directory is stays.
    scratch
        .run(&["serve", "--dir", &directory, "--only", "ca"])
        .exits(2)
        .complains("--only ca: this instance is ca,idp");
    scratch
        .run(&["serve", "--dir", &directory, "--only", "tsp"])
        .exits(2)
        .complains("no part of an instance");
}
