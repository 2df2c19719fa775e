//! `sealwax ca try-token`: a dry run of a token against a configuration.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;
#[path = "common/issuer.rs"]
mod issuer;

use common::Scratch;
use issuer::{provider, token};

#[test]
fn what_the_certificate_would_say() {
    let (scratch, (key, url)) = (Scratch::new(), provider());
    let config = format!("oidc-issuers:\n  {url}: {{client-id: sigstore, type: email}}\n");
    let config = scratch.write("config.yaml", config);
    let claims = format!(
        r#"{{"iss":"{url}","aud":"sigstore","sub":"7","exp":4102444800,"email":"a@b.cc","email_verified":true}}"#
    );
    let file = scratch.write("token", token(&key, &claims));
    let ran = scratch.run(&["ca", "try-token", "--config", &config, &file, "--json"]).exits(0);
    let shown = ran.json();
    assert_eq!((&shown["subject"], &shown["type"]), (&"a@b.cc".into(), &"email".into()));
    assert_eq!(shown["extensions"]["1.3.6.1.4.1.57264.1.8 issuer"], url.as_str());
    let piped = token(&key, &claims);
    scratch.run_with(&["ca", "try-token", "--config", &config, "-"], &[], piped.as_bytes()).exits(0);

    let file = scratch.write("token", token(&key, &claims.replace("\"email\"", "\"mail\"")));
    let ran = scratch.run(&["ca", "try-token", "--config", &config, &file]).exits(1);
    assert!(ran.out.contains("the token has no claim \"email\""), "{ran:?}");
}

#[test]
fn what_is_wrong_is_said() {
    let scratch = Scratch::new();
    let config = scratch.write("config.yaml", "oidc-issuers: {}\n");
    let file = scratch.write("token", "a.b");
    let ran = scratch.run(&["ca", "try-token", "--config", &config, &file]).exits(1);
    assert!(ran.out.contains("three parts"), "{ran:?}");
    let typo = scratch.write("typo.yaml", "oidc-issuer: {}\n");
    let ran = scratch.run(&["ca", "try-token", "--config", &typo, &file]).exits(3);
    assert!(ran.err.contains("did you mean \"oidc-issuers\"?"), "{ran:?}");
    scratch.run(&["ca", "try-token", "--config", "none", &file]).exits(3);
}
