//! Who accepts what: each client, each bundle, and twice what it must not accept.

use std::fs;
use std::path::{Path, PathBuf};

use sealwax_crypto::sha256;
use sealwax_formats::base64;
use serde_json::{Value, json};

use super::clients::{
    Account, Change, Claim, Client, Compared, Content, Credential, Job, PREDICATE_TYPE, Signer, Way,
};
use super::instance::Instance;
use super::place::{ADDRESS, Key, Place};
use super::table::{Cell, Table};
use super::{Round, beside};
use crate::{Failure, Outcome};

/// Who has not signed.
const ANOTHER: &str = "eve@example.com";

/// Something new to sign.
pub(super) struct Subject {
    pub(super) artifact: PathBuf,
    /// The statement over it, and its predicate alone.
    pub(super) statement: PathBuf,
    pub(super) predicate: PathBuf,
}

impl Subject {
    /// Files of this name.
    pub(super) fn new(place: &Place, name: &str) -> Result<Self, Failure> {
        let file = |extension: &str| place.path("signed").join(format!("{name}.{extension}"));
        let (artifact, statement, predicate) = (file("txt"), file("statement"), file("predicate"));
        let text = format!("{name}\n");
        let digest: String = sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        // The least that sigstore-python takes.
        let said = json!({
            "buildDefinition": {"buildType": "https://example.com/build", "externalParameters": {}},
            "runDetails": {"builder": {"id": "https://example.com/builder"}},
        });
        let stated = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "artifact", "digest": {"sha256": digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": &said,
        });
        fs::write(&artifact, text)?;
        fs::write(&statement, stated.to_string())?;
        fs::write(&predicate, said.to_string())?;
        Ok(Self { artifact, statement, predicate })
    }
}

/// Something that a client signed.
pub(super) struct Signed {
    pub(super) by: String,
    pub(super) content: Content,
    pub(super) way: Way,
    pub(super) account: Account,
    pub(super) round: Round,
    artifact: PathBuf,
    bundle: PathBuf,
    signer: Signer,
    another: Signer,
}

impl Signed {
    /// The client signs something new.
    pub(super) fn by(
        client: &dyn Client,
        instance: &Instance<'_>,
        (content, way, account, round): (Content, Way, Account, Round),
    ) -> Result<Self, Failure> {
        let by = client.name();
        let name = format!("{by} {content:?} {way:?} {account:?} {round:?}").replace(' ', "-");
        let Subject { artifact, statement, predicate } = Subject::new(instance.place, &name)?;
        let bundle = artifact.with_extension("sigstore.json");
        let person = |name: &str| Signer::Identity { name: name.to_owned(), issuer: instance.issuer.clone() };
        let (signer, another, credential) = match account {
            Account::Person => (person(ADDRESS), person(ANOTHER), Credential::Browser),
            Account::Machine => {
                let issuer = instance.machine_issuer.clone();
                let machine = |name| Signer::Identity { name, issuer: issuer.clone() };
                let token = Credential::Token(instance.machine_token()?);
                (machine(instance.machine()), machine(ANOTHER.to_owned()), token)
            }
            Account::Key => {
                let Place { key, another_key: another, .. } = instance.place;
                let of = |key: &Key| Signer::Key(key.public.clone());
                (of(key), of(another), Credential::Key(key.private.clone()))
            }
        };
        let job = Job { content, way, artifact, statement, predicate, bundle, credential };
        client.sign(instance, &job)?;
        let Job { artifact, bundle, .. } = job;
        Ok(Self { by, content, way, account, round, artifact, bundle, signer, another })
    }

    fn claim(&self) -> Claim {
        Claim {
            content: self.content,
            way: self.way,
            artifact: self.artifact.clone(),
            bundle: self.bundle.clone(),
            signer: self.signer.clone(),
            change: None,
        }
    }

    /// What is not true.
    fn changed(&self, change: Change, compared: Compared) -> Result<Claim, Failure> {
        let mut claim = Claim { change: Some(change), ..self.claim() };
        match (change, compared) {
            (Change::Identity, _) => claim.signer = self.another.clone(),
            (Change::Byte, Compared::Artifact) => {
                claim.artifact = self.artifact.with_extension("changed");
                change_byte(&self.artifact, &claim.artifact)?;
            }
            (Change::Byte, Compared::Statement | Compared::Signature) => {
                claim.bundle = self.bundle.with_extension(format!("{compared:?}-changed.json"));
                change_member(&self.bundle, &claim.bundle, compared)?;
            }
        }
        Ok(claim)
    }
}

/// The first byte is another.
pub(super) fn change_byte(from: &Path, to: &Path) -> Outcome {
    let mut bytes = fs::read(from)?;
    *bytes.first_mut().ok_or("an empty file")? ^= 1;
    Ok(fs::write(to, bytes)?)
}

/// The last byte of what the statement, or the signature, is in base64.
fn change_member(from: &Path, to: &Path, compared: Compared) -> Outcome {
    let mut bundle: Value = serde_json::from_slice(&fs::read(from)?)?;
    let places: &[&str] = match compared {
        Compared::Statement => &["/dsseEnvelope/payload"],
        _ => &["/messageSignature/signature", "/dsseEnvelope/signatures/0/sig"],
    };
    let place = places.iter().find(|place| bundle.pointer(place).is_some()).ok_or("nothing to change")?;
    let member = bundle.pointer_mut(place).ok_or("nothing to change")?;
    let mut bytes = base64::decode(member.as_str().ok_or("not text")?)?;
    *bytes.last_mut().ok_or("an empty member")? ^= 1;
    *member = base64::encode(&bytes).into();
    Ok(fs::write(to, bundle.to_string())?)
}

/// Each client goes through everything, beside the others.
pub(super) fn everything<'a>(
    clients: &[Box<dyn Client>],
    instance: &Instance<'_>,
    signed: &'a [Signed],
) -> Result<Table<'a>, Failure> {
    let column =
        |client: &dyn Client| signed.iter().map(|signed| cell(client, instance, signed)).collect::<Vec<_>>();
    let columns = beside(clients, column)?;
    let remarks = clients.iter().flat_map(|client| client.remarks()).copied().collect();
    Ok(Table {
        clients: clients.iter().map(|client| client.name()).collect(),
        rows: signed,
        columns,
        remarks,
    })
}

fn cell(client: &dyn Client, instance: &Instance<'_>, signed: &Signed) -> Cell {
    if !client.verifies(signed.way, signed.account) {
        return Cell::Impossible;
    }
    judged(client, instance, signed).unwrap_or_else(|error| Cell::Bad(error.to_string()))
}

fn judged(client: &dyn Client, instance: &Instance<'_>, signed: &Signed) -> Result<Cell, Failure> {
    let bad = |what: String| Ok(Cell::Bad(what));
    if let Err(said) = client.verify(instance, &signed.claim())? {
        return bad(format!("it refuses: {said}"));
    }
    for change in [Change::Byte, Change::Identity] {
        let claim = signed.changed(change, client.compares(signed.content))?;
        let refusal = client.refusal(signed.content, signed.account, change);
        match client.verify(instance, &claim)? {
            Ok(_) => return bad(format!("it accepts another {change:?}")),
            Err(said) if !refusal.iter().any(|words| said.contains(words)) => {
                return bad(format!("of another {change:?} it says none of {refusal:?}: {said}"));
            }
            Err(_) => {}
        }
    }
    Ok(Cell::Good)
}
