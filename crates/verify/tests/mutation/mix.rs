//! Bundles put together from the parts of two good ones, in every way.

use serde_json::Value;

/// The parts, by where they are. Those that a bundle lacks, or that are equal in both, are left out.
const PARTS: [&str; 12] = [
    "/messageSignature",
    "/dsseEnvelope",
    "/verificationMaterial/certificate",
    "/verificationMaterial/x509CertificateChain",
    "/verificationMaterial/publicKey",
    "/verificationMaterial/timestampVerificationData",
    "/verificationMaterial/tlogEntries/0/canonicalizedBody",
    "/verificationMaterial/tlogEntries/0/inclusionPromise",
    "/verificationMaterial/tlogEntries/0/inclusionProof",
    "/verificationMaterial/tlogEntries/0/integratedTime",
    "/verificationMaterial/tlogEntries/0/logIndex",
    "/verificationMaterial/tlogEntries/0/logId",
];

/// Every mixture that is neither of the two and has several parts of the other: the names of the parts that are the other's, and the bundle.
pub(crate) fn mixtures(document: &Value, other: &Value) -> Vec<(String, String)> {
    let differing: Vec<&str> = PARTS
        .into_iter()
        .filter(|part| match (document.pointer(part), other.pointer(part)) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        })
        .collect();
    let all = (1_usize << differing.len()) - 1;
    (1..all)
        .filter(|chosen| chosen.count_ones() > 1)
        .map(|chosen| {
            let mut mixture = document.clone();
            let mut names = Vec::new();
            for (bit, part) in differing.iter().enumerate() {
                if chosen & (1 << bit) == 0 {
                    continue;
                }
                *mixture.pointer_mut(part).expect("a part") = other.pointer(part).expect("a part").clone();
                names.push(part.rsplit('/').next().unwrap_or_default());
            }
            (format!("mixture>{}", names.join("+")), mixture.to_string())
        })
        .collect()
}
