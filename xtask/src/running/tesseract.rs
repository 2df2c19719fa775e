//! TesseraCT over a directory: how it is made and served, with its durability as it comes. No registry carries it: its path is given.

use std::path::Path;
use std::process::Command;

use super::sealwax::ORIGIN;
use super::{Address, Kind, Recipe, empty, free_port, key};
use crate::Failure;

/// A new, empty log in `parent` that accepts these roots, and how to serve it.
pub(crate) fn recipe(program: &Path, parent: &Path, roots: &Path, flags: &[&str]) -> Result<Recipe, Failure> {
    let directory = empty(parent, NAME)?;
    let generate = ["ecparam", "-name", "prime256v1", "-genkey", "-noout"];
    let (private, public) = key(parent, NAME, &generate)?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut command = Command::new(program);
    command.args(["--http_endpoint", &address, "--origin", ORIGIN, "--slog_level", "8"]);
    command.arg("--private_key").arg(private).arg("--storage_dir").arg(&directory);
    command.arg("--roots_pem_file").arg(roots);
    // It insists on a list of roots from the network, and takes a list that it cannot have for empty.
    command.args(["--roots_remote_fetch_url", "http://127.0.0.1:9/"]);
    command.args(flags);
    Ok(Recipe {
        name: NAME.to_owned(),
        command,
        directory,
        address: Address::Known(address),
        kind: Kind::Certificate,
        key: format!("{ORIGIN}={}", public.display()),
    })
}

const NAME: &str = "tesseract";
