//! A Sigstore of three processes, each on a directory of its own: what they need of each other is in files that an operator
//! carries.

use crate::common::Scratch;
use crate::instance::{Running, free_port};
use crate::signing;

#[test]
fn three_processes_make_one_sigstore() {
    let scratch = Scratch::new();
    let part = |name: &str, only: &str, others: &[&str]| {
        let others = others.iter().map(|other| format!("'../{other}/client_trust_config.json'"));
        let others = others.collect::<Vec<_>>().join(", ");
        scratch.write(&format!("{name}/serve.toml"), format!("only = [{only}]\ntrust.others = [{others}]\n"));
    };
    let [issuing, logging, trusted] = [free_port(), free_port(), free_port()];

    // The first start of the authority makes what the log needs, and says what it needs itself.
    part("issuing", "'ca', 'idp'", &[]);
    let directory = scratch.path("issuing").to_string_lossy().into_owned();
    let refused = scratch.run(&["serve", "--dir", &directory, "--listen", &issuing]);
    refused.exits(2).complains("has no certificate log");
    part("logging", "'ct', 'log', 'tsa'", &["issuing"]);
    let logs = Running::start_in(&scratch, "logging", &["--listen", &logging]);
    part("issuing", "'ca', 'idp'", &["logging"]);
    let authority = Running::start_in(&scratch, "issuing", &["--listen", &issuing]);
    part("trusted", "'tuf', 'page'", &["issuing", "logging"]);
    let trust = Running::start_in(&scratch, "trusted", &["--listen", &trusted]);

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

    // Without the log there is no certificate.
    assert_eq!(logs.stop(), Some(0));
    let refused = signing::certificate(&scratch, &authority, &secret);
    assert!(refused.status >= 500, "{} {}", refused.status, refused.text());
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
