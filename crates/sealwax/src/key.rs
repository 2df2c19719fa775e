//! `sealwax key`: private keys that sign instead of an identity. Their files are cosign's: it opens ours, we open its.

pub(crate) mod args;
mod file;
mod open;

use std::io::Write;
use std::path::{Path, PathBuf};

use sealwax_crypto::{PublicKey, SigningKey};

use self::args::{ChangeArgs, ExportArgs, FormArg, GenerateArgs, ImportArgs, KeyCommand};
use self::file::{Imported, Protection};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::password::NewPasswordArgs;
use crate::{Failure, output_file, trust};

pub(crate) use self::open::open;

/// Runs the command.
///
/// # Errors
/// A sentence for people; then nothing was written, or what was there stays.
pub(crate) fn run(command: KeyCommand, out: &mut impl Write) -> Result<Status, Failure> {
    match command {
        KeyCommand::Generate(args) => generate(&args, out),
        KeyCommand::Import(args) => import(args, out),
        KeyCommand::Export(args) => export(&args, out),
        KeyCommand::Password(args) => change(&args, out),
    }
}

fn generate(args: &GenerateArgs, out: &mut impl Write) -> Result<Status, Failure> {
    file::check_free(&args.file, args.output.overwrite)?;
    let protection = match args.output.plain {
        true => Protection::Plain,
        false => Protection::Password(args.password.choosing(&name(&args.file))?),
    };
    let key = SigningKey::generate(args.kind.into()).map_err(cannot)?;
    let public = file::write_pair(&args.file, &key, &protection, args.output.overwrite)?;
    say(out, Some(&args.file), &public, key.public_key(), args.output.json)
}

fn import(args: ImportArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let overwrite = args.output.overwrite;
    let (stored, had) = match file::read(&args.from, &args.password)? {
        Imported::Public(key) => {
            output_file::write(&args.to, key.to_pem().as_bytes(), overwrite)?;
            return say(out, None, &args.to, &key, args.output.json);
        }
        Imported::Private { key, password } => (key, password),
    };
    file::check_free(&args.to, overwrite)?;
    let new = NewPasswordArgs { new_password_file: args.new_password_file };
    let protection = match (args.output.plain, new.chosen()?, had) {
        (true, ..) => Protection::Plain,
        (false, Some(password), _) => Protection::Password(password),
        (false, None, Some(password)) if !password.as_bytes().is_empty() => Protection::Password(password),
        (false, None, _) => Protection::Password(args.password.choosing(&name(&args.to))?),
    };
    let public = file::write_pair(&args.to, &stored, &protection, overwrite)?;
    say(out, Some(&args.to), &public, stored.public_key(), args.output.json)
}

fn export(args: &ExportArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let inputs = [Some(PathBuf::from(&args.key)), args.password.password_file.clone()];
    output_file::check_apart(&args.output, inputs.into_iter().flatten())?;
    let key = match file::public(&args.key)? {
        Some(key) => key,
        None => open(&args.key, &args.password)?.public_key().clone(),
    };
    let text = match args.form {
        FormArg::Pem => key.to_pem(),
        FormArg::Jwk => format!("{}\n", sealwax_json::compact(&key.to_jwk().map_err(cannot)?.into())),
    };
    match &args.output {
        Some(path) => output_file::write(path, text.as_bytes(), args.overwrite)?,
        None => out.write_all(text.as_bytes()).map_err(cannot)?,
    }
    Ok(Status::Verified)
}

fn change(args: &ChangeArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let Imported::Private { key, .. } = file::read(&args.file, &args.password)? else {
        return Err(Failure::cannot(format!(
            "{} holds a public key, which has no password",
            name(&args.file)
        )));
    };
    let password = args.new_password.choosing(&name(&args.file))?;
    file::write_private(&args.file, &key, &Protection::Password(password), true)?;
    let node = Node::new().with("key", name(&args.file)).with("password", "changed".to_owned());
    trust::write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

/// What was written.
fn say(
    out: &mut impl Write,
    private: Option<&Path>,
    public: &Path,
    key: &PublicKey,
    json: bool,
) -> Result<Status, Failure> {
    let node = Node::new()
        .with("private_key", private.map(name))
        .with("public_key", name(public))
        .with("kind", key.kind().to_string())
        .with("sha256", sealwax_crypto::hex(&key.spki_sha256()));
    trust::write_node(out, node, json)?;
    Ok(Status::Verified)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn cannot(error: impl std::fmt::Display) -> Failure {
    Failure::cannot(error.to_string())
}
