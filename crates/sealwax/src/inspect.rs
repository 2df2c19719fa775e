//! `sealwax inspect`: what a file says, in plain words. Nothing of it is verified, and every output says so.

mod bundle;
pub mod certificate;
mod log;
pub mod node;
mod sniff;
mod timestamp;
pub mod trust;

use std::io::{self, Read, Write};
use std::path::Path;

use sealwax_formats::readers;
use sealwax_json::Value;
use sealwax_tlog::note::SignatureType;

use self::node::{Node, hex};
use self::sniff::Document;
use crate::Failure;
use crate::args::InspectArgs;
use crate::judge::Status;
use crate::sources::read_limited;
use crate::terminal::{self, BAD};

/// The largest file that is read: the largest bundle.
const MAX_FILE: u64 = readers::MAX_BYTES as u64;

pub(crate) fn run(args: &InspectArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let bytes = read(&args.file)?;
    let document = sniff::sniff(&bytes)
        .map_err(|reason| Failure::cannot(format!("{} cannot be inspected: {reason}", args.file)))?;
    // Of a large bundle only the decoded payload is held from here on.
    drop(bytes);
    let (form, described) = describe(&document);
    let node = Node::new().with("file", args.file.as_str()).with("form", form).and(described);
    let text = if args.json { json(node) } else { plain(&node) };
    let written = out.write_all(text.as_bytes());
    written.map_err(|error| Failure::cannot(format!("cannot write the result: {error}")))?;
    Ok(Status::Verified)
}

fn read(file: &str) -> Result<Vec<u8>, Failure> {
    let read = if file == "-" { read_stdin() } else { read_limited(Path::new(file), MAX_FILE) };
    read.map_err(|error| Failure::cannot(format!("cannot read {file}: {error}")))
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {MAX_FILE} bytes"),
        ));
    }
    Ok(bytes)
}

fn json(node: Node) -> String {
    let Value::Object(members) = Node::new().with("verified", false).and(node).into_json() else {
        return String::new();
    };
    terminal::escaped_json(&sealwax_json::pretty(&Value::Object(members))) + "\n"
}

fn plain(node: &Node) -> String {
    format!(
        "{BAD}NOT VERIFIED{BAD:#}: this is what the file says, true or not\n{}\
         {BAD}NOT VERIFIED{BAD:#}: `sealwax verify` says whether any of it holds\n",
        node.to_text()
    )
}

fn describe(document: &Document) -> (&'static str, Node) {
    match document {
        Document::Bundles(reading) => {
            let bundles: Vec<Node> = reading.bundles.iter().map(bundle::found).collect();
            (bundle::form(reading.form), Node::new().with("bundles", bundles))
        }
        Document::Certificates(certificates) => {
            let certificates: Vec<Node> = certificates.iter().map(certificate::certificate).collect();
            ("X.509 certificate", Node::new().with("certificates", certificates))
        }
        Document::LogEntry(entry) => ("log entry of Rekor v1", log::entry(entry)),
        Document::PublicKey(key) => ("public key", certificate::public_key(key)),
        Document::VerifierKey(key) => ("verifier key (C2SP signed-note)", verifier_key(key)),
        Document::TrustedRoot(root) => ("trusted root", trust::trusted_root(root)),
        Document::SigningConfig(config) => ("signing config", trust::signing_config(config)),
        Document::ClientTrustConfig(config) => (
            "client trust config",
            Node::new()
                .with("trusted_root", trust::trusted_root(&config.trusted_root))
                .with("signing_config", trust::signing_config(&config.signing_config)),
        ),
        Document::NpmKeys(keys) => ("managed keys", Node::new().with("keys", trust::npm_keys(keys))),
        Document::TufRoot(root) => {
            ("TUF root", Node::new().with("version", root.version).with("expires", root.expires))
        }
        Document::Note(text) => (
            "signed note",
            log::checkpoint(text).unwrap_or_else(|error| Node::new().with("unreadable", error)),
        ),
        Document::Timestamp(token) => ("RFC 3161 timestamp", timestamp::timestamp(token)),
    }
}

fn verifier_key(key: &sealwax_tlog::VerifierKey) -> Node {
    let purpose = match key.signature_type() {
        SignatureType::CosignatureEd25519 => "cosignatures of a witness (Ed25519)",
        SignatureType::CosignatureMlDsa44 => "cosignatures (ML-DSA-44)",
        SignatureType::Rfc6962 => "tree heads of a certificate log",
        _ => "checkpoints of a log",
    };
    let log_id = match key.signature_type() {
        SignatureType::Rfc6962 => key.public_key().spki_sha256(), // RFC 6962 section 3.2
        _ => *key.id(),
    };
    Node::new()
        .with("name", key.name())
        .with("signs", purpose)
        .with("key_hash", hex(&key.key_hash()))
        .with("log_id", hex(&log_id))
        .and(certificate::public_key(key.public_key()))
}
