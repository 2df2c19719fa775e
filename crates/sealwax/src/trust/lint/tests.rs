use super::*;

fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn problems(text: &str) -> Vec<&'static str> {
    let mut ids: Vec<&str> = findings(text.as_bytes(), now())
        .unwrap()
        .into_iter()
        .filter(|finding| finding.level == Level::Problem)
        .map(|finding| finding.id)
        .collect();
    ids.sort_unstable();
    ids
}

/// The public root with one thing changed: exactly the findings that this thing brings.
fn check_root(path: &str, value: Option<serde_json::Value>, expected: &[&str]) {
    check(profile::built_in("public-good").unwrap().trusted_root, path, value, expected);
}

fn check_config(path: &str, value: Option<serde_json::Value>, expected: &[&str]) {
    check(profile::built_in("public-good").unwrap().signing_config.unwrap(), path, value, expected);
}

fn check(document: &str, path: &str, value: Option<serde_json::Value>, expected: &[&str]) {
    let mut document: serde_json::Value = serde_json::from_str(document).unwrap();
    let (parent, member) = path.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    let what = format!("{path} = {value:?}");
    match value {
        Some(value) => drop(parent.insert(member.to_owned(), value)),
        None => drop(parent.remove(member).unwrap()),
    }
    assert_eq!(problems(&document.to_string()), expected, "{what}");
}

#[test]
fn what_is_published_is_clean() {
    for profile in profile::BUILT_IN {
        assert_eq!(problems(profile.trusted_root), [""; 0], "{}", profile.name);
        if let Some(config) = profile.signing_config {
            assert_eq!(problems(config), [""; 0], "{}", profile.name);
        }
    }
}

#[test]
fn one_fault_one_finding_in_a_root() {
    let text = |text: &str| Some(serde_json::Value::from(text));
    check_root("/mediaType", text("application/vnd.dev.sigstore.trustedroot.v0.2+json"), &["media-type"]);
    check_root("/tlogs/0/publicKey/validFor/start", None, &["start-missing"]);
    check_root("/tlogs/0/publicKey/validFor", None, &["start-missing"]);
    check_root("/tlogs/0/logId", None, &["log-id-missing"]);
    check_root("/tlogs/0/hashAlgorithm", None, &["hash-algorithm-missing"]);
    check_root("/tlogs/0/hashAlgorithm", text("SHA2_512"), &["hash-algorithm"]);
    check_root("/tlogs/0/publicKey/keyDetails", text("SLH_DSA_FUTURE"), &["key-type"]);
    check_root("/tlogs/0/publicKey/keyDetails", None, &["key-type"]);
    check_root("/tlogs/0/publicKey/keyDetails", text("PKIX_ED25519"), &["key"]);
    check_root("/tlogs/0/publicKey/rawBytes", text("AAAA"), &["key"]);
    check_root("/tlogs/0/publicKey", None, &["key-missing", "start-missing"]);
    check_root("/tlogs/0/baseUrl", None, &["base-url"]);
    check_root("/tlogs/1/baseUrl", text("https://elsewhere.example"), &["log-id"]);
    check_root("/tlogs/0/publicKey/validFor/start", text("2021-01-12T11:53:27.5Z"), &["start-fraction"]);
    check_root("/tlogs/0/publicKey/validFor/end", text("2001-01-12T11:53:27Z"), &["window-empty"]);
    check_root("/ctlogs/1/publicKey/validFor", None, &["start-missing"]);
    check_root("/ctlogs/1/logId/keyId", text("AAAA"), &["certificate-log-id"]);
    check_root("/certificateAuthorities/1/validFor", None, &["start-missing"]);
    check_root("/certificateAuthorities/1/certChain", None, &["chain-missing"]);
    check_root("/timestampAuthorities/0/certChain", None, &["chain-missing"]);
}

#[test]
fn chains() {
    let root: serde_json::Value =
        serde_json::from_str(profile::built_in("public-good").unwrap().trusted_root).unwrap();
    let chain =
        |kind: &str, index: usize| root[kind][index]["certChain"]["certificates"].as_array().unwrap().clone();
    let [authority, stamps] = [chain("certificateAuthorities", 1), chain("timestampAuthorities", 0)];
    let set = |path: &str, chain: Vec<serde_json::Value>, expected: &[&str]| {
        check_root(path, Some(chain.into()), expected);
    };
    let path = "/certificateAuthorities/1/certChain/certificates";
    set(path, vec![authority[0].clone()], &["chain-without-root"]);
    set(path, vec![authority[1].clone(), authority[0].clone()], &["chain-order", "chain-without-root"]);
    set(path, stamps.clone(), &["chain-not-ca"]);
    let path = "/timestampAuthorities/0/certChain/certificates";
    set(path, vec![stamps[1].clone()], &["timestamp-leaf-missing"]);
    set(path, vec![stamps[0].clone()], &["chain-without-root", "timestamp-leaf-missing"]);
}

#[test]
fn one_fault_one_finding_in_a_signing_config() {
    let text = |text: &str| Some(serde_json::Value::from(text));
    let old = r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json","caUrl":"https://ca.example"}"#;
    assert_eq!(problems(old), ["media-type"]);
    check_config("/caUrls/0/url", text("https://fulcio.example/base"), &["authority-path"]);
    check_config("/caUrls/0/url", text("https://fulcio.example/"), &["trailing-slash"]);
    check_config("/rekorTlogUrls/0/url", text("https://rekor.example/"), &["trailing-slash"]);
    check_config("/rekorTlogUrls/0/url", text("rekor.example"), &["url"]);
    check_config("/tsaUrls/0/url", text("https://tsa.example"), &["timestamp-path"]);
    check_config("/rekorTlogConfig", None, &["selector-missing"]);
    check_config("/tsaConfig/selector", None, &["selector-missing"]);
    check_config("/tsaConfig/selector", text("ALL"), &["selector"]);
    check_config(
        "/tsaConfig",
        Some(serde_json::json!({"selector": "EXACT", "count": 2})),
        &["selector", "selector-count"],
    );
    check_config("/rekorTlogUrls/0/majorApiVersion", Some(3.into()), &["api-version"]);
    check_config("/rekorTlogUrls/0/validFor", None, &["start-missing"]);
    check_config("/rekorTlogUrls/0/validFor/start", text("2027-01-01T00:00:00Z"), &["start-in-future"]);
    let v2 = serde_json::json!([{"url": "https://log.example", "majorApiVersion": 2, "validFor": {"start": "2026-01-01T00:00:00Z"}}]);
    check_config("/rekorTlogUrls", Some(v2), &[]);
    check_config("/rekorTlogUrls/0/majorApiVersion", Some(2.into()), &[]);
}

#[test]
fn rekor_v2_needs_a_time_source() {
    let mut config: serde_json::Value =
        serde_json::from_str(profile::built_in("public-good").unwrap().signing_config.unwrap()).unwrap();
    config["rekorTlogUrls"][0]["majorApiVersion"] = 2.into();
    config.as_object_mut().unwrap().remove("tsaUrls");
    assert_eq!(problems(&config.to_string()), ["no-timestamp-authority"]);
    let mut root: serde_json::Value =
        serde_json::from_str(profile::built_in("public-good").unwrap().trusted_root).unwrap();
    root["tlogs"].as_array_mut().unwrap().remove(0);
    root.as_object_mut().unwrap().remove("timestampAuthorities");
    assert_eq!(problems(&root.to_string()), ["no-time-source"]);
}

#[test]
fn other_documents_are_not_checked() {
    assert!(findings(b"{}", now()).unwrap_err().contains("mediaType"));
    assert!(findings(b"[", now()).is_err());
}
