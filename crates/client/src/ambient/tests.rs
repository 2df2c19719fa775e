use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// Answers one request after the other with these statuses and bodies; hands over what it was asked.
fn serve(answers: Vec<(u16, &'static str)>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for ((status, body), stream) in answers.into_iter().zip(listener.incoming()) {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut request, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                request.push_str(&line);
                if line == "\r\n" {
                    break;
                }
            }
            let mut sent = vec![0; length];
            reader.read_exact(&mut sent).unwrap();
            request.push_str(&String::from_utf8(sent).unwrap());
            sender.send(request).unwrap();
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    (address, asked)
}

fn ask(variables: &[(&str, &str)], token_file: &Path) -> Result<Option<Found>, AmbientError> {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let variable = |name: &str| variables.get(name).cloned();
    let surroundings = Surroundings { variable: &variable, token_file, is_google: false };
    let patience = Patience { pause: Duration::from_millis(1), total: Duration::from_secs(5) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(ambient(&surroundings, "sigstore", patience))
}

fn nowhere() -> &'static Path {
    Path::new("/nowhere/token")
}

#[test]
fn nowhere_in_particular() {
    assert!(ask(&[("HOME", "/root"), ("CI", "true"), ("GITHUB_ACTIONS", "")], nowhere()).unwrap().is_none());
}

#[test]
fn github_gives_a_token_for_the_audience_to_who_may_have_one() {
    let (address, asked) = serve(vec![(500, ""), (200, r#"{"count":7,"value":"a.b.c"}"#)]);
    let url = format!("http://{address}/token?api-version=2.0");
    let mut variables = vec![
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner"),
    ];
    let found = ask(&variables, nowhere()).unwrap().unwrap();
    assert_eq!((found.token.as_str(), found.system), ("a.b.c", System::GitHub));
    asked.recv().unwrap();
    let request = asked.recv().unwrap();
    assert!(request.starts_with("GET /token?api-version=2.0&audience=sigstore HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: bearer runner\r\n"), "{request}");

    variables.pop();
    let refused = ask(&variables, nowhere()).unwrap_err();
    assert!(matches!(refused, AmbientError::Permission { system: System::GitHub, .. }));
    assert!(refused.to_string().contains("id-token: write"));
    let other = [
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://runner.example/"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x"),
    ];
    assert!(matches!(ask(&other, nowhere()).unwrap_err(), AmbientError::Unusable { .. }));
}

#[test]
fn buildkite_is_asked_as_its_agent_does() {
    let (address, asked) = serve(vec![(200, r#"{"token":"a.b.c"}"#), (403, "not for you")]);
    let endpoint = format!("http://{address}/v3");
    let variables = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_AGENT_ENDPOINT", endpoint.as_str()),
        ("BUILDKITE_JOB_ID", "0190"),
        ("BUILDKITE_AGENT_ACCESS_TOKEN", "agent"),
    ];
    assert_eq!(ask(&variables, nowhere()).unwrap().unwrap().token, "a.b.c");
    let request = asked.recv().unwrap();
    assert!(request.starts_with("POST /v3/jobs/0190/oidc/tokens HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("authorization: Token agent\r\n") && request.ends_with(r#"{"audience":"sigstore"}"#)
    );
    let refused = ask(&variables, nowhere()).unwrap_err();
    assert!(refused.to_string().contains("status 403: not for you"), "{refused}");
    assert!(matches!(
        ask(&variables[..2], nowhere()).unwrap_err(),
        AmbientError::Permission { system: System::Buildkite, .. }
    ));
}

#[test]
fn google_gives_the_token_itself() {
    let (address, asked) = serve(vec![(200, "a.b.c"), (404, "no service account")]);
    let variables = [("GCE_METADATA_HOST", address.as_str())];
    assert_eq!(ask(&variables, nowhere()).unwrap().unwrap().token, "a.b.c");
    let request = asked.recv().unwrap();
    let line = "GET /computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full HTTP/1.1\r\n";
    assert!(request.starts_with(line) && request.contains("metadata-flavor: Google\r\n"), "{request}");
    let refused = ask(&variables, nowhere()).unwrap_err();
    assert!(matches!(refused, AmbientError::Service { system: System::Google, .. }));
}

#[test]
fn gitlab_says_what_the_job_must_declare() {
    let refused = ask(&[("GITLAB_CI", "true")], nowhere()).unwrap_err();
    assert!(matches!(refused, AmbientError::Permission { system: System::GitLab, .. }));
    assert!(refused.to_string().contains("id_tokens"));
}

#[test]
fn a_mounted_token() {
    let path = std::env::temp_dir().join(format!("sealwax-ambient-{}", std::process::id()));
    std::fs::write(&path, "a.b.c\n").unwrap();
    let found = ask(&[], &path).unwrap().unwrap();
    assert_eq!((found.token.as_str(), found.system), ("a.b.c\n", System::File));
    std::fs::write(&path, [0xff]).unwrap();
    assert!(matches!(ask(&[], &path).unwrap_err(), AmbientError::Unusable { system: System::File, .. }));
    std::fs::remove_file(&path).unwrap();
}
