//! `sealwax log new`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::{KeyDetails, KeyKind, SigningKey, pem};
use sealwax_formats::{
    KeyDetailsField, KeyMaterial, TimeRange, TransparencyLog, TrustedRoot, TrustedRootVersion, base64,
};
use sealwax_log::Kind;
use sealwax_log::engine;
use sealwax_signer::{Signer, file};
use sealwax_store::directory::{Directory, Options};
use sealwax_store::disk::Os;
use sealwax_tlog::LogKey;

use super::args::{AlgorithmArg, NamingArgs, NewArgs};
use super::description::Description;
use super::host::System;
use super::keys::{Given, Keys, Reference};
use super::serve::face;
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::{output_file, trust};

/// The public key, for whoever wants it without reading [`super::description::NAME`].
pub const PUBLIC_KEY: &str = "key.pub";

/// What `--second-key` says for a new one.
pub const SECOND_KEY: &str = "ml-dsa-44";

/// What verifies entries of a signature log.
pub const TRUSTED_ROOT: &str = "trusted_root.json";

/// The roots that a certificate log accepts, in PEM.
pub const ROOTS: &str = "roots.pem";

pub fn run(args: &NewArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let made = make(&args.directory, args.kind.into(), &args.naming, args.roots.as_deref())?;
    trust::write_node(out, made, args.json)?;
    Ok(Status::Verified)
}

/// Makes a log, and says what it is.
pub fn make(
    directory: &Path,
    kind: Kind,
    naming: &NamingArgs,
    roots_file: Option<&Path>,
) -> Result<Node, Failure> {
    check_origin(&naming.origin)?;
    let path = url_path(kind, &naming.origin, naming.path.as_deref())?;
    let roots = roots(kind, roots_file)?;
    let algorithm = algorithm(kind, naming.algorithm)?;
    let key = naming.key.as_deref().map(Given::open).transpose()?;
    let second = naming.second_key.as_deref().filter(|word| *word != SECOND_KEY);
    let second = second.map(Given::open).transpose()?;

    // Before anything is made: do the keys that are given sign such a log?
    let any: Arc<dyn Signer> = match &key {
        Some(key) => key.signer.clone(),
        None => {
            Arc::new(SigningKey::generate(algorithm).map_err(|error| Failure::cannot(error.to_string()))?)
        }
    };
    Keys::new(kind, &naming.origin, any, second.as_ref().map(|second| second.signer.clone()))?;

    make_directory(directory)?;
    let first_key = (key, algorithm, "key.pem");
    let second_key = naming.second_key.is_some().then_some((second, KeyKind::MlDsa44, "key-2.pem"));
    let first = key_of(directory, first_key)?;
    let second = second_key.map(|key| key_of(directory, key)).transpose()?;
    let (second, second_reference) = second.map(|key| (key.signer, key.reference)).unzip();
    let keys = Keys::new(kind, &naming.origin, first.signer, second)?;

    let references = [Some(first.reference), second_reference].into_iter().flatten().collect();
    let description = lay(directory, kind, &naming.origin, path, &keys, references, roots.as_deref())?;
    Ok(report(directory, &description, &keys))
}

/// Lays out a log in a directory that is empty, but for keys.
pub fn lay(
    directory: &Path,
    kind: Kind,
    origin: &str,
    path: String,
    keys: &Keys,
    references: Vec<Reference>,
    roots: Option<&[u8]>,
) -> Result<Description, Failure> {
    let store = open(directory)?;
    let mut description = Description::new(kind, origin.to_owned(), path, store.place().to_string());
    description.keys = references;
    description.verifier_keys = keys.verifier_keys();
    let created = super::block_on(engine::create(&store, &keys.signing, &System))?;
    created.map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
    write_public(directory, &description, keys)?;
    if let Some(roots) = roots {
        output_file::write(&directory.join(ROOTS), roots, false)?;
    }
    // Last: a directory without it is no log.
    description.write(directory, false)?;
    Ok(description)
}

/// Writes down what verifiers need: the public key, and of a signature log a trusted root.
pub fn write_public(directory: &Path, description: &Description, keys: &Keys) -> Result<(), Failure> {
    let public = pem::encode("PUBLIC KEY", keys.signer.public_key().spki_der());
    output_file::write(&directory.join(PUBLIC_KEY), public.as_bytes(), true)?;
    let Some(root) = trusted_root(description, keys) else { return Ok(()) };
    output_file::write(&directory.join(TRUSTED_ROOT), format!("{}\n", root.write()).as_bytes(), true)
}

/// For signatures by bare keys it is enough; a certificate log without authorities is nothing to trust.
fn trusted_root(description: &Description, keys: &Keys) -> Option<TrustedRoot> {
    let key = keys.signer.public_key();
    let details = KeyDetails::of(key, *key.default_schemes().first()?)?;
    let start = Timestamp::from_second(Timestamp::now().as_second()).ok();
    let from = TimeRange { start, end: None };
    let material = KeyMaterial::new(key.spki_der().to_vec(), KeyDetailsField::Known(details), Some(from));
    let log_key = LogKey::from_verifier_key(keys.signing.verifier_keys().next()?.clone()).ok()?;
    let url = format!("https://{}{}", description.origin, description.path);
    (description.kind == Kind::Signature).then(|| TrustedRoot {
        version: TrustedRootVersion::V01,
        logs: vec![TransparencyLog::new(url, material, log_key.id().to_vec())],
        certificate_authorities: Vec::new(),
        certificate_logs: Vec::new(),
        timestamp_authorities: Vec::new(),
    })
}

/// The longest origin, in bytes: a host name has 253 (RFC 1035), and a path may follow. The lock value and vkeys have limits of
/// their own, which this is well below.
const MAX_ORIGIN_BYTES: usize = 1024;

/// A name that every reader of checkpoints and vkeys takes, and no URL.
fn check_origin(origin: &str) -> Result<(), Failure> {
    let bad = |why: &str| Err(Failure::usage(format!("--origin {origin:?}: {why}")));
    if origin.len() > MAX_ORIGIN_BYTES {
        let found = origin.len();
        return Err(Failure::usage(format!(
            "--origin: it has {found} bytes, at most {MAX_ORIGIN_BYTES} are taken"
        )));
    }
    if origin.contains("://") {
        return bad("leave the scheme out");
    }
    if origin.starts_with('/') || origin.ends_with('/') {
        return bad("leave the slash at its end out");
    }
    if origin.is_empty() || origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
        return bad("a name has no spaces, no plus and no control characters");
    }
    Ok(())
}

/// The path of the log's URL: a certificate log's origin says it.
pub fn url_path(kind: Kind, origin: &str, given: Option<&str>) -> Result<String, Failure> {
    let of_origin = origin.split_once('/').map_or("", |(_, path)| path);
    let path = match (kind, given) {
        (_, None) if kind == Kind::Certificate => of_origin,
        (_, given) => given.unwrap_or_default().trim_matches('/'),
    };
    if kind == Kind::Certificate && path != of_origin {
        return Err(Failure::usage(format!(
            "a certificate log's origin is its URL without the scheme, so its path is /{of_origin} and not /{path}"
        )));
    }
    if path.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '%')) {
        return Err(Failure::usage(format!("--path {path:?}: letters, digits, dots, dashes and slashes")));
    }
    Ok(if path.is_empty() { String::new() } else { format!("/{path}") })
}

/// The roots, if they are good.
fn roots(kind: Kind, given: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = given else { return Ok(None) };
    if kind != Kind::Certificate {
        return Err(Failure::usage("--roots is for certificate logs"));
    }
    face::read(path)?;
    fs::read(path)
        .map(Some)
        .map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))
}

fn algorithm(kind: Kind, given: Option<AlgorithmArg>) -> Result<KeyKind, Failure> {
    match (kind, given) {
        (Kind::Certificate, Some(AlgorithmArg::Ed25519)) => {
            Err(Failure::usage("certificate logs sign with ECDSA (RFC 6962 section 2.1.4)"))
        }
        (Kind::Certificate, _) | (_, Some(AlgorithmArg::EcdsaP256)) => Ok(KeyKind::EcdsaP256),
        (Kind::Signature, _) => Ok(KeyKind::Ed25519),
    }
}

/// A directory with nothing in it.
fn make_directory(directory: &Path) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("{}: {error}", directory.display()));
    match Os::create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut names = fs::read_dir(directory).map_err(cannot)?;
            match names.next() {
                None => Ok(()),
                Some(_) if directory.join(super::description::NAME).exists() => {
                    Err(Failure::cannot(format!("{} is a log already", directory.display())))
                }
                Some(_) => Err(Failure::cannot(format!("{} is not empty", directory.display()))),
            }
        }
        created => created.map(drop).map_err(cannot),
    }
}

/// The key that was given, or a new one in the directory.
fn key_of(directory: &Path, (given, kind, name): (Option<Given>, KeyKind, &str)) -> Result<Given, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    let key =
        file::create(&directory.join(name), kind).map_err(|error| Failure::cannot(error.to_string()))?;
    let durable = File::open(directory).and_then(|directory| directory.sync_all());
    durable.map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
    Ok(Given { signer: Arc::new(key), reference: Reference::File(name.into()) })
}

fn open(directory: &Path) -> Result<Directory<Os>, Failure> {
    super::open_store(directory, &Options { background: false, ..Options::default() })
}

fn report(directory: &Path, description: &Description, keys: &Keys) -> Node {
    let id = match (description.kind, keys.signing.verifier_keys().next()) {
        (Kind::Signature, Some(key)) => LogKey::from_verifier_key(key.clone()).ok().map(|key| *key.id()),
        _ => Some(keys.signer.public_key().spki_sha256()),
    };
    let kind = match description.kind {
        Kind::Signature => "signature",
        Kind::Certificate => "certificate",
    };
    Node::new()
        .with("directory", directory.display().to_string())
        .with("kind", kind)
        .with("origin", description.origin.as_str())
        .with("verifier_keys", description.verifier_keys.iter().map(String::as_str).collect::<Vec<_>>())
        .with("log_id", id.map(|id| base64::encode(&id)))
        .with("public_key", directory.join(PUBLIC_KEY).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_log() {
        let path = |kind, origin, given| url_path(kind, origin, given).ok();
        assert_eq!(path(Kind::Certificate, "ct.example/2026h1", None).as_deref(), Some("/2026h1"));
        assert_eq!(path(Kind::Certificate, "ct.example", None).as_deref(), Some(""));
        assert_eq!(
            path(Kind::Certificate, "ct.example/2026h1", Some("/2026h1/")).as_deref(),
            Some("/2026h1")
        );
        assert_eq!(path(Kind::Certificate, "ct.example/2026h1", Some("/x")), None);
        assert_eq!(path(Kind::Signature, "log.example", None).as_deref(), Some(""));
        assert_eq!(path(Kind::Signature, "log.example", Some("a/b")).as_deref(), Some("/a/b"));
        assert_eq!(path(Kind::Signature, "log.example", Some("a?b")), None);
    }

    #[test]
    fn origins() {
        for good in ["log.example", "log.example:3000", "ct.example/2026h1", "localhost"] {
            check_origin(good).unwrap();
        }
        check_origin(&"x".repeat(MAX_ORIGIN_BYTES)).unwrap();
        assert!(check_origin(&"x".repeat(MAX_ORIGIN_BYTES + 1)).is_err());
        for bad in ["", "https://log.example", "log.example/", "a b", "a+b", "a\n"] {
            assert_eq!(check_origin(bad).unwrap_err().status, Status::Usage, "{bad:?}");
        }
    }
}
