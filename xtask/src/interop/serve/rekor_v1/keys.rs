//! Keys of every kind sign, and whoever knows keys verifies.

use super::super::check::{Subject, change_byte};
use super::super::clients::{Account, Claim, Client, Compared, Content, Credential, Job, Signer, Way};
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

/// Who refuses what is good, by the beginning of their names: of a key that is handed to them cosign and the program with sigstore-go
/// expect SHA-256, and of one of Ed25519 they and sigstore-js a signature of the artifact itself, which no log takes.
const REFUSED: [(&str, Content, &[&str]); 3] = [
    ("ECDSA P-384", Content::Message, &["cosign", "sigstore-go"]),
    ("ECDSA P-521", Content::Message, &["cosign", "sigstore-go"]),
    ("Ed25519", Content::Message, &["cosign", "sigstore-go", "sigstore-js"]),
];

/// How cosign and sigstore-go, and sigstore-js, say that a signature is not the key's: whatever else goes wrong is no such refusal.
const BAD_SIGNATURE: [&str; 2] = ["could not verify message", "signature verification failed"];

/// We sign, and who knows keys verifies, but for [`REFUSED`]; with one byte changed nobody does. openssl, which knows timestamps alone,
/// is not asked.
pub(super) fn of_every_kind(log: &Log<'_>, clients: &[Box<dyn Client>]) -> Outcome {
    let ours = clients.iter().find(|client| client.name() == "sealwax").ok_or("we are no client")?;
    for (kind, generate) in KINDS {
        let key = make(log, &kind.replace(' ', "-"), generate)?;
        for content in [Content::Message, Content::Statement] {
            let claim = signed(log, ours.as_ref(), &key, kind, content)?;
            let changed = Claim { artifact: claim.artifact.with_extension("changed"), ..claim.clone() };
            change_byte(&claim.artifact, &changed.artifact)?;
            let mut accepted = Vec::new();
            for client in clients.iter().filter(|client| client.verifies(Way::Files, Account::Key)) {
                let compared = client.compares(content);
                if compared == Compared::Signature {
                    continue;
                }
                let name = client.name();
                match (client.verify(log.instance, &claim)?, is_refused(kind, content, &name)) {
                    (Ok(_), false) => accepted.push(name.clone()),
                    (Ok(_), true) => {
                        return Err(format!("{kind}, {content:?}: {name} accepts it by now").into());
                    }
                    (Err(said), true) if BAD_SIGNATURE.iter().any(|words| said.contains(words)) => {}
                    (Err(said), _) => {
                        return Err(format!("{kind}, {content:?}: {name} refuses: {said}").into());
                    }
                }
                if compared == Compared::Artifact && client.verify(log.instance, &changed)?.is_ok() {
                    return Err(format!("{kind}, {content:?}: {name} accepts another artifact").into());
                }
            }
            println!("{kind}, {content:?}: {}", accepted.join(", "));
        }
    }
    Ok(())
}

fn is_refused(kind: &str, content: Content, client: &str) -> bool {
    REFUSED.iter().any(|(refused, of, by)| {
        *refused == kind && *of == content && by.iter().any(|name| client.starts_with(name))
    })
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
