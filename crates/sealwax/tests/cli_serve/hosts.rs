//! Services under host names of their own: everything that clients are told follows, and so do the routes.

use crate::common::Scratch;
use crate::instance::{Running, listens_at};

const HOSTS: &str = "
url = 'https://sigstore.acme.example'
[hosts]
ca = 'https://fulcio.acme.example'
ct = 'https://ct.acme.example'
log = 'https://rekor.acme.example/'
tsa = 'https://fulcio.acme.example'
idp = 'https://login.acme.example'
tuf = 'https://tuf.acme.example'
";

#[test]
fn every_service_is_under_its_own_host_name_and_nowhere_else() {
    let scratch = Scratch::new();
    scratch.write("sigstore/serve.toml", HOSTS);
    let running = Running::start(&scratch, &[]);
    let listen = listens_at(&running.directory());
    let get = |host: &str, path: &str| running.get_of(&listen, &format!("{host}.acme.example"), path);

    for (host, path) in [
        ("sigstore", "/"),
        ("sigstore", "/trusted_root.json"),
        ("fulcio", "/api/v2/trustBundle"),
        ("fulcio", "/api/v1/timestamp/certchain"),
        ("ct", "/1/checkpoint"),
        ("rekor", "/checkpoint"),
        ("rekor", "/shard/1/checkpoint"),
        ("login", "/.well-known/openid-configuration"),
        ("login", "/machine/.well-known/openid-configuration"),
        ("tuf", "/1.root.json"),
        ("tuf", "/healthz"),
        ("elsewhere", "/readyz"),
    ] {
        assert_eq!(get(host, path).status, 200, "{host} {path}");
    }
    for (host, path) in [
        ("sigstore", "/api/v2/trustBundle"),
        ("sigstore", "/checkpoint"),
        ("sigstore", "/oidc/.well-known/openid-configuration"),
        ("sigstore", "/tuf/1.root.json"),
        ("fulcio", "/checkpoint"),
        ("rekor", "/trusted_root.json"),
        ("ct", "/checkpoint"),
        ("login", "/oidc/.well-known/openid-configuration"),
        ("elsewhere", "/api/v2/trustBundle"),
    ] {
        assert_eq!(get(host, path).status, 404, "{host} {path}");
    }

    let root = get("sigstore", "/trusted_root.json").json();
    assert_eq!(root["tlogs"][0]["baseUrl"], "https://rekor.acme.example/shard/1");
    assert_eq!(root["ctlogs"][0]["baseUrl"], "https://ct.acme.example/1");
    assert_eq!(root["certificateAuthorities"][0]["uri"], "https://fulcio.acme.example");
    assert_eq!(root["timestampAuthorities"][0]["uri"], "https://fulcio.acme.example/api/v1/timestamp");
    let config = get("sigstore", "/signing_config.json").json();
    assert_eq!(config["caUrls"][0]["url"], "https://fulcio.acme.example");
    assert_eq!(config["oidcUrls"][0]["url"], "https://login.acme.example");
    assert_eq!(config["rekorTlogUrls"][0]["url"], "https://rekor.acme.example");
    let provider = get("login", "/machine/.well-known/openid-configuration").json();
    assert_eq!(provider["issuer"], "https://login.acme.example/machine");
    assert!(get("rekor", "/checkpoint").text().starts_with("rekor.acme.example\n"));
    assert!(get("ct", "/1/checkpoint").text().starts_with("ct.acme.example/1\n"));
    let page = get("sigstore", "/").text();
    assert!(page.contains("--mirror https://tuf.acme.example --root"), "{page}");
    assert!(page.contains("--certificate-oidc-issuer https://login.acme.example<"), "{page}");
    let trusted = get("fulcio", "/api/v2/configuration").text();
    assert!(trusted.contains("https://login.acme.example/machine"), "{trusted}");
    assert_eq!(running.stop(), Some(0));

    // Fixed, like the address: what is not said is as it was, what is said must be the same.
    scratch.write("sigstore/serve.toml", "");
    let running = Running::start(&scratch, &["--listen", &listen]);
    assert_eq!(running.get_of(&listen, "ct.acme.example", "/1/checkpoint").status, 200);
    assert_eq!(running.stop(), Some(0));
    let directory = scratch.path("sigstore").to_string_lossy().into_owned();
    let serve = |file: &str, what: &str| {
        scratch.write("sigstore/serve.toml", file);
        scratch.run(&["serve", "--dir", &directory]).exits(2).complains(what);
    };
    serve(
        "hosts.ct = 'https://ct2.acme.example'",
        "this instance has it at https://ct.acme.example, for ever",
    );
    serve("hosts.ct = 'http://ct.acme.example'", "over plain http");
    serve("hosts.ct = 'https://ct.acme.example/1'", "deployed clients drop a path");
}

#[test]
fn services_may_share_a_host_name_of_their_own_but_not_that_of_the_rest() {
    let scratch = Scratch::new();
    let shared = "url = 'https://sigstore.acme.example'\n[hosts]\n\
                  log = 'https://all.acme.example'\ntuf = 'https://all.acme.example'\n\
                  ct = 'https://all.acme.example'\nidp = 'https://all.acme.example'\n\
                  ca = 'https://all.acme.example'\ntsa = 'https://all.acme.example'\n";
    scratch.write("sigstore/serve.toml", shared);
    let running = Running::start(&scratch, &[]);
    let listen = listens_at(&running.directory());
    for path in [
        "/checkpoint",
        "/shard/1/checkpoint",
        "/1/checkpoint",
        "/timestamp.json",
        "/1.root.json",
        "/.well-known/openid-configuration",
        "/keys",
        "/api/v2/trustBundle",
        "/api/v1/timestamp/certchain",
        "/ping",
        "/readyz",
    ] {
        assert_eq!(running.get_of(&listen, "all.acme.example", path).status, 200, "{path}");
    }
    assert_eq!(running.stop(), Some(0));

    scratch.write("other/serve.toml", "url = 'https://a.example'\nhosts.ca = 'https://a.example:8443'\n");
    let directory = scratch.path("other").to_string_lossy().into_owned();
    let refused = scratch.run(&["serve", "--dir", &directory, "--listen", "127.0.0.1:0"]).exits(2);
    refused.complains("has the same host name");
    assert!(!scratch.path("other/instance.json").exists());
}
