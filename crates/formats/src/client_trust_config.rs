use crate::field::{self, FieldError, Message};
use crate::{DocumentError, SigningConfig, TrustedRoot, trust};
use sealwax_json::{Object, Value};

/// What a client needs of one instance, to verify and to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTrustConfig {
    /// For verifying.
    pub trusted_root: TrustedRoot,
    /// For signing.
    pub signing_config: SigningConfig,
}

impl ClientTrustConfig {
    /// Its media type.
    pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

    /// Reads a client trust config.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn parse(input: &[u8]) -> Result<ClientTrustConfig, DocumentError> {
        let value = sealwax_json::parse(input, &trust::LIMITS)?;
        let message = Message::of(&value)?;
        let media_type = message.string("mediaType")?;
        if media_type != Self::MEDIA_TYPE {
            return Err(DocumentError::MediaType { found: field::cut(media_type) });
        }
        let trusted_root = message.required("trustedRoot")?;
        let signing_config = message.required("signingConfig")?;
        Ok(ClientTrustConfig {
            trusted_root: TrustedRoot::from_json(trusted_root).map_err(|e| within(e, "trustedRoot"))?,
            signing_config: SigningConfig::from_json(signing_config)
                .map_err(|e| within(e, "signingConfig"))?,
        })
    }

    /// The client trust config as indented JSON.
    pub fn write(&self) -> String {
        let object = Object::new()
            .with("mediaType", Self::MEDIA_TYPE)
            .with("trustedRoot", self.trusted_root.to_json())
            .with("signingConfig", self.signing_config.to_json());
        sealwax_json::pretty(&Value::Object(object))
    }
}

fn within(error: DocumentError, name: &str) -> DocumentError {
    match error {
        DocumentError::Field(error) => DocumentError::Field(FieldError::within(error, name)),
        other => other,
    }
}
