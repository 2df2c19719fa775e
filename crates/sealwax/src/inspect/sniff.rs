//! What a file is: decided by what is in it, never by its name.

use sealwax_crypto::{KeyError, PublicKey, pem};
use sealwax_formats::readers::{self, DetachedParts, ReadError, Reading};
use sealwax_formats::{ClientTrustConfig, LogEntry, NpmKeys, SigningConfig, TrustedRoot, base64};
use sealwax_json::{Kind, Reader};
use sealwax_pki::{Certificate, TimestampToken};
use sealwax_tlog::{Note, VerifierKey};
use sealwax_tuf::RootSummary;

/// What can be inspected.
#[derive(Debug)]
pub enum Document {
    /// One bundle or many, in any of the forms that `verify` reads.
    Bundles(Reading),
    /// One certificate or a chain.
    Certificates(Vec<Certificate>),
    /// A log entry, as Rekor v1's interface gives it.
    LogEntry(Box<LogEntry>),
    /// A public key.
    PublicKey(PublicKey),
    /// The key of a log or witness, as C2SP writes it.
    VerifierKey(VerifierKey),
    /// A trusted root.
    TrustedRoot(TrustedRoot),
    /// A signing config.
    SigningConfig(SigningConfig),
    /// Both of them.
    ClientTrustConfig(Box<ClientTrustConfig>),
    /// Managed keys.
    NpmKeys(NpmKeys),
    /// A root of TUF.
    TufRoot(RootSummary),
    /// A signed note, most likely a checkpoint.
    Note(String),
    /// A timestamp.
    Timestamp(Box<TimestampToken>),
}

/// Finds out what `bytes` are, and reads them.
///
/// # Errors
/// A sentence for people: what they look like, and what is wrong with them.
pub fn sniff(bytes: &[u8]) -> Result<Document, String> {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"{") {
        return json(bytes);
    }
    if start.starts_with(b"[") {
        return Err("a JSON array, which no document of this field is".to_owned());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text_document(text);
    }
    der(bytes).ok_or_else(unknown)
}

fn unknown() -> String {
    "not a form that is known here: not JSON, PEM, DER of a certificate, key or timestamp, base64 of these, or a signed \
     note"
        .to_owned()
}

fn text_document(text: &str) -> Result<Document, String> {
    if text.contains("-----BEGIN ") {
        return pem_document(text);
    }
    // A signature line can only follow a blank line.
    if text.contains("\n\n\u{2014} ") {
        let note =
            Note::parse(text).map_err(|error| format!("a signed note that cannot be read: {error}"))?;
        return Ok(Document::Note(note.to_string()));
    }
    if let Ok(key) = VerifierKey::parse(text.trim()) {
        return Ok(Document::VerifierKey(key));
    }
    let packed: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    match base64::decode(&packed) {
        Ok(inner) if !inner.is_empty() => match std::str::from_utf8(&inner) {
            // cosign writes its PEM in base64.
            Ok(inner) if inner.contains("-----BEGIN ") => pem_document(inner),
            Ok(inner) if inner.trim_start().starts_with('{') => json(inner.as_bytes()),
            _ => der(&inner).ok_or_else(|| {
                format!(
                    "base64 of {} bytes that are no certificate, key or timestamp; a signature alone says nothing",
                    inner.len()
                )
            }),
        },
        _ => Err(unknown()),
    }
}

fn pem_document(text: &str) -> Result<Document, String> {
    let blocks = pem::decode_all(text).map_err(|error| format!("PEM that cannot be read: {error}"))?;
    let Some(first) = blocks.first() else { return Err(unknown()) };
    let key = |key: Result<PublicKey, KeyError>| {
        key.map(Document::PublicKey).map_err(|error| format!("a public key that cannot be read: {error}"))
    };
    match first.label.as_str() {
        "CERTIFICATE" => Certificate::list_from_pem(text)
            .map(Document::Certificates)
            .map_err(|error| format!("certificates that cannot be read: {error}")),
        "PUBLIC KEY" => key(PublicKey::from_spki_der(&first.der)),
        "RSA PUBLIC KEY" => key(PublicKey::from_pkcs1_der(&first.der)),
        label if label.contains("PRIVATE KEY") => {
            Err("a private key, of which nothing is shown; keep it to yourself".to_owned())
        }
        label => Err(format!("PEM of the kind {label:?}, which is not shown here")),
    }
}

fn der(bytes: &[u8]) -> Option<Document> {
    if !bytes.starts_with(&[0x30]) {
        return None;
    }
    if let Ok(certificate) = Certificate::from_der(bytes) {
        return Some(Document::Certificates(vec![certificate]));
    }
    if let Ok(key) = PublicKey::from_spki_der(bytes).or_else(|_| PublicKey::from_pkcs1_der(bytes)) {
        return Some(Document::PublicKey(key));
    }
    let token = TimestampToken::from_response_der(bytes).or_else(|_| TimestampToken::from_token_der(bytes));
    token.ok().map(|token| Document::Timestamp(Box::new(token)))
}

/// The members of a document by which it can be told from others.
#[derive(Default)]
struct Marks {
    media_type: String,
    kty: bool,
    keys: bool,
    signed: bool,
}

fn json(bytes: &[u8]) -> Result<Document, String> {
    let marks = marks(bytes).map_err(|error| format!("JSON that cannot be read: {error}"))?;
    let kind = marks.media_type.strip_prefix("application/vnd.dev.sigstore.").unwrap_or_default();
    let unreadable =
        |what: &str, error: &dyn std::fmt::Display| format!("a {what} that cannot be read: {error}");
    if kind.starts_with("trustedroot") {
        let root = TrustedRoot::parse(bytes).map(Document::TrustedRoot);
        return root.map_err(|error| unreadable("trusted root", &error));
    }
    if kind.starts_with("signingconfig") {
        let config = SigningConfig::parse(bytes).map(Document::SigningConfig);
        return config.map_err(|error| unreadable("signing config", &error));
    }
    if kind.starts_with("clienttrustconfig") {
        let config =
            ClientTrustConfig::parse(bytes).map(|config| Document::ClientTrustConfig(Box::new(config)));
        return config.map_err(|error| unreadable("client trust config", &error));
    }
    if marks.media_type.is_empty() && marks.kty {
        let text = String::from_utf8_lossy(bytes);
        let key = PublicKey::from_jwk(&text).map(Document::PublicKey);
        return key.map_err(|error| unreadable("public key (JWK)", &error));
    }
    if marks.media_type.is_empty() && marks.keys {
        return NpmKeys::parse(bytes)
            .map(Document::NpmKeys)
            .map_err(|error| unreadable("list of keys", &error));
    }
    if marks.media_type.is_empty() && marks.signed {
        let root = sealwax_tuf::inspect_root(bytes, &sealwax_tuf::Limits::default());
        return root
            .map(Document::TufRoot)
            .map_err(|error| format!("TUF metadata, of which only a root can be shown: {error}"));
    }
    let reading = match readers::read(bytes) {
        Err(ReadError::UnknownForm) => {
            return log_entry(bytes).ok_or_else(|| ReadError::UnknownForm.to_string());
        }
        read => read.map_err(|error| error.to_string())?,
    };
    // One bundle that can be read is worth showing; none is an answer of its own.
    match reading.bundles.iter().map(|found| &found.bundle).find(|bundle| bundle.is_ok()) {
        Some(_) => Ok(Document::Bundles(reading)),
        None => Err(match reading.bundles.into_iter().next().map(|found| found.bundle) {
            Some(Err(error)) => {
                format!("a {} that cannot be read: {error}", super::bundle::form(reading.form))
            }
            _ => unknown(),
        }),
    }
}

/// A log entry in a file of its own is read beside a detached signature, so one stands in here.
fn log_entry(bytes: &[u8]) -> Option<Document> {
    let parts = DetachedParts { signature: b"AA==", rekor_entry: Some(bytes), ..DetachedParts::default() };
    let entry = readers::detached(&parts).ok()?.log_entries.pop()?;
    Some(Document::LogEntry(Box::new(entry)))
}

/// Walks the first document once; nothing of it is kept.
fn marks(bytes: &[u8]) -> Result<Marks, sealwax_json::Error> {
    let mut marks = Marks::default();
    let mut reader = Reader::new(bytes, &readers::LIMITS)?;
    reader.members(|name, reader| {
        match name.as_ref() {
            "mediaType" | "media_type" if reader.kind()? == Kind::String => {
                marks.media_type = reader.string()?.into_owned();
                return Ok(());
            }
            "kty" => marks.kty = true,
            "keys" => marks.keys = true,
            "signed" => marks.signed = true,
            _ => {}
        }
        reader.skip().map(drop)
    })?;
    Ok(marks)
}
