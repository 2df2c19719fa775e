use super::{Bundle, BundleVersion, CertificateForm, Material};

/// What a bundle of its version must have or must not have. Not asked when it is read, so that it can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The certificate stands in the field of another version.
    #[error("a bundle of version {version} has its certificate in the field {}", expected_field(*version))]
    CertificateField {
        /// The version.
        version: BundleVersion,
    },
    /// Version 0.1 promises a signed entry timestamp.
    #[error("log entry {entry} has no inclusion promise, which version 0.1 demands")]
    NoPromise {
        /// Which entry, from 0.
        entry: usize,
    },
    /// Later versions promise a proof.
    #[error("log entry {entry} has no inclusion proof, which version {version} demands")]
    NoProof {
        /// Which entry, from 0.
        entry: usize,
        /// The version.
        version: BundleVersion,
    },
    /// A proof without a signed checkpoint proves nothing.
    #[error("the inclusion proof of log entry {entry} has no checkpoint")]
    NoCheckpoint {
        /// Which entry, from 0.
        entry: usize,
    },
}

fn expected_field(version: BundleVersion) -> &'static str {
    if version == BundleVersion::V03 { "certificate" } else { "x509CertificateChain" }
}

impl Bundle {
    /// Whether the bundle has the form that its version prescribes (VERIFY rule 5).
    ///
    /// # Errors
    /// [`FormError`], the first thing that does not fit.
    pub fn check_form(&self) -> Result<(), FormError> {
        let version = self.version;
        if let Material::Certificate { form, .. } = self.material
            && (form == CertificateForm::Single) != (version == BundleVersion::V03)
        {
            return Err(FormError::CertificateField { version });
        }
        for (entry, log_entry) in self.log_entries.iter().enumerate() {
            match &log_entry.inclusion_proof {
                _ if version == BundleVersion::V01 && log_entry.inclusion_promise.is_none() => {
                    return Err(FormError::NoPromise { entry });
                }
                Some(proof) if proof.checkpoint.is_none() => return Err(FormError::NoCheckpoint { entry }),
                None if version != BundleVersion::V01 => return Err(FormError::NoProof { entry, version }),
                _ => {}
            }
        }
        Ok(())
    }
}
