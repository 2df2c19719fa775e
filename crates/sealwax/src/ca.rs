//! `sealwax ca`: what an administrator of a certificate authority wants to know before anybody depends on it.

pub(crate) mod args;

use std::io::{self, Read, Write};
use std::path::Path;

use jiff::Timestamp;
use sealwax_ca::{HttpProviders, identify};
use sealwax_oidc::{Configuration, Identity, MAX_CONFIG_BYTES, MAX_TOKEN_BYTES, Subject, Token};

use self::args::{CaCommand, TryTokenArgs};
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::sources::read_limited;
use crate::terminal::notice;
use crate::trust::write_node;

pub(crate) fn run(command: CaCommand, out: &mut impl Write) -> Result<Status, Failure> {
    match command {
        CaCommand::TryToken(args) => try_token(&args, out),
    }
}

/// A dry run: nothing is signed and nothing is logged.
fn try_token(args: &TryTokenArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::cannot(format!("cannot read {}: {error}", path.display()))
    };
    let text =
        read_limited(&args.config, MAX_CONFIG_BYTES as u64).map_err(|error| cannot(&args.config, &error))?;
    let configuration = Configuration::parse(&text).map_err(|error| cannot(&args.config, &error))?;
    let token = read_token(&args.token).map_err(|error| cannot(&args.token, &error))?;
    let token = token.trim();
    let node = match Token::parse(token) {
        Ok(token) => matched(&configuration, token.claimed_issuer()),
        Err(_) => Node::new(), // said below, in the same words as by the authority
    };
    let providers = HttpProviders::new().map_err(|error| Failure::cannot(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
    let identified = runtime.block_on(identify(&configuration, &providers, token, Timestamp::now()));
    match identified {
        Ok(identity) => {
            write_node(out, node.and(described(&identity)), args.json)?;
            Ok(Status::Verified)
        }
        Err(error) => {
            write_node(out, node.with("refused", error.to_string()), args.json)?;
            notice("no certificate would be issued for this token");
            Ok(Status::NotVerified)
        }
    }
}

/// Which part of the configuration is the token's issuer's.
fn matched(configuration: &Configuration, url: &str) -> Node {
    let node = Node::new().with("issuer", url);
    let Some(issuer) = configuration.issuer(url) else { return node.with("matches", "nothing") };
    let listed = configuration.issuers().any(|(listed, _)| listed == url);
    let pattern = configuration.patterns().find(|(pattern, _)| !listed && pattern.matches(url));
    let matches = pattern.map_or(url, |(pattern, _)| pattern.as_str());
    node.with("matches", matches).with("type", issuer.kind.name()).with("audience", issuer.client_id.as_str())
}

/// What the certificate would say.
fn described(identity: &Identity) -> Node {
    let (kind, text) = match identity.subject() {
        Subject::Email(text) => ("e-mail address", text),
        Subject::Uri(text) => ("URI", text),
        Subject::Username(text) => ("user name", text),
    };
    let mut extensions = Node::new();
    for (number, name, text) in identity.extensions().named() {
        extensions.insert(format!("1.3.6.1.4.1.57264.1.{number} {name}"), text);
    }
    Node::new()
        .with("subject", text.as_str())
        .with("kind of subject", kind)
        .with("extensions", extensions)
        .with("to be signed as proof of the key", identity.challenge())
}

fn read_token(path: &Path) -> io::Result<String> {
    let limit = MAX_TOKEN_BYTES as u64 + 2; // with a line break
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
        bytes
    } else {
        read_limited(path, limit)?
    };
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}
