//! Where the identity token comes from, in this order: the command line, the environment, the place we run in, a person.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use jiff::Timestamp;
use sealwax_client::{AUDIENCE, Found, IdentityToken, Patience, Surroundings, TOKEN_FILE, ambient};

use super::args::SignerArgs;
use crate::Failure;
use crate::sources::read_limited;
use crate::terminal::notice;
use crate::token::args::TokenArgs;
use crate::token::token;

/// The variable that CI systems hand tokens over in.
const VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// The longest text that is read for a token.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// What the firmware of Google's machines calls them.
const FIRMWARE: &str = "/sys/class/dmi/id/product_name";

/// How long to wait for somebody to sign in, seconds.
const SIGN_IN_SECONDS: u64 = 600;

/// The token, if there is one. `issuers` are those of the signing config.
///
/// # Errors
/// It cannot be had or read, or is not one that is sent.
pub async fn find(
    args: &SignerArgs,
    issuers: &[String],
    patience: Patience,
) -> Result<Option<IdentityToken>, Failure> {
    let audience = args.client_id.as_deref().unwrap_or(AUDIENCE);
    let text = match given(args)? {
        Some(text) => Some(text),
        None if args.browser || args.device => Some(sign_in(args, issuers).await?),
        None => match of_place(audience, patience).await? {
            Some(text) => Some(text),
            // Somebody must be there to sign in: without, it would hang.
            None if io::stdin().is_terminal() && io::stderr().is_terminal() && !issuers.is_empty() => {
                Some(sign_in(args, issuers).await?)
            }
            None => None,
        },
    };
    let check = |text: String| IdentityToken::check(&text, audience, Timestamp::now());
    text.map(check).transpose().map_err(|error| Failure::cannot(error.to_string()))
}

/// By the command line or the environment.
fn given(args: &SignerArgs) -> Result<Option<String>, Failure> {
    match args.token.as_deref() {
        Some("-") => Ok(Some(read_all(io::stdin())?)),
        Some(word) => Ok(Some(match word.strip_prefix('@') {
            Some(path) => read_file(Path::new(path))?,
            None => literal(word)?,
        })),
        None if args.browser || args.device => Ok(None),
        None => Ok(std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty())),
    }
}

/// On the command line itself.
fn literal(word: &str) -> Result<String, Failure> {
    // cosign takes either.
    if Path::new(word).is_file() {
        return Err(Failure::usage(format!("--token {word}: a token in a file is given as @{word}")));
    }
    notice(
        "other users of this machine can read a token on a command line: give it as @FILE, or on standard input (-)",
    );
    Ok(word.to_owned())
}

/// By the CI system or cloud that this runs in.
async fn of_place(audience: &str, patience: Patience) -> Result<Option<String>, Failure> {
    let firmware = std::fs::read_to_string(FIRMWARE).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings {
        variable: &variable,
        token_file: Path::new(TOKEN_FILE),
        is_google: firmware.starts_with("Google"),
    };
    let found = ambient(&surroundings, audience, patience).await;
    let found = found.map_err(|error| Failure::cannot(error.to_string()))?;
    Ok(found.map(|Found { token, system, .. }| {
        notice(&format!("signing by the identity token of {system}"));
        token
    }))
}

/// By a person.
async fn sign_in(args: &SignerArgs, issuers: &[String]) -> Result<String, Failure> {
    let issuer = args.oidc_issuer.clone().or_else(|| issuers.first().cloned());
    let issuer = issuer.ok_or_else(|| {
        Failure::usage("the signing config names no issuer to sign in at: give --oidc-issuer URL")
    })?;
    let (browser, device) = (!args.device, args.device);
    let client_id = args.client_id.clone();
    token(&TokenArgs { issuer, browser, device, client_id, timeout: SIGN_IN_SECONDS, ..TokenArgs::default() })
        .await
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
