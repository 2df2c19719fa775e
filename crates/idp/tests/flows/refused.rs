//! What is not done, whoever asks.

use crate::client::{FORM, send};
use crate::world::{PASSWORD, World};
use crate::{PKCE, VERIFIER, basic, link};
use sealwax_idp::provider::Settings;

const BACK: &str = "http://localhost:4321/";

#[test]
fn a_form_from_elsewhere_signs_nobody_in() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link(BACK));
    let fields = [("username", "ada"), ("password", PASSWORD)];

    // Another browser with our form: a fresh page, nothing else.
    let mut stranger = world.browser();
    let answer = stranger.fill_in(&page, &fields);
    assert_eq!((answer.status, answer.header("location")), (200, ""));
    // Our browser with the form of another request, or with one that was made up.
    let other = browser.open(&link("http://localhost:4322/"));
    let mixed = crate::client::Answer {
        body: other.body.replace("4322", "4321"),
        headers: Default::default(),
        status: 200,
    };
    assert_eq!(browser.fill_in(&mixed, &fields).status, 200);
    // Our browser, from somebody else's page.
    let cookies: Vec<String> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let step = crate::client::between(&page.body, "name=\"step\" value=\"", "\"");
    let body = format!("step={step}&username=ada&password=correct+horse+battery");
    for origin in ["http://evil.example", "null", "http://localhost:4321"] {
        let headers = [FORM, ("cookie", cookies.last().unwrap()), ("origin", origin)];
        assert_eq!(send(world.address, "POST", &link(BACK), &headers, &body).status, 403, "{origin}");
    }
}

#[test]
fn a_page_is_good_for_ten_minutes() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link(BACK));
    world.pass(601);
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let again = browser.fill_in(&page, &fields);
    assert_eq!(again.status, 200);
    assert_eq!(browser.fill_in(&again, &fields).status, 303);
}

#[test]
fn nobody_is_sent_where_they_must_not_go() {
    let world = World::new();
    for uri in ["http://evil.example/", "https://localhost:1/", "http://localhost.evil.example:1/", "x:y"] {
        let answer = world.browser().open(&link(uri));
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{uri}");
    }
    let answer = world.browser().open(&link(BACK).replace("=sigstore", "=other"));
    assert_eq!((answer.status, answer.header("location")), (400, ""));
    // A mistake that the client can be told.
    let answer = world.browser().open(&link(BACK).replace("S256", "plain"));
    assert_eq!(answer.sent_on("error").as_deref(), Some("invalid_request"));
    assert_eq!(answer.sent_on("state").as_deref(), Some("the-state"));
}

#[test]
fn who_cancels_gets_nothing() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link(BACK));
    let answer = browser.fill_in(&page, &[("cancel", "1")]);
    assert_eq!(answer.sent_on("error").as_deref(), Some("access_denied"));

    let body = format!("client_id=sigstore&{PKCE}");
    let answer = send(world.address, "POST", "/oidc/device/code", &[FORM], &body);
    let page = browser.open(&format!("/oidc/device?user_code={}", answer.text("user_code")));
    assert!(browser.fill_in(&page, &[("cancel", "1")]).body.contains("Cancelled"));
    let poll = format!(
        "client_id=sigstore&code_verifier={VERIFIER}&device_code={}&grant_type=urn:ietf:params:oauth:grant-type:device_code",
        answer.text("device_code")
    );
    assert_eq!(world.token(&[], &poll).text("error"), "access_denied");
}

#[test]
fn a_program_is_told_that_we_have_a_problem_of_our_own() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open(&link(BACK));
    world.spoil_accounts();
    let answer = browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]);
    assert_eq!(answer.sent_on("error").as_deref(), Some("server_error"));
    assert_eq!(answer.sent_on("state").as_deref(), Some("the-state"));
}

#[test]
fn a_code_is_for_who_asked_and_for_a_minute() {
    let world = World::new();
    let mut browser = world.browser();
    let mut code = || {
        let page = browser.open(&link(BACK));
        browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]).sent_on("code").unwrap()
    };
    let ask = |code: &str, redirect_uri: &str, verifier: &str, client: &str| {
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={redirect_uri}&code_verifier={verifier}&client_id={client}"
        );
        let answer = world.token(&[], &body);
        if answer.status == 200 { "ok".to_owned() } else { answer.text("error") }
    };
    assert_eq!(ask(&code(), "http://localhost:4321", VERIFIER, "sigstore"), "invalid_grant");
    assert_eq!(ask(&code(), BACK, &VERIFIER.replace('d', "e"), "sigstore"), "invalid_grant");
    let one = code();
    assert_eq!(ask(&one, BACK, VERIFIER, "other"), "invalid_client");
    assert_eq!(ask(&one, BACK, VERIFIER, "sigstore"), "ok", "the stranger's attempt took nothing away");
    let one = code();
    world.pass(61);
    assert_eq!(ask(&one, BACK, VERIFIER, "sigstore"), "invalid_grant");
    // A client that has no secret does not know one.
    let body = "grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x";
    let secret = basic("sigstore", "secret");
    let answer = world.token(&[("authorization", &secret)], body);
    assert_eq!((answer.status, answer.text("error").as_str()), (401, "invalid_client"));
}

#[test]
fn who_is_wrong_too_often_waits() {
    let world = World::new();
    let mut browser = world.browser();
    for attempt in 0..10 {
        let page = browser.open(&link(BACK));
        // Somebody and nobody alike.
        let name = if attempt % 2 == 0 { "ada" } else { "nobody" };
        let page = browser.fill_in(&page, &[("username", name), ("password", "wrong")]);
        assert!(page.status == 200 && page.body.contains("do not belong together"), "{page:?}");
    }
    let page = browser.open(&link(BACK));
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let answer = browser.fill_in(&page, &fields);
    assert_eq!(answer.status, 429);
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    world.pass(wait);
    assert_eq!(browser.fill_in(&page, &fields).status, 303);
}

#[test]
fn who_guesses_at_a_name_does_not_learn_its_address() {
    let world = World::of(|settings| Settings { knows_addresses: false, ..settings });
    let mut browser = world.browser();
    let page = browser.open(&link(BACK));
    let mut guess = |name: &str| browser.fill_in(&page, &[("username", name), ("password", "wrong")]).status;
    for name in ["ada", "Ada"].into_iter().cycle().take(50) {
        assert_eq!(guess(name), 200, "{name}");
    }
    assert_eq!((guess("ADA"), guess("grace")), (429, 200));
    // Fifty more, and no more than that.
    for name in ["ada@example.com", "ADA@example.com"].into_iter().cycle().take(50) {
        assert_eq!(guess(name), 200, "{name}");
    }
    assert_eq!(guess("ada@Example.com"), 429);
}

#[test]
fn too_much_is_too_much() {
    let world = World::new();
    let long = format!("grant_type={}", "a".repeat(9_000));
    let answer = world.token(&[], &long);
    assert_eq!((answer.status, answer.text("error").as_str()), (413, "invalid_request"));
    let mut browser = world.browser();
    let page = browser.open(&link(BACK));
    let answer = browser.fill_in(&page, &[("username", &"a".repeat(9_000)), ("password", "x")]);
    assert_eq!((answer.status, answer.header("content-type")), (413, "text/html; charset=utf-8"));
    let answer = browser.open(&format!("{}&x={}", link(BACK), "a".repeat(9_000)));
    assert_eq!(answer.status, 400);
}
