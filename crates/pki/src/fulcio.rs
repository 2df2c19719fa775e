//! Fulcio's certificate extensions, 1.3.6.1.4.1.57264.1.1 to .24 (`docs/oid-info.md` of Fulcio).

use crate::asn1::{DerCause, DerError, UTF8_STRING, only};
use crate::certificate::{Certificate, Extension};
use crate::oid;

/// One more than the last number of the arc that this crate names.
const NUMBERS: usize = 25;

/// What Fulcio says about a leaf, by the number of the extension. Absent ones are `None`.
///
/// Number 7 is not an extension but the type of the SAN otherName with a user name: see
/// [`GeneralName::identity`](crate::GeneralName::identity).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FulcioExtensions<'a> {
    values: [Option<&'a str>; NUMBERS],
}

/// Extensions of Fulcio's arc that do not say what they should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FulcioError {
    /// One of the numbers 8 to 24 is not the DER of a UTF8String.
    #[error("Fulcio extension .{number}: {source}")]
    Der {
        /// The last arc of the identifier.
        number: u8,
        /// What is wrong, with the offset in the extension's value.
        source: DerError,
    },
    /// The text is not UTF-8.
    #[error("Fulcio extension .{number} is not UTF-8")]
    NotUtf8 {
        /// The last arc of the identifier.
        number: u8,
    },
    /// .8 and .1 are both present and name different issuers.
    #[error("the certificate names two issuers: .8 says {v2:?}, .1 says {v1:?}")]
    IssuersDisagree {
        /// The text of .8.
        v2: String,
        /// The text of .1.
        v1: String,
    },
}

impl Certificate {
    /// Reads Fulcio's extensions. A certificate of another CA gives an empty set.
    pub fn fulcio(&self) -> Result<FulcioExtensions<'_>, FulcioError> {
        let mut values = [None; NUMBERS];
        for extension in self.extensions() {
            let Some(number) = number(&extension) else { continue };
            if let Some(slot) = values.get_mut(usize::from(number)) {
                *slot = Some(read(number, extension.value)?);
            }
        }
        let extensions = FulcioExtensions { values };
        match (extensions.value(8), extensions.value(1)) {
            (Some(v2), Some(v1)) if v2 != v1 => {
                Err(FulcioError::IssuersDisagree { v2: v2.to_owned(), v1: v1.to_owned() })
            }
            _ => Ok(extensions),
        }
    }
}

impl<'a> FulcioExtensions<'a> {
    /// The OIDC issuer of the signer's token: .8, else .1, which old leaves have alone.
    #[must_use]
    pub fn issuer(&self) -> Option<&'a str> {
        self.value(8).or(self.value(1))
    }

    /// The value of one extension by its number.
    #[must_use]
    pub fn value(&self, number: u8) -> Option<&'a str> {
        self.values.get(usize::from(number)).copied().flatten()
    }

    /// The extensions that are present: number, name as Fulcio's documentation has it, value.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'static str, &'a str)> + '_ {
        NAMES.iter().filter_map(|&(number, name)| Some((number, name, self.value(number)?)))
    }
}

macro_rules! extensions {
    ($($number:literal $accessor:ident $name:literal;)*) => {
        impl<'a> FulcioExtensions<'a> {
            $(
                #[doc = concat!("Extension .", $number, ", ", $name, ".")]
                #[must_use]
                pub fn $accessor(&self) -> Option<&'a str> {
                    self.value($number)
                }
            )*
        }

        /// Number and name of every extension.
        const NAMES: &[(u8, &str)] = &[$(($number, $name)),*];
    };
}

extensions! {
    1 issuer_v1 "Issuer";
    2 github_workflow_trigger "GitHub Workflow Trigger";
    3 github_workflow_sha "GitHub Workflow SHA";
    4 github_workflow_name "GitHub Workflow Name";
    5 github_workflow_repository "GitHub Workflow Repository";
    6 github_workflow_ref "GitHub Workflow Ref";
    8 issuer_v2 "Issuer (V2)";
    9 build_signer_uri "Build Signer URI";
    10 build_signer_digest "Build Signer Digest";
    11 runner_environment "Runner Environment";
    12 source_repository_uri "Source Repository URI";
    13 source_repository_digest "Source Repository Digest";
    14 source_repository_ref "Source Repository Ref";
    15 source_repository_identifier "Source Repository Identifier";
    16 source_repository_owner_uri "Source Repository Owner URI";
    17 source_repository_owner_identifier "Source Repository Owner Identifier";
    18 build_config_uri "Build Config URI";
    19 build_config_digest "Build Config Digest";
    20 build_trigger "Build Trigger";
    21 run_invocation_uri "Run Invocation URI";
    22 source_repository_visibility "Source Repository Visibility At Signing";
    23 deployment_environment "Deployment Environment";
    24 token_subject "Token Subject";
}

fn number(extension: &Extension<'_>) -> Option<u8> {
    let rest = extension.oid.as_bytes().strip_prefix(oid::FULCIO_ARC.as_bytes())?;
    match rest {
        &[number] if number < 0x80 => Some(number),
        _ => None,
    }
}

/// .1 to .6 are the text itself, later ones the DER of a UTF8String.
fn read(number: u8, value: &[u8]) -> Result<&str, FulcioError> {
    let text = if number < 7 {
        value
    } else {
        only(value, UTF8_STRING).map_err(|source| FulcioError::Der { number, source })?.value
    };
    if text.is_empty() && matches!(number, 1 | 8) {
        // Fulcio never writes an empty issuer; one that could be matched by an empty flag is not read.
        return Err(FulcioError::Der { number, source: DerCause::Empty.at(0) });
    }
    std::str::from_utf8(text).map_err(|_| FulcioError::NotUtf8 { number })
}
