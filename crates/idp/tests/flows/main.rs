//! Whole flows over a socket, with the requests that deployed clients send.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod client;
mod refused;
mod world;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::{FORM, between, send};
use sealwax_json::Value;
use world::{PASSWORD, World};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PKCE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn link(redirect_uri: &str) -> String {
    let redirect_uri = redirect_uri.replace(':', "%3A").replace('/', "%2F");
    format!(
        "/oidc/auth?access_type=online&client_id=sigstore&{PKCE}&nonce=the-nonce&redirect_uri={redirect_uri}\
         &response_type=code&scope=openid+email&state=the-state"
    )
}

/// `Authorization: Basic` as sigstore-python and Go's oauth2 make it for a client without a secret.
fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[test]
fn a_browser_as_cosign_and_gitsign_open_it() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link("http://localhost:4321/auth/callback"));
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.ends_with("'self' http://localhost:4321"),
        "{policy}"
    );
    assert!(page.body.contains("A program on this computer") && !page.body.contains("<script"));

    let back = browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]);
    assert!(back.header("location").starts_with("http://localhost:4321/auth/callback?code="));
    assert_eq!(back.sent_on("state").as_deref(), Some("the-state"));
    assert_eq!(back.sent_on("iss"), Some(world.issuer()));
    assert!(browser.cookies.is_empty());

    let code = back.sent_on("code").unwrap();
    let body = format!(
        "code={code}&code_verifier={VERIFIER}&grant_type=authorization_code&nonce=the-nonce\
         &redirect_uri=http%3A%2F%2Flocalhost%3A4321%2Fauth%2Fcallback"
    );
    let authorization = basic("sigstore", "");
    let answer = world.token(&[("authorization", &authorization)], &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((answer.header("cache-control"), answer.text("token_type").as_str()), ("no-store", "Bearer"));
    let claims = world.verify("/oidc", "RS256", &answer.text("id_token"));
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(
        (text("iss"), text("aud"), text("nonce")),
        (world.issuer(), "sigstore".into(), "the-nonce".into())
    );
    assert_eq!((text("email"), text("sub")), ("ada@example.com".into(), world.id("ada")));
    assert_eq!(claims.get("email_verified").and_then(Value::as_bool), Some(true));
    let number = |claim: &str| claims.get(claim).and_then(Value::as_u64).unwrap();
    assert_eq!(number("exp") - number("iat"), 300);
    assert!(number("nbf") <= number("iat"));

    // Once.
    let again = world.token(&[("authorization", &authorization)], &body);
    assert_eq!((again.status, again.text("error").as_str()), (400, "invalid_grant"));
}

#[test]
fn a_code_to_copy_as_sigstore_python_wants_it() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link("urn:ietf:wg:oauth:2.0:oob"));
    let page = browser.fill_in(&page, &[("username", "Ada@Example.com"), ("password", PASSWORD)]);
    assert_eq!(page.status, 200);
    let code = between(&page.body, "<p class=\"code long\">", "</p>");
    let body = format!(
        "grant_type=authorization_code&redirect_uri=urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob&code={code}&code_verifier={VERIFIER}"
    );
    let answer = world.token(&[("authorization", &basic("sigstore", ""))], &body);
    // It takes the access token for the identity token.
    let claims = world.verify("/oidc", "RS256", &answer.text("access_token"));
    assert_eq!(claims.get("aud").and_then(Value::as_str), Some("sigstore"));
}

#[test]
fn a_redirect_without_a_path_as_sigstore_js_has_it() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link("http://localhost:4321"));
    let back = browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]);
    let code = back.sent_on("code").unwrap();
    assert!(back.header("location").starts_with("http://localhost:4321?code="));
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Flocalhost%3A4321&code_verifier={VERIFIER}&client_id=sigstore"
    );
    assert_eq!(world.token(&[], &body).status, 200);
}

#[test]
fn a_device_as_cosign_waits_for_it() {
    let world = World::new();
    let body = format!("client_id=sigstore&{PKCE}&scope=openid+email");
    let answer = send(world.address, "POST", "/oidc/device/code", &[FORM], &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let poll = format!(
        "client_id=sigstore&code_verifier={VERIFIER}&device_code={}\
         &grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&scope=openid+email",
        answer.text("device_code")
    );
    let error = |expected: &str| {
        let answer = world.token(&[], &poll);
        assert_eq!((answer.status, answer.text("error").as_str()), (400, expected));
    };
    error("authorization_pending");
    error("slow_down");

    let mut browser = world.browser();
    let page = browser.open("/oidc/device");
    assert!(page.body.contains("name=\"user_code\""));
    assert_eq!(browser.open("/oidc/device?user_code=BCDF-GHJK").status, 400);
    let link = answer.text("verification_uri_complete");
    let (_, path) = link.split_once(&world.address.to_string()).unwrap();
    let page = browser.open(path);
    assert!(page.body.contains(&answer.text("user_code")));
    let page = browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]);
    assert!(page.body.contains("You are signed in"), "{page:?}");
    world.pass(10);
    let answer = world.token(&[], &poll);
    let claims = world.verify("/oidc", "RS256", &answer.text("id_token"));
    assert_eq!(claims.get("email").and_then(Value::as_str), Some("ada@example.com"));
    error("expired_token");
}

#[test]
fn a_machine_in_both_ways_of_saying_who_it_is() {
    let world = World::new();
    let secret = world.secret.as_str();
    let by_header = basic("ci", secret);
    let in_body =
        format!("client_id=ci&client_secret={secret}&grant_type=client_credentials&scope=openid+email");
    for (headers, body) in [
        (vec![FORM, ("authorization", by_header.as_str())], "grant_type=client_credentials"),
        (vec![FORM], &in_body),
    ] {
        let answer = send(world.address, "POST", "/oidc/machine/token", &headers, body);
        assert_eq!(answer.status, 200, "{answer:?}");
        let claims = world.verify("/oidc/machine", "RS256", &answer.text("id_token"));
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!(text("iss"), format!("{}/machine", world.issuer()));
        assert_eq!(text("sub"), format!("{}/machine/ci", world.issuer()));
        assert!(claims.get("email").is_none() && claims.get("email_verified").is_none());
        let audience = claims.get("aud").and_then(Value::as_array).unwrap();
        assert_eq!(audience, [Value::from("sigstore"), Value::from("ci")]);
    }
    // Neither issuer does what the other one is for.
    let answer = world.token(&[], &in_body);
    assert_eq!(answer.text("error"), "unsupported_grant_type");
    let answer =
        send(world.address, "POST", "/oidc/machine/token", &[FORM], &in_body.replace("=ci&", "=ada&"));
    assert_eq!((answer.status, answer.text("error").as_str()), (400, "invalid_client"));
    let wrong = basic("ci", "wrong");
    let headers = [FORM, ("authorization", wrong.as_str())];
    let answer =
        send(world.address, "POST", "/oidc/machine/token", &headers, "grant_type=client_credentials");
    assert_eq!((answer.status, answer.text("error").as_str()), (401, "invalid_client"));
    assert!(answer.header("www-authenticate").starts_with("Basic"));
}

#[test]
fn a_one_time_code_beside_the_password_works_once() {
    let world = World::new();
    let mut browser = world.browser();
    let mut sign_in = |code: &str| {
        let page = browser.open(&link("http://127.0.0.1:4321/"));
        let page = browser.fill_in(&page, &[("username", "grace"), ("password", PASSWORD)]);
        assert!(page.body.contains("one-time-code") && page.status == 200, "{page:?}");
        browser.fill_in(&page, &[("code", code)])
    };
    let code = world.one_time_code();
    assert!(sign_in("000000").body.contains("not the code of now"));
    assert_eq!(sign_in(&code).status, 303);
    assert!(sign_in(&code).body.contains("not the code of now"));
    world.pass(30);
    assert_eq!(sign_in(&world.one_time_code()).status, 303);
}

#[test]
fn discovery_says_what_there_is() {
    let world = World::new();
    for (path, members) in [
        (
            "/oidc",
            ["authorization_endpoint", "token_endpoint", "jwks_uri", "device_authorization_endpoint"]
                .as_slice(),
        ),
        ("/oidc/machine", ["token_endpoint", "jwks_uri"].as_slice()),
    ] {
        let answer = send(world.address, "GET", &format!("{path}/.well-known/openid-configuration"), &[], "");
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.text("issuer"), format!("http://{}{path}", world.address));
        for member in members {
            assert!(answer.text(member).starts_with(&format!("http://{}{path}/", world.address)), "{member}");
        }
    }
    for path in ["/oidc", "/oidc/", "/oidc/machine/auth", "/oidc/machine/device", "/oidc/keys/", "/oidc/x"] {
        assert_eq!(send(world.address, "GET", path, &[], "").status, 404, "{path}");
    }
}
