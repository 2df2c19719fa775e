//! Signed certificate timestamps (RFC 6962 3.2), the side of the log: what is signed, and the SCT as bytes.

use crate::sct::Sct;

/// The digitally-signed struct of an SCT of version 1, for the entry of [`x509_log_entry`](crate::x509_log_entry) or
/// [`precert_log_entry`](crate::precert_log_entry). `None` if the extensions are longer than 65,535 bytes.
///
/// The `MerkleTreeLeaf` of the same entry (RFC 6962 3.4) is byte for byte the same.
#[must_use]
pub fn certificate_timestamp(timestamp_ms: u64, entry: &[u8], extensions: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(extensions.len()).ok()?;
    let mut message = Vec::with_capacity(12 + entry.len() + extensions.len());
    message.extend_from_slice(&[0, 0]); // version 1, certificate_timestamp
    message.extend_from_slice(&timestamp_ms.to_be_bytes());
    message.extend_from_slice(entry);
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(extensions);
    Some(message)
}

impl Sct {
    /// The `SignedCertificateTimestamp`, as it stands in a list of SCTs. `None` if the extensions or the signature are
    /// longer than 65,535 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let extensions = u16::try_from(self.extensions.len()).ok()?.to_be_bytes();
        let signature = u16::try_from(self.signature.len()).ok()?.to_be_bytes();
        let time = self.timestamp_ms.to_be_bytes();
        let algorithm = [self.hash_algorithm, self.signature_algorithm];
        let parts: [&[u8]; 8] = [
            &[0], // version 1
            &self.log_id,
            &time,
            &extensions,
            &self.extensions,
            &algorithm,
            &signature,
            &self.signature,
        ];
        Some(parts.concat())
    }
}
