use super::*;
use sealwax_json::{Limits, Value};

const CONFIGURATION: &str = r#"
oidc-issuers:
  https://mail.example: {client-id: x, type: email}
  https://trusting.example: {client-id: x, type: email, skip-email-verification: true}
  https://broker.example: {client-id: x, type: email, issuer-claim: $.federated_claims.connector_id}
  https://spiffe.example: {client-id: x, type: spiffe, spiffe-trust-domain: a.example}
  https://uri.example: {client-id: x, type: uri, subject-domain: "https://sub.uri.example"}
  https://user.example: {client-id: x, type: username, subject-domain: user.example}
  https://cluster.example: {client-id: x, type: kubernetes}
  https://github.example: {client-id: x, type: github-workflow}
  https://gitlab.example: {client-id: x, type: gitlab-pipeline}
  https://buildkite.example: {client-id: x, type: buildkite-job}
  https://codefresh.example: {client-id: x, type: codefresh-workflow}
  https://chainguard.example/: {client-id: x, type: chainguard-identity}
  https://ci.example: {client-id: x, type: ci-provider, ci-provider: ci}
ci-issuer-metadata:
  ci:
    default-template-values: {url: "https://default.example", gone: "default"}
    extension-templates:
      build-signer-uri: "{{ .url }}/{{ .job }}"
      build-signer-digest: job
      runner-environment: "{{ if eq .hosted \"true\" }}hosted{{ end }}"
      source-repository-uri: list
      source-repository-digest: number
      source-repository-ref: gone
      issuer: "{{ .missing }}"
      subject: "job"
    subject-alternative-name-template: "{{.url}}/{{.job}}"
"#;

fn identity(claims: &str) -> Result<Identity, IdentityError> {
    let configuration = Configuration::parse(CONFIGURATION.as_bytes()).unwrap();
    let value: Value<'_> = sealwax_json::parse(claims.as_bytes(), &Limits::of_bytes(1 << 20)).unwrap();
    Identity::of(&VerifiedToken::unchecked(Claims::new(value)?), &configuration)
}

fn uri(text: &str) -> Subject {
    Subject::Uri(text.to_owned())
}

fn missing(claim: &str) -> IdentityError {
    IdentityError::Claim(ClaimError::Missing { claim: claim.to_owned() })
}

/// The extensions, without the three that every certificate has.
fn others(identity: &Identity) -> Vec<(u8, &str)> {
    identity.extensions().iter().filter(|(number, _)| !matches!(number, 1 | 8 | 24)).collect()
}

#[test]
fn people() {
    let token = |issuer: &str, verified: &str| {
        identity(&format!(
            r#"{{"iss":"https://{issuer}.example","sub":"7","email":"a@b.cc"{verified},
            "federated_claims":{{"connector_id":"https://behind.example"}}}}"#
        ))
    };
    let found = token("mail", r#","email_verified":true"#).unwrap();
    assert_eq!(found.subject(), &Subject::Email("a@b.cc".to_owned()));
    assert_eq!(found.challenge(), "a@b.cc");
    let expected = [(1, "https://mail.example"), (8, "https://mail.example"), (24, "7")];
    assert_eq!(found.extensions().iter().collect::<Vec<_>>(), expected);
    assert!(token("mail", r#","email_verified":"true""#).is_ok());
    let refused = IdentityError::EmailNotVerified { address: "a@b.cc".to_owned() };
    for unverified in
        ["", r#","email_verified":false"#, r#","email_verified":"false""#, r#","email_verified":null"#]
    {
        assert_eq!(token("mail", unverified), Err(refused.clone()), "{unverified}");
        assert!(token("trusting", unverified).is_ok());
    }
    for other in ["1", "\"yes\"", "[true]"] {
        let error = token("mail", &format!(r#","email_verified":{other}"#)).unwrap_err();
        let claim = |error: &ClaimError| matches!(error, ClaimError::Type { claim, .. } | ClaimError::Value { claim, .. } if claim == "email_verified");
        assert!(matches!(&error, IdentityError::Claim(error) if claim(error)), "{error:?}");
    }
    let behind = token("broker", r#","email_verified":true"#).unwrap();
    assert_eq!(behind.extensions().get(8), Some("https://behind.example"));
    let direct = r#"{"iss":"https://broker.example","sub":"7","email":"a@b.cc","email_verified":true}"#;
    assert_eq!(identity(direct), Err(missing("federated_claims.connector_id")));
    let bad = r#"{"iss":"https://mail.example","sub":"7","email":"a b@c.dd","email_verified":true}"#;
    assert!(
        matches!(identity(bad), Err(IdentityError::Claim(ClaimError::Value { claim, .. })) if claim == "email")
    );
    let no = r#"{"iss":"https://mail.example","sub":"7","email":"","email_verified":true}"#;
    assert_eq!(identity(no), Err(missing("email")));
    let foreign = r#"{"iss":"https://mail.example","sub":"7","email":"ü@exämple.de","email_verified":true}"#;
    assert_eq!(identity(foreign), Err(IdentityError::NotAscii { subject: "ü@exämple.de".to_owned() }));
}

#[test]
fn subjects_of_one_claim() {
    let of =
        |issuer: &str, sub: &str| identity(&format!(r#"{{"iss":"https://{issuer}.example","sub":"{sub}"}}"#));
    let found = of("spiffe", "spiffe://a.example/x").unwrap();
    assert_eq!((found.subject(), found.challenge()), (&uri("spiffe://a.example/x"), "spiffe://a.example/x"));
    let (expected, found) = ("a.example".to_owned(), "b.example".to_owned());
    assert_eq!(of("spiffe", "spiffe://b.example/x"), Err(IdentityError::TrustDomain { expected, found }));
    assert!(matches!(of("spiffe", "https://a.example/x"), Err(IdentityError::Spiffe { .. })));

    assert_eq!(
        of("uri", "https://sub.uri.example/a b").unwrap().subject(),
        &uri("https://sub.uri.example/a%20b")
    );
    assert_eq!(
        of("uri", "https://sub.uri.example:8080/").unwrap().subject(),
        &uri("https://sub.uri.example:8080/")
    );
    for foreign in
        ["http://sub.uri.example/", "https://uri.example/", "https://sub.uri.example@evil.example/", "x"]
    {
        let (subject, expected) = (foreign.to_owned(), "https://sub.uri.example".to_owned());
        assert_eq!(of("uri", foreign), Err(IdentityError::SubjectDomain { subject, expected }), "{foreign}");
    }
    assert_eq!(of("uri", "a@b.cc"), Err(IdentityError::LooksLikeEmail { subject: "a@b.cc".to_owned() }));
    assert!(matches!(of("uri", "https://sub.uri.example/%zz"), Err(IdentityError::Url { .. })));
    let not_ascii = "https://sub.uri.example/?ü".to_owned();
    assert_eq!(of("uri", &not_ascii), Err(IdentityError::NotAscii { subject: not_ascii }));

    assert_eq!(of("user", "ann").unwrap().subject(), &Subject::Username("ann!user.example".to_owned()));
    assert!(
        matches!(of("user", "a!b"), Err(IdentityError::Claim(ClaimError::Value { claim, .. })) if claim == "sub")
    );
    assert_eq!(of("user", "a@b.cc"), Err(IdentityError::LooksLikeEmail { subject: "a@b.cc".to_owned() }));
    assert_eq!(of("user", ""), Err(missing("sub")));
    assert_eq!(
        of("nobody", "x"),
        Err(IdentityError::UnknownIssuer { issuer: "https://nobody.example".to_owned() })
    );
}

#[test]
fn service_accounts() {
    let good = r#"{"iss":"https://cluster.example","sub":"s","kubernetes.io":{"namespace":"n","serviceaccount":{"name":"a"}}}"#;
    let expected = uri("https://kubernetes.io/namespaces/n/serviceaccounts/a");
    assert_eq!(identity(good).unwrap().subject(), &expected);
    assert_eq!(identity(&good.replace("\"n\"", "\"\"")), Err(missing("kubernetes.io.namespace")));
    let without = r#"{"iss":"https://cluster.example","sub":"s","kubernetes.io":{"namespace":"n"}}"#;
    assert_eq!(identity(without), Err(missing("kubernetes.io.serviceaccount.name")));
}

#[test]
fn chainguard_joins_issuer_and_subject() {
    let found = identity(r#"{"iss":"https://chainguard.example/","sub":"a/b"}"#).unwrap();
    assert_eq!((found.subject(), found.challenge()), (&uri("https://chainguard.example/a/b"), "a/b"));
    let mail = r#"{"iss":"https://chainguard.example/","sub":"a/b","email":"a@b.cc","email_verified":true}"#;
    assert_eq!(identity(mail).unwrap().challenge(), "a@b.cc");
    let unverified = identity(&mail.replace("true", "false"));
    assert_eq!(unverified, Err(IdentityError::EmailNotVerified { address: "a@b.cc".to_owned() }));
}

/// Every claim that a type needs, left out one after the other.
#[track_caller]
fn every_claim_is_needed(good: &str, optional: &[&str]) {
    let value = sealwax_json::parse(good.as_bytes(), &Limits::of_bytes(1 << 20)).unwrap();
    let object = value.as_object().unwrap();
    for (name, _) in object.iter().filter(|(name, _)| *name != "iss") {
        let mut less = object.clone();
        less.remove(name);
        let found = identity(&sealwax_json::compact(&less.into()));
        if optional.contains(&name) {
            assert!(found.is_ok(), "{name}: {found:?}");
        } else {
            assert_eq!(found, Err(missing(name)));
        }
    }
}

#[test]
fn github() {
    let good = r#"{"iss":"https://github.example","sub":"s","job_workflow_ref":"o/r/.github/workflows/w.yml@refs/heads/main",
        "sha":"1","event_name":"push","repository":"o/r","workflow":"w","ref":"refs/heads/main","job_workflow_sha":"2",
        "runner_environment":"hosted","repository_id":"3","repository_owner":"o","repository_owner_id":"4",
        "repository_visibility":"public","workflow_ref":"o/r/w@x","workflow_sha":"5","run_id":"6","run_attempt":"7"}"#;
    let found = identity(good).unwrap();
    assert_eq!(found.subject(), &uri("https://github.com/o/r/.github/workflows/w.yml@refs/heads/main"));
    let expected = [
        (2, "push"),
        (3, "1"),
        (4, "w"),
        (5, "o/r"),
        (6, "refs/heads/main"),
        (9, "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main"),
        (10, "2"),
        (11, "hosted"),
        (12, "https://github.com/o/r"),
        (13, "1"),
        (14, "refs/heads/main"),
        (15, "3"),
        (16, "https://github.com/o"),
        (17, "4"),
        (18, "https://github.com/o/r/w@x"),
        (19, "5"),
        (20, "push"),
        (21, "https://github.com/o/r/actions/runs/6/attempts/7"),
        (22, "public"),
    ];
    assert_eq!(others(&found), expected);
    every_claim_is_needed(good, &[]);
    let number = identity(&good.replace("\"6\"", "6"));
    assert!(matches!(number, Err(IdentityError::Claim(ClaimError::Type { claim, .. })) if claim == "run_id"));
}

#[test]
fn gitlab() {
    let good = r#"{"iss":"https://gitlab.example","sub":"s","project_path":"g/p","project_id":"1","pipeline_source":"push",
        "pipeline_id":"2","ci_config_ref_uri":"gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main","ci_config_sha":"3","namespace_path":"g",
        "namespace_id":"4","job_id":"5","ref":"main","ref_type":"branch","sha":"6","runner_environment":"hosted","runner_id":7,
        "project_visibility":"public"}"#;
    let found = identity(good).unwrap();
    assert_eq!(found.subject(), &uri("https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main"));
    let expected = [
        (9, "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main"),
        (10, "3"),
        (11, "hosted"),
        (12, "https://gitlab.com/g/p"),
        (13, "6"),
        (14, "refs/heads/main"),
        (15, "1"),
        (16, "https://gitlab.com/g"),
        (17, "4"),
        (18, "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main"),
        (19, "3"),
        (20, "push"),
        (21, "https://gitlab.com/g/p/-/jobs/5"),
        (22, "public"),
    ];
    assert_eq!(others(&found), expected);
    every_claim_is_needed(good, &["ci_config_sha", "project_visibility"]);
    assert_eq!(
        identity(&good.replace("\"branch\"", "\"tag\"")).unwrap().extensions().get(14),
        Some("refs/tags/main")
    );
    let other = identity(&good.replace("\"branch\"", "\"note\""));
    assert!(
        matches!(other, Err(IdentityError::Claim(ClaimError::Value { claim, .. })) if claim == "ref_type")
    );
    assert_eq!(identity(&good.replace(":7", ":0")), Err(missing("runner_id")));
}

#[test]
fn buildkite_and_codefresh() {
    let buildkite =
        r#"{"iss":"https://buildkite.example","sub":"s","organization_slug":"o","pipeline_slug":"p"}"#;
    assert_eq!(identity(buildkite).unwrap().subject(), &uri("https://buildkite.com/o/p"));
    every_claim_is_needed(buildkite, &[]);

    let codefresh = r#"{"iss":"https://codefresh.example","sub":"s","account_id":"1","account_name":"n","pipeline_id":"2",
        "pipeline_name":"p/q","workflow_id":"3","scm_repo_url":"https://r","scm_ref":"main","runner_environment":"cloud",
        "platform_url":"https://own.example"}"#;
    let found = identity(codefresh).unwrap();
    assert_eq!(found.subject(), &uri("https://own.example/n/p/q:1/2"));
    let expected = [
        (9, "https://own.example/build/3"),
        (11, "cloud"),
        (12, "https://r"),
        (14, "main"),
        (18, "https://own.example/api/pipelines/2"),
        (21, "https://own.example/build/3"),
    ];
    assert_eq!(others(&found), expected);
    let optional =
        ["account_name", "pipeline_name", "scm_repo_url", "scm_ref", "runner_environment", "platform_url"];
    every_claim_is_needed(codefresh, &optional);
    let default = identity(&codefresh.replace("platform_url", "x")).unwrap();
    assert_eq!(default.subject(), &uri("https://g.codefresh.io/n/p/q:1/2"));
}

#[test]
fn templates() {
    let good = r#"{"iss":"https://ci.example","sub":"s","job":"a b","hosted":true,"list":["x",1e7,null,{"b":1.5,"a":false}],
        "number":123456789012}"#;
    let found = identity(good).unwrap();
    assert_eq!(found.subject(), &uri("https://default.example/a%20b"));
    let expected = [
        (9, "https://default.example/a b"),
        (10, "a b"),
        (11, "hosted"),
        (12, "[x 1e+07 <nil> map[a:false b:1.5]]"),
        (13, "123456789012"),
        (14, "default"),
    ];
    assert_eq!(others(&found), expected);
    assert_eq!(found.extensions().get(24), Some("s"));
    assert_eq!(identity(&good.replace("true", "false")).unwrap().extensions().get(11), None);
    let claimed =
        identity(&good.replace("\"list\"", "\"url\":\"https://own.example\",\"gone\":null,\"list\""))
            .unwrap();
    assert_eq!(claimed.subject(), &uri("https://own.example/a%20b"));
    assert_eq!(claimed.extensions().get(14), Some("<nil>"));
    let error = identity(&good.replace("\"job\"", "\"jab\"")).unwrap_err();
    let cause = RunError::Missing { name: "job".to_owned() };
    assert_eq!(error, IdentityError::Template { name: "subject-alternative-name-template", cause });
    let error = identity(&good.replace("\"list\"", "\"lost\"")).unwrap_err();
    let cause = RunError::Missing { name: "list".to_owned() };
    assert_eq!(error, IdentityError::Template { name: "source-repository-uri", cause });
}
