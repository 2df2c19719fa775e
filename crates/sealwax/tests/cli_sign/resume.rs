//! A signer that is killed, at each step, and taken up again from a file that holds no key.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::Scratch;
use crate::names;
use crate::proxy::{Act, Proxy};
use crate::signer::Signer;

#[test]
fn a_signature_is_taken_up_where_it_was_killed() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let token = scratch.write("token", signer.token(&scratch));
    let state = scratch.path("state").to_string_lossy().into_owned();
    let mut logged = 0;
    for (path, was_done) in [
        ("/api/v2/signingCert", false),
        ("/api/v1/timestamp", false),
        ("/api/v1/timestamp", true),
        ("/api/v2/log/entries", false),
        ("/api/v2/log/entries", true),
    ] {
        let app = scratch.write("app", format!("content {path} {was_done}"));
        let proxy = Proxy::start(signer.url(), move |request, _, upstream| {
            if request.path != path {
                return Act::Reply(upstream.ask(request));
            }
            if was_done {
                upstream.ask(request);
            }
            Act::Silence
        });
        let config = signer.config_by(&scratch, &[&proxy.url]);
        let before = names(&scratch, "");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealwax"))
            .args([
                "sign",
                &app,
                "--token",
                &format!("@{token}"),
                "--trust-config",
                &config,
                "--resume",
                &state,
            ])
            .env("SEALWAX_HOME", scratch.home())
            .env("HOME", scratch.home())
            .env("TMPDIR", scratch.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while proxy.count(path) == 0
            || (path != "/api/v2/signingCert" && proxy.asked.lock().unwrap().len() < 3)
        {
            assert!(start.elapsed() < Duration::from_secs(20), "{path} was not asked");
            sleep(Duration::from_millis(5));
        }
        // What the other service answers may be kept, or not.
        sleep(Duration::from_millis(if was_done { 100 } else { 0 }));
        child.kill().unwrap();
        child.wait().unwrap();
        // Nothing else was written anywhere: no key, no token, no half of a bundle.
        let written: Vec<String> =
            names(&scratch, "").into_iter().filter(|name| !before.contains(name)).collect();
        assert_eq!(written, ["state"]);
        let kept = std::fs::read_to_string(&state).unwrap();
        assert!(!kept.contains("PRIVATE") && !kept.contains(std::fs::read_to_string(&token).unwrap().trim()));

        // The services themselves, and where something was signed already, nobody's token.
        let was_signed = kept.contains("\"signature\"");
        assert_eq!(was_signed, path != "/api/v2/signingCert");
        let token = format!("@{token}");
        let token: &[&str] = if was_signed { &[] } else { &["--token", &token] };
        signer.sign(&scratch, &[&["sign", &app, "--resume", &state][..], token].concat(), &[], b"").exits(0);
        signer.verify(&scratch, &app).exits(0);
        logged += 1;
        assert_eq!(signer.log_size(), logged, "{path} {was_done}");
        assert!(!scratch.path("state").exists());
        std::fs::remove_file(scratch.path("app.sigstore.json")).unwrap();
    }
}

/// The same command names what it has written, where it names what is in a directory.
#[test]
fn bundles_that_are_there_by_now_are_not_signed_themselves() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let token = signer.token(&scratch);
    scratch.write("dist/a", b"a");
    scratch.write("dist/b", b"b");
    let sign = |more: &[&str]| {
        let mut list: Vec<String> = std::fs::read_dir(scratch.path("dist"))
            .unwrap()
            .map(|entry| format!("dist/{}\n", entry.unwrap().file_name().to_str().unwrap()))
            .collect();
        list.sort();
        let list = scratch.write("list", list.concat());
        scratch.run_with(
            &[&["sign", "--list", &list, "--resume", "state"][..], more].concat(),
            &[],
            token.as_bytes(),
        )
    };
    let proxy = Proxy::start(signer.url(), |request, before, upstream| match request.path.as_str() {
        "/api/v2/log/entries" if before > 0 => Act::Cut,
        _ => Act::Reply(upstream.ask(request)),
    });
    let config = signer.config_by(&scratch, &[&proxy.url]);
    let ran = sign(&["--token", "-", "--trust-config", &config, "--patience", "0s"]).exits(3);
    ran.says("  bundle ").complains("is kept in");
    let ran = sign(&["--trust-config", &signer.config]).exits(0);
    ran.complains("is the bundle of another artifact, and is not signed");
    let dist: Vec<_> = std::fs::read_dir(scratch.path("dist")).unwrap().collect();
    assert_eq!((dist.len(), signer.log_size(), names(&scratch, "state")), (4, 2, Vec::new()));
}

#[test]
fn what_is_kept_is_for_the_same_artifact() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let token = signer.token(&scratch);
    let state = scratch.path("state").to_string_lossy().into_owned();
    let app = scratch.write("app", b"content");
    let proxy = Proxy::start(signer.url(), |request, _, upstream| match request.path.as_str() {
        "/api/v1/timestamp" => Act::Cut,
        _ => Act::Reply(upstream.ask(request)),
    });
    let config = signer.config_by(&scratch, &[&proxy.url]);
    let arguments =
        ["sign", &app, "--token", "-", "--trust-config", &config, "--resume", &state, "--patience", "0s"];
    // Where nothing was begun, nothing is kept, and no file for it.
    let nobody = [&arguments[..], &["--expect-identity", "https://elsewhere.example"]].concat();
    let ran = scratch.run_with(&nobody, &[], token.as_bytes()).exits(1);
    assert!(!ran.err.contains("is kept in") && !scratch.path("state").exists(), "{}", ran.err);
    scratch.run_with(&arguments, &[], token.as_bytes()).exits(3).complains("is kept in");

    scratch.write("app", b"other content");
    let resume = || signer.sign(&scratch, &["sign", &app, "--resume", &state], &[], b"");
    resume().exits(3).says("has changed");
    // A line that was cut off is as if it had not been written; one in the middle is not.
    scratch.write("app", b"content");
    let kept = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, format!("{kept}{{\"artifact\":\"ap")).unwrap();
    // Not even once others have been written after it.
    scratch.run_with(&arguments, &[], token.as_bytes()).exits(3).complains("is kept in");
    scratch.run_with(&arguments, &[], token.as_bytes()).exits(3).complains("is kept in");
    resume().exits(0);
    signer.verify(&scratch, &app).exits(0);
    // Neither is a file of somebody else touched.
    std::fs::write(&state, "a letter").unwrap();
    resume().exits(3).complains("line 1");
    assert_eq!(std::fs::read_to_string(&state).unwrap(), "a letter");
    std::fs::write(&state, format!("nonsense\n{kept}")).unwrap();
    resume().exits(3).complains("line 1");
}
