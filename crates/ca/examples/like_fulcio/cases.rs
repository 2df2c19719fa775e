//! Tokens of every type of issuer, plain ones and odd ones.

use jiff::Timestamp;
use serde_json::{Value, json};

/// One token.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) claims: Value,
    /// What the client signs.
    pub(crate) challenge: String,
    pub(crate) expected: Expected,
}

/// What should come of it.
pub(crate) enum Expected {
    Same,
    BothRefuse,
    /// Fulcio issues what nobody could mean.
    WeRefuse(&'static str),
    /// One extension differs, for a reason.
    Differ(&'static str, &'static str),
}

/// Our issuers on this machine, with the CI providers of the public instance's file.
pub(crate) fn configuration(public: &str, base: &str) -> String {
    let host = base.strip_prefix("http://").and_then(|rest| rest.split(':').next()).unwrap();
    let mut text = block(public, "define:");
    text.push_str("oidc-issuers:\n");
    let mut add = |name: &str, fields: &str| {
        text.push_str(&format!("  {base}/{name}:\n    issuer-url: {base}/{name}\n    client-id: sigstore\n"));
        fields.split("; ").for_each(|field| text.push_str(&format!("    {field}\n")));
    };
    add("mail", "type: email");
    add("trusting", "type: email; skip-email-verification: true");
    add("broker", "type: email; issuer-claim: $.federated_claims.connector_id");
    add("spiffe", "type: spiffe; spiffe-trust-domain: a.example");
    add("uri", &format!("type: uri; subject-domain: http://{host}"));
    add("user", &format!("type: username; subject-domain: {host}"));
    add("cluster", "type: kubernetes");
    add("github", "type: github-workflow");
    add("gitlab", "type: gitlab-pipeline");
    add("buildkite", "type: buildkite-job");
    add("codefresh", "type: codefresh-workflow");
    add("chainguard", "type: chainguard-identity");
    for provider in
        ["github-workflow", "gitlab-pipeline", "codefresh-workflow", "buildkite-job", "circleci-job"]
    {
        add(&format!("ci/{provider}"), &format!("type: ci-provider; ci-provider: {provider}"));
    }
    text.push_str(&format!(
        "meta-issuers:\n  http://{host}:*/meta/*:\n    client-id: sigstore\n    type: kubernetes\n"
    ));
    text + &block(public, "ci-issuer-metadata:")
}

/// A top-level key of a file and what stands under it.
fn block(text: &str, key: &str) -> String {
    let lines = text.lines().skip_while(|line| *line != key);
    let inside = |line: &&str| line.is_empty() || line.starts_with([' ', '#']);
    let block: Vec<&str> = lines.clone().take(1).chain(lines.skip(1).take_while(inside)).collect();
    block.join("\n") + "\n"
}

const GITHUB: &str = r#"{"sub":"repo:o/r:ref:refs/heads/main","job_workflow_ref":"o/r/.github/workflows/w.yml@refs/heads/main",
    "sha":"0123456789abcdef","event_name":"push","repository":"o/r","workflow":"Build & sign","ref":"refs/heads/main",
    "job_workflow_sha":"fedcba","runner_environment":"github-hosted","repository_id":"3","repository_owner":"o",
    "repository_owner_id":"4","repository_visibility":"public","workflow_ref":"o/r/.github/workflows/w.yml@refs/heads/main",
    "workflow_sha":"abc","run_id":"6","run_attempt":"7"}"#;
const GITLAB: &str = r#"{"sub":"project_path:g/p:ref_type:branch:ref:main","project_path":"g/p","project_id":"1",
    "pipeline_source":"push","pipeline_id":"2","ci_config_ref_uri":"gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha":"3","namespace_path":"g","namespace_id":"4","job_id":"5","ref":"main","ref_type":"branch","sha":"6",
    "runner_environment":"gitlab-hosted","runner_id":7,"project_visibility":"public"}"#;
const BUILDKITE: &str = r#"{"sub":"organization:o:pipeline:p:ref:refs/heads/main","organization_slug":"o","pipeline_slug":"p",
    "build_number":9,"job_id":"0184990a","runner_environment":"self-hosted","build_commit":"abc","build_source":"webhook"}"#;
const CODEFRESH: &str = r#"{"sub":"account:1:pipeline:2","account_id":"1","account_name":"n","pipeline_id":"2",
    "pipeline_name":"p/q","workflow_id":"3","scm_repo_url":"https://github.com/o/r","scm_ref":"main",
    "runner_environment":"hybrid"}"#;
const CIRCLECI: &str = r#"{"sub":"org/1/project/2/user/3","oidc.circleci.com/pipeline-id":"p","oidc.circleci.com/project-id":"q",
    "oidc.circleci.com/pipeline-definition-id":"d","oidc.circleci.com/workflow-id":"w","oidc.circleci.com/job-id":"j",
    "oidc.circleci.com/ssh-rerun":false,"oidc.circleci.com/vcs-ref":"refs/heads/main","oidc.circleci.com/vcs-origin":"github.com/o/r"}"#;

/// Every token.
pub(crate) fn all(base: &str) -> Vec<Case> {
    let host = base.strip_prefix("http://").and_then(|rest| rest.split(':').next()).unwrap();
    let mut cases = Vec::new();
    let mut add = |name: &'static str, issuer: &str, text: &str, expected: Expected| {
        let mut claims: Value = serde_json::from_str(text).unwrap();
        let now = Timestamp::now().as_second();
        for (claim, value) in [
            ("iss", json!(format!("{base}/{issuer}"))),
            ("aud", json!("sigstore")),
            ("exp", json!(now + 600)),
            ("iat", json!(now)),
        ] {
            claims.as_object_mut().unwrap().entry(claim).or_insert(value);
        }
        let challenge = match claims.get("email").and_then(Value::as_str) {
            Some(address) => address.to_owned(),
            None => claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        cases.push(Case { name, claims, challenge, expected });
    };
    use Expected::{BothRefuse, Same, WeRefuse};
    let mail = r#"{"sub":"7","email":"Ann.O'Neil+x@a.example","email_verified":true}"#;
    add("email", "mail", mail, Same);
    add("email, verified as a text", "mail", &mail.replace("true", "\"true\""), Same);
    add("email, not verified", "mail", &mail.replace("true", "false"), BothRefuse);
    add("email, not verified, trusted", "trusting", &mail.replace("true", "false"), Same);
    add("email, no address", "mail", &mail.replace("a.example", "a"), BothRefuse);
    add("email, not ASCII", "mail", &mail.replace("a.example", "ä.example"), BothRefuse);
    let brokered = mail.replace('{', r#"{"federated_claims":{"connector_id":"https://behind.example"},"#);
    add("email, behind a broker", "broker", &brokered, Same);
    add("email, no issuer behind the broker", "broker", mail, BothRefuse);
    add("spiffe", "spiffe", r#"{"sub":"spiffe://a.example/ns/x/sa/y"}"#, Same);
    add("spiffe, another trust domain", "spiffe", r#"{"sub":"spiffe://b.example/x"}"#, BothRefuse);
    add("spiffe, malformed", "spiffe", r#"{"sub":"spiffe://a.example/x//y"}"#, BothRefuse);
    add("uri", "uri", &format!(r#"{{"sub":"http://{host}/users/1"}}"#), Same);
    add("uri, to be escaped", "uri", &format!(r#"{{"sub":"http://{host}:80/a b/ü/%2f?x=1#f g"}}"#), Same);
    add("uri, another domain", "uri", r#"{"sub":"http://b.example/users/1"}"#, BothRefuse);
    add("uri, not ASCII in its query", "uri", &format!(r#"{{"sub":"http://{host}/?ü"}}"#), BothRefuse);
    add("username", "user", r#"{"sub":"ann"}"#, Same);
    add("username, not ASCII", "user", r#"{"sub":"änn"}"#, Same);
    add("username, of an address", "user", r#"{"sub":"ann@a.example"}"#, BothRefuse);
    add("username, with !", "user", r#"{"sub":"ann!a"}"#, BothRefuse);
    let account = r#"{"sub":"system:serviceaccount:n:a","kubernetes.io":{"namespace":"n","serviceaccount":{"name":"a","uid":"u"}}}"#;
    add("kubernetes", "cluster", account, Same);
    add("kubernetes, by a pattern", "meta/c-1_X", account, Same);
    let nobody = WeRefuse("since an empty name is nobody's");
    add("kubernetes, no namespace", "cluster", &account.replace("\"n\"", "\"\""), nobody);
    add("github-workflow", "github", GITHUB, Same);
    add("github-workflow, odd", "github", &GITHUB.replace("w.yml", "ü w//x/../(y).yml"), Same);
    add("github-workflow, a claim missing", "github", &GITHUB.replace("\"run_id\"", "\"run\""), BothRefuse);
    add("github-workflow, a number", "github", &GITHUB.replace("\"6\"", "6"), BothRefuse);
    let broken = WeRefuse("since Go leaves a URL with a broken escape out, without a word");
    add("github-workflow, a broken escape", "github", &GITHUB.replace("w.yml", "%zz.yml"), broken);
    add("gitlab-pipeline", "gitlab", GITLAB, Same);
    add("gitlab-pipeline, a tag", "gitlab", &GITLAB.replace("\"branch\"", "\"tag\""), Same);
    add("gitlab-pipeline, another ref", "gitlab", &GITLAB.replace("\"branch\"", "\"note\""), BothRefuse);
    add("gitlab-pipeline, no runner", "gitlab", &GITLAB.replace(":7,", ":0,"), BothRefuse);
    add("buildkite-job", "buildkite", BUILDKITE, Same);
    add("codefresh-workflow", "codefresh", CODEFRESH, Same);
    add(
        "codefresh-workflow, own platform",
        "codefresh",
        &CODEFRESH.replace('{', r#"{"platform_url":"https://c.example/x/","#),
        Same,
    );
    add("chainguard-identity", "chainguard", r#"{"sub":"a1/b2"}"#, Same);
    let of_person = r#"{"sub":"a1/b2","email":"ann@a.example","email_verified":true}"#;
    add("chainguard-identity, of a person", "chainguard", of_person, Same);
    add("ci-provider, GitHub", "ci/github-workflow", GITHUB, Same);
    add(
        "ci-provider, GitHub, environment",
        "ci/github-workflow",
        &GITHUB.replace('{', r#"{"environment":"prod","#),
        Same,
    );
    add(
        "ci-provider, GitHub, odd",
        "ci/github-workflow",
        &GITHUB.replace("w.yml", "ü w//x/../(y).yml"),
        Same,
    );
    add(
        "ci-provider, GitHub, a claim missing",
        "ci/github-workflow",
        &GITHUB.replace("\"run_id\"", "\"run\""),
        BothRefuse,
    );
    add("ci-provider, GitHub, numbers and lists", "ci/github-workflow", &odd_values(GITHUB), Same);
    add("ci-provider, GitLab", "ci/gitlab-pipeline", GITLAB, Same);
    add("ci-provider, Buildkite", "ci/buildkite-job", BUILDKITE, Same);
    let large = BUILDKITE.replace(":9,", ":12345678,");
    let exponent = Expected::Differ(
        "1.3.6.1.4.1.57264.1.21",
        "since Fulcio 1.8.8 writes numbers from 10^6 on with exponents, and later ones do not",
    );
    add("ci-provider, Buildkite, a large number", "ci/buildkite-job", &large, exponent);
    add("ci-provider, Codefresh", "ci/codefresh-workflow", CODEFRESH, Same);
    add("ci-provider, CircleCI", "ci/circleci-job", CIRCLECI, Same);
    add("ci-provider, CircleCI, rerun", "ci/circleci-job", &CIRCLECI.replace("false", "true"), Same);
    add("expired", "mail", &mail.replace('{', r#"{"exp":1000000000,"#), BothRefuse);
    add("another audience", "mail", &mail.replace('{', r#"{"aud":"other","#), BothRefuse);
    add("several audiences", "mail", &mail.replace('{', r#"{"aud":["other","sigstore"],"#), Same);
    add("an unknown issuer", "nobody", mail, BothRefuse);
    add(
        "no subject",
        "mail",
        &mail.replace(r#""sub":"7","#, ""),
        WeRefuse("since OpenID Connect demands one"),
    );
    cases
}

/// Values that are no texts where only a CI provider's templates look.
fn odd_values(claims: &str) -> String {
    claims
        .replace("\"6\"", "123456")
        .replace("\"7\"", "1.5")
        .replace("\"public\"", r#"["a",1.5,true,null,{"b":1e7,"a":0.00001}]"#)
}
