//! A repository that the fuzzer plays. The input is a series of files, in the order in which the client asks for something;
//! an empty one is a 404. Each that is JSON is signed on the way, by the one key that the trusted root lists for every role:
//! without that, no input would ever get past the first signature.

use std::sync::LazyLock;

use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey};
use sealwax_json::{Limits as JsonLimits, Object, Value, compact, olpc, parse};
use sealwax_tuf::{Action, Answer, Limits, Machine, Refresh, Trusted, inspect_root};

/// No text holds it.
pub(crate) const SEPARATOR: u8 = 0xFF;

/// Root rotations, delegations and the four roles, with the stored file and the fetched one of each, and every effect: more
/// steps than these is a client that a repository can keep busy.
const MAXIMUM_STEPS: usize = 2_000;

pub(crate) static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap());
pub(crate) static ROOT: LazyLock<Vec<u8>> = LazyLock::new(|| signed(root(1).as_bytes()).unwrap());

pub(crate) fn run(input: &[u8]) {
    let limits = Limits::default();
    let _ = inspect_root(input, &limits);
    let mut files = input.split(|byte| *byte == SEPARATOR);
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut refresh = Refresh::new(&ROOT, now, &limits).unwrap();
    if drive(&mut refresh, &mut files) {
        search(&refresh.finish().unwrap(), &mut files);
    }
}

fn search<'a>(trusted: &Trusted, files: &mut impl Iterator<Item = &'a [u8]>) {
    let now: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(trusted.root_version() >= 1 && trusted.expires() > now, "expired, and trusted");
    for path in ["a", "b/c", "../a", "http://a"] {
        let Ok(mut search) = trusted.search(path) else { continue };
        if drive(&mut search, files) {
            let _ = search.finish().unwrap();
        }
    }
}

/// Plays the repository and an empty store; whether the machine came to its end.
fn drive<'a>(machine: &mut impl Machine, files: &mut impl Iterator<Item = &'a [u8]>) -> bool {
    for _ in 0..MAXIMUM_STEPS {
        match machine.next_action() {
            None => return true,
            Some(Action::Store { file, .. } | Action::Remove { file }) => assert_is_component(&file),
            Some(Action::Load { file }) => {
                assert_is_component(&file);
                if machine.answer(Answer::Absent).is_err() {
                    return false;
                }
            }
            Some(Action::Fetch { path, max_bytes }) => {
                assert!(!path.is_empty() && !path.starts_with('/') && max_bytes <= 5_000_000, "{path}");
                let file = files.next().unwrap_or_default();
                let bytes = signed(file).unwrap_or_else(|| file.to_vec());
                let answer = if bytes.is_empty() { Answer::Absent } else { Answer::Bytes(bytes) };
                if machine.answer(answer).is_err() {
                    return false;
                }
            }
        }
    }
    panic!("more than {MAXIMUM_STEPS} steps");
}

fn assert_is_component(file: &str) {
    assert!(
        !file.contains(['/', '\\', '\0']) && file.ends_with(".json") && file.len() > 5,
        "not a file name: {file}"
    );
}

/// The metadata file around its `signed` part, if that is JSON with a canonical form.
pub(crate) fn signed(part: &[u8]) -> Option<Vec<u8>> {
    let part = parse(part, &JsonLimits::of_bytes(1 << 20)).ok()?;
    let signature = KEY.sign(Scheme::Ed25519, Message::Bytes(&olpc(&part).ok()?)).unwrap();
    let signature = Object::new().with("keyid", KEY_ID).with("sig", hex(&signature));
    let signatures = Value::Array(vec![Value::Object(signature)]);
    Some(
        compact(&Value::Object(Object::new().with("signatures", signatures).with("signed", part)))
            .into_bytes(),
    )
}

/// Deployed roots have keys whose identifier is no digest, and so has this one.
const KEY_ID: &str = "key";

pub(crate) fn root(version: u64) -> String {
    let public = hex(KEY.public_key().raw().unwrap());
    let role = format!(r#"{{"keyids":["{KEY_ID}"],"threshold":1}}"#);
    format!(
        r#"{{"_type":"root","spec_version":"1.0.0","version":{version},"expires":"2100-01-01T00:00:00Z","consistent_snapshot":true,
        "keys":{{"{KEY_ID}":{{"keytype":"ed25519","scheme":"ed25519","keyval":{{"public":"{public}"}}}}}},
        "roles":{{"root":{role},"timestamp":{role},"snapshot":{role},"targets":{role}}}}}"#
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `signed` part of version 1 of a role.
pub(crate) fn document(kind: &str, rest: &str) -> String {
    format!(
        r#"{{"_type":"{kind}","spec_version":"1.0.0","version":1,"expires":"2100-01-01T00:00:00Z",{rest}}}"#
    )
}

/// A rotation and two whole refreshes, the second one with a delegation that is followed.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let digest = hex(&[0; 32]);
    let target = format!(r#"{{"a":{{"length":3,"hashes":{{"sha256":"{digest}"}}}}}}"#);
    let timestamp = document("timestamp", r#""meta":{"snapshot.json":{"version":1}}"#);
    let snapshot = document("snapshot", r#""meta":{"targets.json":{"version":1},"team.json":{"version":1}}"#);
    let targets = document("targets", &format!(r#""targets":{target}"#));
    let public = hex(KEY.public_key().raw().unwrap());
    let delegations = format!(
        r#""targets":{{}},"delegations":{{"keys":{{"{KEY_ID}":{{"keytype":"ed25519","scheme":"ed25519","keyval":{{"public":"{public}"}}}}}},
        "roles":[{{"name":"team","keyids":["{KEY_ID}"],"threshold":1,"terminating":false,"paths":["*","b/*"]}}]}}"#
    );
    let join = |files: &[&str]| {
        files.join("\u{0}").into_bytes().iter().map(|b| if *b == 0 { SEPARATOR } else { *b }).collect()
    };
    vec![
        join(&["", &timestamp, &snapshot, &targets]),
        join(&[&root(2), "", &timestamp, &snapshot, &document("targets", &delegations), &targets]),
        ROOT.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_get_to_the_end() {
        for (seed, found) in seeds().iter().zip([true, true]) {
            let mut files = seed.split(|byte| *byte == SEPARATOR);
            let now = "2026-01-01T00:00:00Z".parse().unwrap();
            let mut refresh = Refresh::new(&ROOT, now, &Limits::default()).unwrap();
            assert!(drive(&mut refresh, &mut files));
            let trusted = refresh.finish().unwrap();
            let mut search = trusted.search("a").unwrap();
            assert!(drive(&mut search, &mut files));
            assert_eq!(search.finish().unwrap().is_some(), found);
        }
    }
}
