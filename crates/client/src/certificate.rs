//! A certificate for a key that lives as long as this process: asked for, read, and compared with what was asked for.

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey};
use sealwax_formats::base64;
use sealwax_json::{Limits, Object, Value};
use sealwax_net::http::{Client, Late, Method, Url};
use sealwax_pki::{Certificate, UnsignedRequest};
use sealwax_signer::SignerError;
use sealwax_verify::{CertificateSigner, Verifier};

use crate::exchange::{self, Patience};
use crate::{CertificateFault, Choice, Fault, IdentityToken, Kind, Services, SignError};

/// Where Fulcio answers.
const PATH: &str = "/api/v2/signingCert";

/// How it refuses a token, a key, a request or a proof.
const REFUSED: u16 = 400;

/// The longest answer: a chain of the most certificates that anybody has, in PEM.
const MAX_ANSWER_BYTES: u64 = 256 << 10;

const LIMITS: Limits = Limits { bytes: 256 << 10, depth: 16, values: 256, members: 64 };

/// The one scheme of ephemeral keys: what every verifier of the ecosystem knows.
pub(crate) const SCHEME: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);

/// The longest key in JSON, in either form, with what shows that we have it: some 440 bytes, by how long a signature is.
const MAX_KEY_BYTES: usize = 512;

/// A new key, and a certificate for it. The first key of a process waits some 20 ms for entropy: it is made in a thread that may, while
/// the connection to the authority is opened.
///
/// # Errors
/// [`SignError::Service`], [`SignError::Certificate`], [`SignError::Key`].
pub(crate) async fn request(
    http: &Client,
    services: &Services,
    patience: Patience,
    token: &IdentityToken,
) -> Result<(SigningKey, Certificate), SignError> {
    let late = || Late::new(room(token));
    let ((request_maker, by_request), (proof_maker, by_proof)) = (late(), late());
    let holder = token.clone();
    let making = tokio::task::spawn_blocking(move || {
        let key = SigningKey::generate(KeyKind::EcdsaP256).map_err(SignerError::Key)?;
        // White space after JSON is nothing.
        request_maker.give(with_request(&holder, &key)?.into_bytes(), b' ');
        proof_maker.give(with_proof(&holder, &key)?.into_bytes(), b' ');
        Ok::<_, SignError>(key)
    });
    let choice =
        Choice { operators: services.authorities.iter().map(|one| vec![one.clone()]).collect(), needed: 1 };
    let question: &exchange::Question<'_, Vec<u8>> = &|endpoint| {
        let (url, by_request, by_proof) = (endpoint.join(PATH), by_request.clone(), by_proof.clone());
        Box::pin(async move {
            match post(http, &url, by_request, token).await {
                // It says why in words only. One that takes no certificate requests takes a proof.
                Err(Fault::Status { status: REFUSED, text, .. }) => {
                    post(http, &url, by_proof, token).await.map_err(|fault| with_first(fault, &text))
                }
                answered => answered,
            }
        })
    };
    let answers = exchange::ask(Kind::CertificateAuthority, &choice, patience, question).await;
    // First, as it is why there is no answer.
    let key = making.await.map_err(|_| SignerError::Key(sealwax_crypto::SignError::Provider))??;
    let malformed = |reason: String| SignError::Certificate(CertificateFault::Malformed { reason });
    let answer = answers?.into_iter().next().unwrap_or_default();
    Ok((key, read(&answer).map_err(malformed)?))
}

/// Why the request was refused too, unless it is the same: either may be what matters.
fn with_first(fault: Fault, first: &str) -> Fault {
    match fault {
        Fault::Status { url, status: REFUSED, text, retry_after } if text != first => {
            let text = format!("to the certificate request: {first}; to the proof of possession: {text}");
            Fault::Status { url, status: REFUSED, text, retry_after }
        }
        other => other,
    }
}

/// Whether signing with the key of this certificate leads to something that verifies, by whom it should.
///
/// # Errors
/// [`CertificateFault`].
pub(crate) fn check(
    leaf: &Certificate,
    key: &PublicKey,
    verifier: &Verifier,
    expected_identity: Option<&str>,
) -> Result<CertificateSigner, CertificateFault> {
    if leaf.public_key() != Ok(key) {
        return Err(CertificateFault::OtherKey);
    }
    let signer = verifier.issued(leaf).map_err(CertificateFault::NotTrusted)?;
    match expected_identity {
        Some(expected) if expected != signer.subject() => Err(CertificateFault::Identity {
            expected: expected.to_owned(),
            found: signer.subject().to_owned(),
        }),
        _ => Ok(signer),
    }
}

/// A good certificate of somebody else is none to sign with.
///
/// # Errors
/// [`CertificateFault::Identity`], where that can be told from the token.
pub(crate) fn demand_holder(
    signer: &CertificateSigner,
    token: &IdentityToken,
) -> Result<(), CertificateFault> {
    match token.contradicts(signer.subject()) {
        Some(expected) => Err(CertificateFault::Identity { expected, found: signer.subject().to_owned() }),
        None => Ok(()),
    }
}

/// [`check`], of a certificate that was not just issued: it must be valid now.
///
/// # Errors
/// [`CertificateFault`].
pub(crate) fn check_own(
    leaf: &Certificate,
    key: &PublicKey,
    verifier: &Verifier,
    expected_identity: Option<&str>,
) -> Result<CertificateSigner, CertificateFault> {
    let signer = check(leaf, key, verifier, expected_identity)?;
    let (from, until) = (leaf.not_before(), leaf.not_after());
    match (from..=until).contains(&sealwax_net::now()) {
        true => Ok(signer),
        false => Err(CertificateFault::NotNow { from, until }),
    }
}

async fn post(http: &Client, url: &Url, body: Late, token: &IdentityToken) -> Result<Vec<u8>, Fault> {
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let mut answer = http.send(Method::POST, url, &headers, body, MAX_ANSWER_BYTES).await?;
    if let 200 | 201 = answer.status {
        return Ok(answer.body);
    }
    // What it says is shown to people and kept in logs: a server that repeats what it was sent says too much.
    answer.body = without(token.secret(), &String::from_utf8_lossy(&answer.body)).into_bytes();
    Err(Fault::of(url, &answer))
}

/// A text without the token, or the beginning of it: who repeats a request may cut it anywhere, and a signature that lacks a letter is
/// soon guessed.
fn without(token: &str, text: &str) -> String {
    // The first part is about the issuer's key, not about the holder.
    let head = token.split_inclusive('.').next().unwrap_or(token);
    let is_of_token = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let mut pieces = text.split(head);
    let before = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(before, |shown, piece| shown + "(the token)" + piece.trim_start_matches(is_of_token))
}

/// The token, and the key in a request for a certificate, whose signature shows that we have it.
fn with_request(token: &IdentityToken, key: &SigningKey) -> Result<String, SignError> {
    let request = UnsignedRequest::new(key.public_key());
    let signature = key.sign(SCHEME, Message::Bytes(request.to_be_signed())).map_err(SignerError::Key)?;
    let unsuited = SignError::KeyKind { kind: key.kind(), what: "a certificate request" };
    let pem = request.into_pem(SCHEME, &signature).ok_or(unsuited)?;
    Ok(with_token(token, "certificateSigningRequest", base64::encode(pem.as_bytes()).into()))
}

/// The token, and the key with a signature of its own over whom the token names.
fn with_proof(token: &IdentityToken, key: &SigningKey) -> Result<String, SignError> {
    let proof = key.sign(SCHEME, Message::Bytes(token.principal().as_bytes())).map_err(SignerError::Key)?;
    let public = Object::new().with("algorithm", "ECDSA").with("content", key.public_key().to_pem());
    let request = Object::new().with("publicKey", public).with("proofOfPossession", base64::encode(&proof));
    Ok(with_token(token, "publicKeyRequest", Value::Object(request)))
}

fn with_token(token: &IdentityToken, member: &'static str, key: Value<'_>) -> String {
    let credentials = Object::new().with("oidcIdentityToken", token.secret());
    sealwax_json::compact(&Value::Object(Object::new().with("credentials", credentials).with(member, key)))
}

/// The length of what is sent, whatever the key will be.
fn room(token: &IdentityToken) -> usize {
    with_token(token, "certificateSigningRequest", Value::Null).len() + MAX_KEY_BYTES
}

/// The leaf of an answer. A detached SCT is of no use: bundles have no place for it.
///
/// # Errors
/// Why there is none, for people.
pub fn read(answer: &[u8]) -> Result<Certificate, String> {
    let value = sealwax_json::parse(answer, &LIMITS).map_err(|error| error.to_string())?;
    let embedded = value.member("signedCertificateEmbeddedSct").filter(|value| !value.is_null());
    let chain = embedded.and_then(|embedded| embedded.member("chain")?.member("certificates")?.as_array());
    let Some(leaf) = chain.and_then(|chain| chain.first()?.as_str()) else {
        return Err("there is no certificate with an embedded SCT in it".to_owned());
    };
    Certificate::from_pem(leaf).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::AUDIENCE;

    #[test]
    fn a_token_that_is_cut_is_not_shown_either() {
        for (text, shown) in [
            ("no \"head.claims.sign-_1\".", "no \"(the token)\"."),
            ("head.claims.sign-_1 head.claims.sig", "(the token) (the token)"),
            ("a header, cut: he", "a header, cut: he"),
            ("", ""),
        ] {
            assert_eq!(without("head.claims.sign-_1", text), shown);
        }
    }

    /// What is longer would not be sent.
    #[test]
    fn there_is_room_for_every_key() {
        let claims = br#"{"iss":"https://i.example","sub":"s","aud":"sigstore","exp":2000}"#;
        let part = |bytes: &[u8]| base64::encode(bytes).replace('+', "-").replace('/', "_").replace('=', "");
        let text = format!("{}.{}.c2ln", part(br#"{"alg":"ES256"}"#), part(claims));
        let token = IdentityToken::check(&text, AUDIENCE, Timestamp::UNIX_EPOCH).unwrap();
        for _ in 0..200 {
            let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
            for body in [with_request(&token, &key).unwrap(), with_proof(&token, &key).unwrap()] {
                assert!(body.len() <= room(&token), "{}", body.len());
            }
        }
    }
}
