//! What the repository editor reads: the outline of a plan, single signatures, and the plan itself. A plan is up to two roots
//! and a targets file; each that is JSON is signed on the way, as in [`crate::tuf`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sealwax_crypto::Message;
use sealwax_tuf::editor::{
    Edition, Outline, Plan, Repository, Role, Terms, parse_signature, write_signature,
};

use crate::tuf::{KEY, ROOT, SEPARATOR, document, root, signed};

static BASE: LazyLock<Repository> = LazyLock::new(|| {
    let files: BTreeMap<&str, Vec<u8>> = [
        ("1.targets.json", document("targets", r#""targets":{}"#)),
        ("1.snapshot.json", document("snapshot", r#""meta":{"targets.json":{"version":1}}"#)),
        ("timestamp.json", document("timestamp", r#""meta":{"snapshot.json":{"version":1}}"#)),
    ]
    .map(|(path, text)| (path, signed(text.as_bytes()).unwrap()))
    .into();
    Repository::open(&ROOT, |path| files.get(path).cloned()).unwrap()
});

pub(crate) fn run(input: &[u8]) {
    if let Ok(outline) = Outline::parse(input) {
        assert_eq!(Outline::parse(outline.write().as_bytes()), Ok(outline));
    }
    if let Ok((keyid, signature)) = parse_signature(input) {
        // Half of a long signature in few characters is more than a file of one may have.
        let written = write_signature(&keyid, &signature);
        if let Ok(read) = parse_signature(written.as_bytes()) {
            assert_eq!(read, (keyid, signature));
        }
    }
    edition(input);
}

fn edition(input: &[u8]) -> Option<()> {
    let files: Vec<Vec<u8>> = (input.split(|byte| *byte == SEPARATOR))
        .map(|file| signed(file).unwrap_or_else(|| file.to_vec()))
        .collect();
    let (targets, roots) = files.split_last()?;
    let plan = Plan {
        after_targets: 1,
        roots: roots.to_vec(),
        targets: (!targets.is_empty()).then(|| targets.clone()),
        contents: BTreeMap::from([("a".to_owned(), b"abc".to_vec())]),
        renewed: BTreeSet::from([Role::Timestamp]),
    };
    let mut edition = Edition::resume(Some(&BASE), &plan).ok()?;
    let outline = edition.outline();
    assert_eq!(Outline::parse(outline.write().as_bytes()), Ok(outline));
    let _ = (edition.review(), edition.standing());
    edition.date(&Terms::new("2026-01-01T00:00:00Z".parse().unwrap())).ok()?;
    for request in edition.requests(KEY.public_key()) {
        let signature = KEY.sign(request.scheme, Message::Bytes(&request.message)).unwrap();
        edition.add_signature(&request.file, &request.keyid, &signature).unwrap();
    }
    let publication = edition.finish().ok()?;
    for role in Role::ALL {
        assert!(publication.repository.version(role) >= BASE.version(role), "{role} went back");
    }
    Some(())
}

/// An outline, a signature, a new target, and two roots.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let outline = Outline {
        after_targets: 1,
        roots: vec!["2.root.json".to_owned()],
        targets: Some("2.targets.json".to_owned()),
        contents: vec!["a".to_owned()],
        renewed: BTreeSet::from([Role::Targets]),
    };
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let targets = format!(r#""targets":{{"a":{{"length":3,"hashes":{{"sha256":"{digest}"}}}}}}"#);
    let targets = document("targets", &targets).replace(r#""version":1"#, r#""version":2"#);
    let join = |files: [&str; 3]| files.map(str::as_bytes).join(&SEPARATOR);
    vec![
        outline.write().into_bytes(),
        write_signature("key", &[7; 64]).into_bytes(),
        targets.clone().into_bytes(),
        join([&root(2), &root(3), &targets]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_get_to_the_end() {
        let seeds = seeds();
        assert!(Outline::parse(&seeds[0]).is_ok() && parse_signature(&seeds[1]).is_ok());
        assert_eq!(edition(&seeds[2]), Some(()));
        assert_eq!(edition(&seeds[3]), Some(()));
    }
}
