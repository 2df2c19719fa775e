//! However the demo ends, nothing of it is left.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::common::Scratch;
use crate::{nothing_is_left, place};

fn start(arguments: &[&str], place: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sealwax"))
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", place)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_demo_leaves_nothing() {
    let scratch = Scratch::new();
    let place = place(&scratch);
    for (name, milliseconds) in [("INT", 5), ("INT", 60), ("TERM", 200), ("INT", 500), ("HUP", 900)] {
        let child = start(&[], &place);
        sleep(Duration::from_millis(milliseconds));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        // It was done; it was told to end; or it had not begun.
        match output.status.code() {
            Some(0) => assert_eq!(errors, ""),
            Some(3) => assert_eq!(errors, "sealwax: the demo was interrupted; nothing of it is left\n"),
            None => assert_eq!(errors, ""),
            other => panic!("{other:?}: {errors}"),
        }
        nothing_is_left(&place);
    }
}

/// Whoever waits for its end loses patience, and says so by another signal, as supervisors do.
#[test]
fn a_demo_that_is_interrupted_twice_leaves_nothing() {
    let scratch = Scratch::new();
    let place = place(&scratch);
    let signals = [("INT", "TERM"), ("TERM", "INT"), ("INT", "INT"), ("HUP", "TERM")];
    for (number, (first, second)) in signals.into_iter().cycle().take(12).enumerate() {
        let child = start(&[], &place);
        let number = u64::try_from(number).unwrap();
        sleep(Duration::from_millis(80 * number));
        signal(&child, first);
        sleep(Duration::from_millis(number % 6));
        // It may be at its end already.
        let _ = Command::new("kill").args(["-s", second, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), None | Some(0 | 3)), "{output:?}");
        nothing_is_left(&place);
    }
}

#[test]
fn a_demo_that_is_kept_serves_until_it_is_interrupted() {
    let scratch = Scratch::new();
    let place = place(&scratch);
    let mut child = start(&["--keep", "--json"], &place);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(said["kept"], true);
    let address = said["url"].as_str().unwrap().trim_start_matches("http://");
    TcpStream::connect(address).unwrap();
    assert!(std::path::Path::new(said["directory"].as_str().unwrap()).is_dir());
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
    TcpStream::connect(address).unwrap_err();
    nothing_is_left(&place);
}

#[test]
fn a_demo_that_nobody_reads_leaves_nothing() {
    let scratch = Scratch::new();
    let place = place(&scratch);
    let mut child = start(&[], &place);
    drop(child.stdout.take());
    // As shells report of programs that are told so by a signal.
    assert_eq!(child.wait().unwrap().code(), Some(141));
    nothing_is_left(&place);
}
