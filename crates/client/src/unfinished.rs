//! A signature whose evidence is not complete: what a retry in another process needs, and nothing that must be kept secret.

use sealwax_crypto::{Digest, HashAlgorithm, Representative};
use sealwax_formats::dsse::IN_TOTO;
use sealwax_formats::{Bundle, Content, DocumentError, Statement, bundle};
use sealwax_json::{Limits, Object, Value};

/// What is to be signed.
#[derive(Clone, Debug)]
pub enum Subject {
    /// An artifact, by its digest.
    Artifact(Digest),
    /// An artifact, by what stands for it with a key of ML-DSA; its digest is what others know it by.
    Streamed(Digest, Representative),
    /// An in-toto statement, as the bytes that are signed.
    Statement(Vec<u8>),
}

impl Subject {
    pub(crate) const PAYLOAD_TYPE: &str = IN_TOTO;
}

/// A bundle of version 0.3 with certificate or hint, content and signature, and what evidence has come so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub(crate) bundle: Bundle,
    /// What stands for the artifact, if that was signed. It is not kept: who takes this up has the artifact.
    pub(crate) representative: Option<Representative>,
}

/// How a line is read: a bundle stands in it, as large as any, and the artifact's name.
const LINE_LIMITS: Limits = Limits {
    bytes: bundle::MAX_BYTES + (1 << 20),
    depth: 65,
    values: bundle::MAX_VALUES + 16,
    members: 1 << 16,
};

/// Why a line of a file is no unfinished signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It is not JSON, or too much of it.
    #[error(transparent)]
    Json(#[from] sealwax_json::Error),
    /// It lacks something.
    #[error("no {0:?}")]
    Missing(&'static str),
    /// What is in it is no bundle.
    #[error(transparent)]
    Bundle(#[from] DocumentError),
}

impl Unfinished {
    /// A line of a file, without its end: a JSON object of the artifact's name and what there is of its bundle.
    #[must_use]
    pub fn to_line(&self, artifact: &str) -> String {
        let line = Object::new().with("artifact", artifact).with("bundle", self.to_json());
        sealwax_json::compact(&Value::Object(line))
    }

    /// What [`Unfinished::to_line`] wrote.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn from_line(line: &[u8]) -> Result<(String, Self), LineError> {
        let value = sealwax_json::parse(line, &LINE_LIMITS)?;
        let artifact = value.member("artifact").and_then(Value::as_str);
        let artifact = artifact.ok_or(LineError::Missing("artifact"))?;
        let bundle = value.member("bundle").ok_or(LineError::Missing("bundle"))?;
        Ok((artifact.to_owned(), Self::from_json(bundle)?))
    }

    /// As it was written.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_json(value: &Value<'_>) -> Result<Self, DocumentError> {
        Ok(Self { bundle: Bundle::from_json(value)?, representative: None })
    }

    /// For a file: a bundle that does not verify yet.
    #[must_use]
    pub fn to_json(&self) -> Value<'_> {
        self.bundle.to_json()
    }

    /// The digest of the artifact, or one of the first subject of the statement.
    #[must_use]
    pub fn artifact_digest(&self) -> Option<Digest> {
        match &self.bundle.content {
            Content::Message { digest, .. } => *digest,
            Content::Dsse(envelope) => {
                let statement = Statement::parse(&envelope.payload).ok()?;
                statement.subjects.first()?.digests.iter().find_map(|digest| digest.digest())
            }
        }
    }

    /// This, if it is a signature of that.
    #[must_use]
    pub fn of(mut self, subject: &Subject) -> Option<Self> {
        let is_same = match (&self.bundle.content, subject) {
            (Content::Message { digest, .. }, Subject::Artifact(wanted) | Subject::Streamed(wanted, _)) => {
                *digest == Some(*wanted)
            }
            (Content::Dsse(envelope), Subject::Statement(payload)) => envelope.payload == *payload,
            _ => false,
        };
        if let Subject::Streamed(_, representative) = subject {
            self.representative = Some(representative.clone());
        }
        is_same.then_some(self)
    }

    /// The signature.
    pub(crate) fn signature(&self) -> &[u8] {
        self.bundle.signature().unwrap_or_default()
    }

    /// The digest that was signed.
    pub(crate) fn signed_digest(&self, algorithm: HashAlgorithm) -> Option<Digest> {
        match &self.bundle.content {
            Content::Message { digest, .. } => digest.filter(|digest| digest.algorithm() == algorithm),
            Content::Dsse(envelope) => Some(envelope.pae_digest(algorithm)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sealwax_formats::{BundleVersion, Envelope, EnvelopeSignature, Material};

    use super::*;

    /// What is kept is read again, however large the statement.
    #[test]
    fn a_line_has_room_for_a_large_statement() {
        let signatures = vec![EnvelopeSignature { keyid: String::new(), sig: vec![1] }];
        let envelope =
            Envelope { payload_type: IN_TOTO.to_owned(), payload: vec![b' '; 40 << 20], signatures };
        let unfinished = Unfinished {
            bundle: Bundle {
                version: BundleVersion::V03,
                material: Material::PublicKey { hint: "hint".to_owned() },
                log_entries: Vec::new(),
                timestamps: Vec::new(),
                content: Content::Dsse(envelope),
            },
            representative: None,
        };
        let (artifact, again) = Unfinished::from_line(unfinished.to_line("app").as_bytes()).unwrap();
        assert!(artifact == "app" && again == unfinished);
    }
}
