//! Keys of every kind sign, and whoever knows keys verifies.

use super::super::check::Subject;
use super::super::clients::{Account, Claim, Client, Content, Credential, Job, Signer, Way};
use super::super::place::Key;
use super::{Entry, Log};
use crate::running::key;
use crate::{Failure, Outcome};

/// How openssl makes them.
const KINDS: [(&str, &[&str]); 5] = [
    ("ECDSA P-256", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("ECDSA P-384", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("ECDSA P-521", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("RSA 3072", RSA),
    ("Ed25519", ED25519),
];
const RSA: &[&str] = &["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"];
const ED25519: &[&str] = &["genpkey", "-algorithm", "ED25519"];

/// Two keys whose signatures are the same each time: one for artifacts, one for envelopes.
pub(super) fn repeating(log: &Log<'_>) -> Result<[Key; 2], Failure> {
    Ok([make(log, "repeating-rsa", RSA)?, make(log, "repeating-ed25519", ED25519)?])
}

fn make(log: &Log<'_>, name: &str, generate: &[&str]) -> Result<Key, Failure> {
    let (private, public) = key(&log.instance.place.path("signed"), name, generate)?;
    Ok(Key { private, public })
}

/// We sign, and all verify; with one byte changed nobody does.
pub(super) fn of_every_kind(log: &Log<'_>, clients: &[Box<dyn Client>]) -> Outcome {
    let ours = clients.iter().find(|client| client.name() == "sealwax").ok_or("we are no client")?;
    let verifiers: Vec<_> =
        clients.iter().filter(|client| client.verifies(Way::Files, Account::Key)).collect();
    for (kind, generate) in KINDS {
        let key = make(log, &kind.replace(' ', "-"), generate)?;
        for content in [Content::Message, Content::Statement] {
            let claim = signed(log, ours.as_ref(), &key, kind, content)?;
            let mut accepted = Vec::new();
            for client in &verifiers {
                match client.verify(log.instance, &claim)? {
                    Ok(_) => accepted.push(client.name()),
                    Err(said) => println!("{kind}, {content:?}: {} refuses: {said}", client.name()),
                }
            }
            println!("{kind}, {content:?}: {}", accepted.join(", "));
        }
    }
    Ok(())
}

fn signed(
    log: &Log<'_>,
    ours: &dyn Client,
    key: &Key,
    kind: &str,
    content: Content,
) -> Result<Claim, Failure> {
    let name = format!("{kind}-{content:?}").replace(' ', "-");
    let Subject { artifact, statement, predicate } = Subject::new(log.instance.place, &name)?;
    let bundle = artifact.with_extension("sigstore.json");
    let credential = Credential::Key(key.private.clone());
    let way = Way::Files;
    let job = Job { content, way, artifact, statement, predicate, bundle, credential };
    ours.sign(log.instance, &job).map_err(|error| format!("{kind}, {content:?}: {error}"))?;
    Entry::of(&job.bundle)?;
    let Job { artifact, bundle, .. } = job;
    Ok(Claim { content, way, artifact, bundle, signer: Signer::Key(key.public.clone()), change: None })
}
