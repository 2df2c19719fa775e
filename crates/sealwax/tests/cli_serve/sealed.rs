//! What is sealed in the directory of an instance, and directories of a program that sealed less.

use std::fs::{self, File};

use crate::common::Scratch;
use crate::instance::Running;

/// What the identity provider had before its files were sealed.
const OPEN: [(&str, &[u8]); 2] = [
    ("accounts.json", include_bytes!("../../../idp/tests/data/v1/accounts.json")),
    ("keys.json", include_bytes!("../../../idp/tests/data/v1/keys.json")),
];

/// Makes a stopped instance what a program of format 1 had made.
fn make_old(directory: &str) {
    let idp = |name: &str| format!("{directory}/idp/{name}");
    for (name, bytes) in OPEN {
        fs::write(idp(name), bytes).unwrap();
        fs::remove_file(idp(&name.replace("json", "sealed"))).unwrap_or_default();
    }
    let path = format!("{directory}/instance.json");
    let instance = fs::read_to_string(&path).unwrap();
    fs::write(path, instance.replace("\"version\": 2", "\"version\": 1")).unwrap();
}

fn contents(folder: &str) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn nothing_of_the_identity_provider_lies_open() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    let add = ["account", "add", "eve", "--email", "eve@example.com", "--totp", "--dir", &directory];
    scratch.run(&add).exits(0);
    assert_eq!(running.stop(), Some(0));
    scratch.run(&["account", "list", "--dir", &directory]).exits(0).says("eve@example.com");
    let found = contents(&format!("{directory}/idp"));
    assert!(found.len() > 6000);
    for word in ["eve", "argon2", "PRIVATE KEY"] {
        assert!(!has(&found, word), "{word}");
    }
    // With the secret of somebody else nothing opens.
    let other = scratch.write("other", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    crate::instance::make_private(&scratch.path("other"));
    scratch.run(&["account", "list", "--dir", &directory, "--secret", &other]).exits(3).complains("sealed");
}

#[test]
fn what_an_older_program_left_open_is_sealed_at_the_next_start() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    assert_eq!(running.stop(), Some(0));
    make_old(&directory);

    let running = Running::start(&scratch, &["--listen", &listen]);
    let list = scratch.run(&["account", "list", "--dir", &directory]).exits(0);
    list.says("ada@example.com").says("bot");
    let keys = running.get("/oidc/keys").text();
    let found = contents(&format!("{directory}/idp"));
    assert!(!has(&found, "ada@example.com") && !has(&found, "PRIVATE KEY"));
    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&scratch, &["--listen", &listen]);
    assert_eq!(running.get("/oidc/keys").text(), keys);
    assert_eq!(running.stop(), Some(0));

    // Whoever puts an open file in the place of a sealed one later is not believed.
    fs::remove_file(format!("{directory}/idp/accounts.sealed")).unwrap();
    fs::write(format!("{directory}/idp/accounts.json"), OPEN[0].1).unwrap();
    scratch.run(&["account", "list", "--dir", &directory]).exits(3).complains("accounts.json is not sealed");
    scratch.run(&["serve", "--dir", &directory]).exits(3).complains("accounts.json is not sealed");
}

#[test]
fn accounts_bring_up_a_directory_that_nobody_serves() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    assert_eq!(running.stop(), Some(0));
    make_old(&directory);

    let lock = File::options().append(true).open(format!("{directory}/lock")).unwrap();
    lock.try_lock().unwrap();
    scratch.run(&["account", "list", "--dir", &directory]).exits(3).complains("older program");
    drop(lock);
    scratch.run(&["account", "list", "--dir", &directory]).exits(0).says("ada@example.com");
    assert!(!fs::exists(format!("{directory}/idp/accounts.json")).unwrap());
    assert!(fs::read_to_string(format!("{directory}/instance.json")).unwrap().contains("\"version\": 2"));
}

#[test]
fn secrets_that_others_can_read_and_files_that_others_can_write_are_refused() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    assert_eq!(running.stop(), Some(0));
    for (name, open, closed) in [
        ("secrets/ca-1", 0o640, 0o600),
        ("secrets", 0o755, 0o700),
        ("idp", 0o750, 0o700),
        ("audit", 0o755, 0o700),
        ("instance.json", 0o664, 0o644),
        ("certificates/ca-1.pem", 0o666, 0o644),
        ("tuf", 0o777, 0o755),
        ("", 0o770, 0o700),
    ] {
        let path = format!("{directory}/{name}");
        let set =
            |mode| fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        set(open);
        scratch.run(&["serve", "--dir", &directory]).exits(3).complains("chmod");
        set(closed);
    }
    let running = Running::start(&scratch, &[]);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_mask_that_lets_a_group_write_opens_nothing() {
    let scratch = Scratch::new();
    let directory = scratch.path("sigstore").to_string_lossy().into_owned();
    // Nobody takes what it certifies, so it ends when everything is made.
    let serve = format!(
        "umask 002; exec '{}' serve --dir '{directory}' --only ca,idp --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_sealwax")
    );
    for _ in 0..2 {
        let ended = std::process::Command::new("sh").args(["-c", &serve]).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains("has no certificate log"), "{said}");
    }
    let mode = |name: &str| {
        let metadata = fs::metadata(scratch.path(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
    };
    assert_eq!((mode("sigstore/instance.json") & 0o022, mode("sigstore/certificates") & 0o022), (0, 0));
}

#[test]
fn a_secret_that_the_configuration_names_is_found_without_being_named() {
    let scratch = Scratch::new();
    scratch.write("own.secret", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    crate::instance::make_private(&scratch.path("own.secret"));
    scratch.write("sigstore/serve.toml", "secret = '../own.secret'\n");
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    let add = ["account", "add", "eve", "--email", "eve@example.com", "--dir", &directory];
    scratch.run(&add).exits(0);
    let backup = scratch.path("backup").to_string_lossy().into_owned();
    scratch.run(&["backup", &directory, &backup, "--with-secret"]).exits(0);
    let copy = fs::read_to_string(scratch.path("backup/state-1/master.secret")).unwrap();
    assert_eq!(copy, fs::read_to_string(scratch.path("own.secret")).unwrap());
    assert_eq!(running.stop(), Some(0));
}
