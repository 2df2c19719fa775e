//! RFC 3161 timestamps, as they are shown.

use sealwax_pki::{SignerIdentifier, TimestampToken};

use super::certificate;
use super::node::{Node, hex};

/// A timestamp.
pub fn timestamp(token: &TimestampToken) -> Node {
    let node = Node::new()
        .with("time", token.gen_time())
        .with("stamped", token.imprint().to_string())
        .with("serial", hex(token.serial()))
        .with("policy", token.policy().to_string())
        .with(
            "accuracy",
            token.accuracy().map(|accuracy| {
                let micros = u32::from(accuracy.milliseconds) * 1_000 + u32::from(accuracy.microseconds);
                match micros {
                    0 => format!("{} s", accuracy.seconds),
                    micros => format!("{}.{micros:06} s", accuracy.seconds),
                }
            }),
        )
        .with("nonce", token.nonce().map(hex));
    let node = match token.signer() {
        SignerIdentifier::IssuerAndSerial { issuer, serial } => {
            node.with("signer_issued_by", issuer.to_string()).with("signer_serial", hex(serial))
        }
        SignerIdentifier::KeyIdentifier(identifier) => node.with("signer_key_identifier", hex(identifier)),
        _ => node,
    };
    let certificates: Vec<Node> = token.certificates().map(|read| certificate::summary(&read)).collect();
    node.with("certificates", certificates)
}

/// A timestamp of a bundle, which may be anything.
pub fn response(der: &[u8]) -> Node {
    match TimestampToken::from_response_der(der) {
        Ok(token) => timestamp(&token),
        Err(error) => Node::new().with("unreadable", error.to_string()).with("bytes", der.len()),
    }
}
