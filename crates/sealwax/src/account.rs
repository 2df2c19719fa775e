//! `sealwax account`: who may sign in at the identity provider of a directory. What accounts are: the crate `sealwax-idp`.

pub(crate) mod args;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_crypto::random;
use sealwax_idp::account::{
    Account, AccountError, AccountId, AccountKind, AccountName, Accounts, Email, MachineSecret, Person,
};
use sealwax_idp::password::PasswordHash;
use sealwax_idp::state::StateError;
use sealwax_idp::store::{AccountStore, StoreError};
use sealwax_idp::totp::TotpSecret;
use sealwax_json::Value;
use sealwax_signer::file::write_private;
use sealwax_store::disk::Os;

use self::args::{AccountCommand, AddArgs, InstanceArgs, ListArgs, RemoveArgs, ResetArgs, SecretArgs};
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::serve::accounts;
use crate::serve::permissions::check_user;
use crate::sources::read_limited;
use crate::trust::write_node;

/// What an authenticator app shows beside the account.
const APP_NAME: &str = "Sealwax";

/// How long to wait for another process that changes the accounts.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest password file that is read, bytes.
const MAX_PASSWORD_FILE_BYTES: u64 = 4 << 10;

pub(crate) fn run(command: AccountCommand, out: &mut impl Write) -> Result<Status, Failure> {
    match command {
        AccountCommand::Add(args) => add(&args, out),
        AccountCommand::List(args) => list(&args, out),
        AccountCommand::Remove(args) => remove(&args, out),
        AccountCommand::Reset(args) => reset(&args, out),
    }
}

fn add(args: &AddArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let name = AccountName::parse(&args.name).map_err(usage)?;
    let (kind, secrets) = match &args.email {
        Some(email) => {
            let email = Email::parse(email).map_err(usage)?;
            let (password, given) = password(&args.secret)?;
            let totp = args.totp.then(new_totp).transpose()?;
            let secrets = Secrets::of_person(&name, given, totp.as_ref());
            // The administrator gives the address, and so vouches for it.
            (AccountKind::Person(Person { email, email_verified: true, password, totp }), secrets)
        }
        None => {
            let (kind, secret) = new_machine()?;
            (kind, Secrets { secret: Some(("secret", secret)), totp: None })
        }
    };
    let id = AccountId::new(random().map_err(|error| Failure::cannot(error.to_string()))?);
    let created = sealwax_idp::account::file::whole_seconds(Timestamp::now());
    let account = Account { name, id, created, kind };
    let node = describe(&account);
    secrets.keep_or_show(args.secret.secret_file.as_deref(), node, args.json, out, || {
        change(&args.instance, |accounts| accounts.add(account.clone()))
    })
}

fn reset(args: &ResetArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let name = AccountName::parse(&args.name).map_err(usage)?;
    let accounts = open(&args.instance)?.current().map_err(cannot)?;
    let unknown = || cannot(AccountError::Unknown { name: name.to_string() });
    let before = accounts.by_name(name.as_str()).ok_or_else(unknown)?.clone();
    let (kind, secrets) = match &before.kind {
        AccountKind::Person(person) => {
            let (password, given) = password(&args.secret)?;
            let new = args.totp.then(new_totp).transpose()?;
            let secrets = Secrets::of_person(&name, given, new.as_ref());
            let totp = if args.no_totp { None } else { new.or_else(|| person.totp.clone()) };
            (AccountKind::Person(Person { password, totp, ..person.clone() }), secrets)
        }
        AccountKind::Machine { .. } if args.totp || args.no_totp || args.secret.password_file.is_some() => {
            return Err(Failure::usage(format!("{name} is a machine, which has a secret and nothing else")));
        }
        AccountKind::Machine { .. } => {
            let (kind, secret) = new_machine()?;
            (kind, Secrets { secret: Some(("secret", secret)), totp: None })
        }
    };
    let account = Account { kind, ..before };
    let node = describe(&account);
    secrets.keep_or_show(args.secret.secret_file.as_deref(), node, args.json, out, || {
        change(&args.instance, |accounts| {
            accounts.remove(&account.name)?;
            accounts.add(account.clone())
        })
    })
}

fn list(args: &ListArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let accounts = open(&args.instance)?.current().map_err(cannot)?;
    let accounts: Value<'static> = accounts.iter().map(|account| describe(account).into_json()).collect();
    write_node(out, Node::new().with("accounts", accounts), args.json)?;
    Ok(Status::Verified)
}

fn remove(args: &RemoveArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let name = AccountName::parse(&args.name).map_err(usage)?;
    let removed = change(&args.instance, |accounts| accounts.remove(&name))?;
    write_node(out, Node::new().with("removed", removed.name.as_str()), args.json)?;
    Ok(Status::Verified)
}

/// What somebody is told once.
struct Secrets {
    /// What it is called, and the text.
    secret: Option<(&'static str, String)>,
    /// The link for an authenticator app.
    totp: Option<String>,
}

impl Secrets {
    fn of_person(name: &AccountName, password: Option<String>, totp: Option<&TotpSecret>) -> Self {
        let link = totp.map(|totp| totp.link(APP_NAME, name.as_str()));
        Self { secret: password.map(|password| ("password", password)), totp: link }
    }

    /// The file first: an account whose secret nobody has is no use.
    fn keep_or_show<T>(
        self,
        file: Option<&Path>,
        node: Node,
        json: bool,
        out: &mut impl Write,
        change: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<Status, Failure> {
        let node = node.with("authenticator", self.totp);
        let node = match (self.secret, file) {
            (Some((_, secret)), Some(file)) => {
                let written = write_private(file, format!("{secret}\n").as_bytes());
                written
                    .map_err(|error| Failure::cannot(format!("cannot write {}: {error}", file.display())))?;
                let changed = change();
                if changed.is_err() {
                    // It is the secret of nothing.
                    let _ = fs::remove_file(file);
                }
                changed?;
                node.with("secret_file", file.display().to_string())
            }
            (secret, _) => {
                change()?;
                match secret {
                    Some((name, secret)) => node.with(name, secret),
                    None => node,
                }
            }
        };
        write_node(out, node, json)?;
        Ok(Status::Verified)
    }
}

fn describe(account: &Account) -> Node {
    let node = Node::new().with("name", account.name.as_str()).with("id", account.id.as_str());
    let node = node.with("created", account.created.to_string());
    match &account.kind {
        AccountKind::Machine { .. } => node.with("kind", "machine"),
        AccountKind::Person(person) => node
            .with("kind", "person")
            .with("email", person.email.as_str())
            .with("email_verified", Value::from(person.email_verified))
            .with("one_time_codes", Value::from(person.totp.is_some())),
    }
}

/// The password from a file, or a new one, which has to be told to somebody.
fn password(args: &SecretArgs) -> Result<(PasswordHash, Option<String>), Failure> {
    let (password, given) = match &args.password_file {
        Some(path) => {
            let bytes = read_limited(path, MAX_PASSWORD_FILE_BYTES);
            let bytes = bytes.map_err(|error| Failure::cannot(format!("{}: {error}", path.display())))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::cannot(format!("{} is not text", path.display())))?;
            (text.trim_end_matches(['\n', '\r']).to_owned(), None)
        }
        None => {
            let password = new_password()?;
            (password.clone(), Some(password))
        }
    };
    let salt = random().map_err(cannot)?;
    Ok((PasswordHash::new(&password, salt).map_err(usage)?, given))
}

/// Four groups of five letters and digits, 100 bits, without those that look alike.
fn new_password() -> Result<String, Failure> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let random: [u8; 20] = random().map_err(cannot)?;
    let groups = random.chunks(5).map(|group| {
        group
            .iter()
            .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
            .map(|letter| char::from(*letter))
            .collect()
    });
    Ok(groups.collect::<Vec<String>>().join("-"))
}

fn new_totp() -> Result<TotpSecret, Failure> {
    Ok(TotpSecret::new(random().map_err(cannot)?))
}

fn new_machine() -> Result<(AccountKind, String), Failure> {
    let secret = MachineSecret::new(random().map_err(cannot)?);
    Ok((AccountKind::Machine { secret: secret.hash() }, secret.as_str().to_owned()))
}

/// The accounts of a directory, whether it is served now or not.
fn open(instance: &InstanceArgs) -> Result<AccountStore<Os>, Failure> {
    accounts::state_of(&instance.directory, instance.secret.as_deref()).map(AccountStore::new)
}

/// Waits a little while another process changes them: nothing was done then.
fn change<T>(
    instance: &InstanceArgs,
    change: impl Fn(&mut Accounts) -> Result<T, AccountError>,
) -> Result<T, Failure> {
    check_user(&instance.directory)?;
    let store = open(instance)?;
    let begun = Instant::now();
    loop {
        match store.change(&change) {
            Err(StoreError::State(StateError::InUse { .. })) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            changed => return changed.map_err(cannot),
        }
    }
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::usage(error.to_string())
}

fn cannot(error: impl std::fmt::Display) -> Failure {
    Failure::cannot(error.to_string())
}
