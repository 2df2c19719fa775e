use super::*;

fn yaml(issuer: &str) -> Result<Configuration, ConfigError> {
    Configuration::parse(format!("oidc-issuers:\n  https://a.example:\n{issuer}").as_bytes())
}

fn json(issuer: &str) -> Result<Configuration, ConfigError> {
    Configuration::parse(format!(r#"{{"OIDCIssuers":{{"https://a.example":{issuer}}}}}"#).as_bytes())
}

/// In the shape of the public instance's file: anchors that are keys of another mapping.
const FILE: &str = r#"
define:
  - &ci-type "some-ci"
oidc-issuers:
  # a comment
  https://a.example:
    issuer-url: https://a.example
    client-id: sigstore
    type: ci-provider
    ci-provider: *ci-type
    contact: "who@a.example"
  https://mail.example: &mail
    client-id: sigstore
    type: email
    issuer-claim: $.federated_claims.connector_id
  https://mail2.example:
    <<: *mail
    client-id: other
    skip-email-verification: true
meta-issuers:
  https://*.b.example/*:
    client-id: sigstore
    type: kubernetes
ci-issuer-metadata:
  *ci-type:
    default-template-values:
      url: "https://a.example"
      environment: ""
    extension-templates:
      build-signer-uri: "{{ .url }}/{{ .ref }}"
      build-trigger: "event"
      deployment-environment: ""
    subject-alternative-name-template: '{{ .url }}/{{index . "x/y"}}'
"#;

#[test]
fn a_file_in_yaml() {
    let configuration = Configuration::parse(FILE.as_bytes()).unwrap();
    let issuer = configuration.issuer("https://a.example").unwrap();
    assert_eq!(issuer.kind, IssuerType::CiProvider { provider: "some-ci".to_owned() });
    assert_eq!((issuer.client_id.as_str(), issuer.challenge_claim.as_str()), ("sigstore", "sub"));
    assert_eq!(issuer.contact.as_deref(), Some("who@a.example"));
    let mail = |url| configuration.issuer(url).unwrap();
    let claim = Some(vec!["federated_claims".to_owned(), "connector_id".to_owned()]);
    let first = IssuerType::Email { issuer_claim: claim.clone(), skip_verification: false };
    let second = IssuerType::Email { issuer_claim: claim, skip_verification: true };
    assert_eq!((&mail("https://mail.example").kind, &mail("https://mail2.example").kind), (&first, &second));
    assert_eq!(mail("https://mail2.example").client_id, "other");
    assert_eq!(mail("https://mail.example").challenge_claim, "email");
    assert_eq!(configuration.issuer("https://c.b.example/d").unwrap().kind, IssuerType::Kubernetes);
    assert_eq!(configuration.issuer("https://c.d.b.example/d"), None);
    assert_eq!(configuration.issuer("https://*.b.example/*"), None);
    let provider = configuration.ci_provider("some-ci").unwrap();
    assert_eq!(provider.extensions.keys().copied().collect::<Vec<_>>(), [9, 20]);
    assert_eq!(provider.extensions[&20], Source::Claim("event".to_owned()));
    assert_eq!(provider.defaults["environment"], "");
}

#[test]
fn a_file_in_json_with_names_in_any_case() {
    let text = r#"{"oidcissuers":{"https://a.example":{"issuerurl":"https://a.example","clientID":"x","TYPE":"spiffe",
        "SPIFFETrustDomain":"a.example"}},"MetaIssuers":{"https://*":{"ClientID":"x","Type":"github-workflow","IssuerURL":""}}}"#;
    let configuration = Configuration::parse(text.as_bytes()).unwrap();
    let kind = &configuration.issuer("https://a.example").unwrap().kind;
    assert_eq!(*kind, IssuerType::Spiffe { trust_domain: "a.example".to_owned() });
    assert_eq!(configuration.patterns().count(), 1);
    assert_eq!(configuration.issuers().count(), 1);
}

#[test]
fn unknown_keys_are_named_with_what_was_meant() {
    let check = |result: Result<Configuration, ConfigError>, path: &str, nearest: &'static str| {
        assert_eq!(result.unwrap_err(), ConfigError::UnknownKey { path: path.to_owned(), nearest });
    };
    let prefix = r#"oidc-issuers."https://a.example""#;
    let good = "    client-id: x\n    type: email\n";
    check(yaml(&format!("{good}    clientid: x")), &format!("{prefix}.clientid"), "client-id");
    check(yaml(&format!("{good}    ClientID: x")), &format!("{prefix}.ClientID"), "client-id");
    check(yaml(&format!("{good}    emails: x")), &format!("{prefix}.emails"), "type");
    check(yaml(&format!("{good}    isuer-url: x")), &format!("{prefix}.isuer-url"), "issuer-url");
    let json_path = r#"OIDCIssuers."https://a.example".client-id"#;
    check(json(r#"{"ClientID":"x","Type":"email","client-id":"x"}"#), json_path, "ClientID");
    check(Configuration::parse(b"oidc_issuers: {}"), "oidc_issuers", "oidc-issuers");
    check(Configuration::parse(b"OIDCIssuers: {}"), "OIDCIssuers", "oidc-issuers");
    check(Configuration::parse(br#"{"define":1}"#), "define", "MetaIssuers");
    let metadata = "ci-issuer-metadata: {x: {subject-alternative-name-template: a, extension-templates: {build-signer: b}}}";
    let path = r#"ci-issuer-metadata."x".extension-templates.build-signer"#;
    check(Configuration::parse(metadata.as_bytes()), path, "build-trigger");
}

#[test]
fn each_mistake_has_its_error() {
    let path = |key: &str| format!(r#"oidc-issuers."https://a.example".{key}"#);
    let error = |issuer: &str| yaml(issuer).unwrap_err();
    let missing = |key: &str, needed_by| ConfigError::Missing { path: path(key), needed_by };
    assert_eq!(error("    type: email"), missing("client-id", "tokens must be for somebody"));
    assert_eq!(error("    client-id: x"), missing("type", "says what the tokens are about"));
    assert_eq!(
        error("    client-id: x\n    type: emial"),
        ConfigError::UnknownType { path: path("type"), found: "emial".to_owned(), nearest: "email" }
    );
    assert_eq!(
        error("    client-id: x\n    type: [email]"),
        ConfigError::Type { path: path("type"), expected: "a text", found: "an array" }
    );
    assert_eq!(
        error("    client-id: x\n    type: kubernetes\n    issuer-claim: $.a"),
        ConfigError::NotForType { path: path("issuer-claim"), only: "email" }
    );
    assert_eq!(
        error("    client-id: x\n    type: email\n    issuer-claim: $..a"),
        ConfigError::ClaimPath { path: path("issuer-claim"), found: "$..a".to_owned() }
    );
    assert_eq!(
        error("    client-id: x\n    type: email\n    issuer-url: https://b.example"),
        ConfigError::IssuerUrl {
            path: path("issuer-url"),
            key: "https://a.example".to_owned(),
            found: "https://b.example".to_owned()
        }
    );
    assert_eq!(
        error("    client-id: x\n    type: email\n    ca-cert: x"),
        ConfigError::CaCertificate { path: path("ca-cert") }
    );
    assert_eq!(
        error("    client-id: x\n    type: ci-provider\n    ci-provider: y"),
        ConfigError::UnknownProvider { path: path("ci-provider"), found: "y".to_owned() }
    );
    assert_eq!(
        error("    client-id: x\n    type: spiffe\n    spiffe-trust-domain: A"),
        ConfigError::TrustDomain { path: path("spiffe-trust-domain"), cause: SpiffeError::TrustDomain }
    );
    let domain = |kind: &str, domain: &str| {
        error(&format!("    client-id: x\n    type: {kind}\n    subject-domain: {domain}"))
    };
    let foreign = |found: &str| ConfigError::SubjectDomain {
        path: path("subject-domain"),
        found: found.to_owned(),
        issuer: "https://a.example".to_owned(),
    };
    assert_eq!(domain("uri", "https://b.example.com"), foreign("https://b.example.com"));
    assert_eq!(domain("uri", "http://a.example"), foreign("http://a.example"));
    assert_eq!(domain("username", "b.com"), foreign("b.com"));
    assert!(matches!(domain("uri", "a.example"), ConfigError::Scheme { .. }));
    assert!(matches!(domain("username", "https://a.example"), ConfigError::Scheme { .. }));
    assert!(matches!(domain("uri", "https://%zz"), ConfigError::Url { .. }));
    let pattern =
        |text: &str| Configuration::parse(format!("meta-issuers: {{{text}}}").as_bytes()).unwrap_err();
    let spiffe = "\"https://*\": {client-id: x, type: spiffe, spiffe-trust-domain: a}";
    assert!(matches!(pattern(spiffe), ConfigError::SpiffePattern { .. }));
    assert!(matches!(pattern("\"\": {client-id: x, type: email}"), ConfigError::Pattern { .. }));
    let template = r#"ci-issuer-metadata: {x: {subject-alternative-name-template: "{{.a"}}"#;
    assert!(matches!(Configuration::parse(template.as_bytes()), Err(ConfigError::Template { .. })));
    let none = "ci-issuer-metadata: {x: {}}";
    assert!(matches!(Configuration::parse(none.as_bytes()), Err(ConfigError::Missing { .. })));
    let twice = json(r#"{"ClientID":"x","clientid":"y","Type":"email"}"#);
    assert!(matches!(twice, Err(ConfigError::Duplicate { .. })));
}

#[test]
fn two_files_say_nothing_about_the_same_thing() {
    let parse = |text: &str| Configuration::parse(text.as_bytes()).unwrap();
    let issuer = |url: &str| format!("oidc-issuers:\n  {url}:\n    client-id: c\n    type: kubernetes\n");
    let provider = "ci-issuer-metadata:\n  ci:\n    subject-alternative-name-template: sub\n";
    let one = || parse(&format!("{}{provider}", issuer("https://a.example")));
    assert_eq!(one().with(parse(&issuer("https://b.example"))).unwrap().issuers().count(), 2);
    let twice = one().with(parse(&issuer("https://a.example"))).unwrap_err();
    assert_eq!(twice, ConfigError::Twice { issuer: "https://a.example".to_owned() });
    let twice = one().with(parse(provider)).unwrap_err();
    assert_eq!(twice, ConfigError::ProviderTwice { name: "ci".to_owned() });
}

#[test]
fn what_is_no_document_is_refused() {
    let error = |text: &str| match Configuration::parse(text.as_bytes()).unwrap_err() {
        ConfigError::Document(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error(""), DocumentError::Empty);
    assert_eq!(error("# nothing\n"), DocumentError::Empty);
    assert_eq!(error("a: 1\n---\nb: 1\n"), DocumentError::SeveralDocuments);
    assert_eq!(error("a: 1\na: 2\n"), DocumentError::Duplicate { key: "a".to_owned() });
    assert_eq!(error("[a]: 1\n"), DocumentError::Key);
    assert_eq!(error("<<: 1\n"), DocumentError::Merge);
    assert_eq!(error("a: &a [*a]\n"), DocumentError::Alias);
    assert!(matches!(error("a: [\n"), DocumentError::Yaml { .. }));
    assert!(matches!(error("{"), DocumentError::Json(_)));
    assert!(matches!(error("{\"a\":1,\"a\":2}"), DocumentError::Json(_)));
    assert_eq!(error(&format!("a: {}{}", "[".repeat(20), "]".repeat(20))), DocumentError::TooDeep);
    let long = " ".repeat(MAX_CONFIG_BYTES + 1);
    assert_eq!(error(&long), DocumentError::TooLong { size: long.len() });
    assert_eq!(Configuration::parse(b"\xff").unwrap_err(), ConfigError::Document(DocumentError::NotUtf8));
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (letter, before) in ('b'..='h').zip('a'..='g') {
        let aliases = vec![format!("*{before}"); 9].join(", ");
        laughs.push_str(&format!("{letter}: &{letter} [{aliases}]\n"));
    }
    assert_eq!(error(&laughs), DocumentError::TooManyValues);
}
