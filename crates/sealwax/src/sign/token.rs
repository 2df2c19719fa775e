//! Where the identity token comes from, in this order: the command line, the environment.

use std::io::{self, Read};
use std::path::Path;

use jiff::Timestamp;
use sealwax_client::{AUDIENCE, IdentityToken};

use super::args::SignerArgs;
use crate::Failure;
use crate::sources::read_limited;

/// The variable that CI systems hand tokens over in.
const VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// The longest text that is read for a token.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// The token, if there is one.
///
/// # Errors
/// It cannot be read, or is not one that is sent.
pub fn find(args: &SignerArgs, now: Timestamp) -> Result<Option<IdentityToken>, Failure> {
    let variable = || std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let text = match args.token.as_deref() {
        Some("-") => Some(read_all(io::stdin())?),
        Some(word) => Some(match word.strip_prefix('@') {
            Some(path) => read_file(Path::new(path))?,
            None => word.to_owned(),
        }),
        None => variable(),
    };
    let check = |text: String| IdentityToken::check(&text, AUDIENCE, now);
    text.map(check).transpose().map_err(|error| Failure::cannot(error.to_string()))
}

fn read_all(input: impl Read) -> Result<String, Failure> {
    let mut text = String::new();
    let read = input.take(MAX_TOKEN_BYTES).read_to_string(&mut text);
    read.map_err(|error| Failure::cannot(format!("cannot read a token from standard input: {error}")))?;
    Ok(text)
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let cannot =
        |reason: String| Failure::cannot(format!("cannot read a token from {}: {reason}", path.display()));
    let bytes = read_limited(path, MAX_TOKEN_BYTES).map_err(|error| cannot(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| cannot("it is not text".to_owned()))
}
