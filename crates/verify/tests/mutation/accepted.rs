//! The mutations that may be accepted.

use std::sync::atomic::{AtomicBool, Ordering};

/// Mutations that may be accepted. `*` stands for anything; several changes are separated by commas.
pub(crate) struct Accepted {
    bundle: &'static str,
    place: &'static str,
    change: &'static str,
    reason: &'static str,
}

const fn may(
    bundle: &'static str,
    place: &'static str,
    change: &'static str,
    reason: &'static str,
) -> Accepted {
    Accepted { bundle, place, change, reason }
}

/// All of them. `docs/divergences.md` has the same list; a test compares.
const ACCEPTED: &[Accepted] = &[
    may(
        "*0.1 *, proof and SET",
        "mediaType",
        "another version",
        "0.1 and 0.2 have the same fields, and the proof and the SET that either demands are there [5]",
    ),
    may(
        "*0.2 *, proof and SET*",
        "mediaType",
        "another version",
        "0.1 and 0.2 have the same fields, and the proof and the SET that either demands are there [5]",
    ),
    may(
        "0.2 dsse, intoto 0.0.2, proof and SET, key by hint",
        "mediaType",
        "flip",
        "that makes it 0.3; versions differ in how they carry certificates, and there is none",
    ),
    may(
        "*no entry, timestamp, *key*",
        "mediaType",
        "another version",
        "versions differ in how they carry certificates and in the evidence of entries, and there is neither",
    ),
    may(
        "*",
        "dsseEnvelope.signatures[0].keyid",
        "*",
        "a hint that nothing authenticates (DSSE); the key comes from the certificate, the policy or the bundle's own hint",
    ),
    may(
        "*",
        "messageSignature.messageDigest",
        "drop, null, empty object",
        "optional; the artifact itself is hashed in any case [9]",
    ),
    may(
        "*",
        "verificationMaterial.x509CertificateChain.certificates[0]",
        "twice",
        "the second one is a further certificate, and these are ignored [8]",
    ),
    may(
        "*chain of three",
        "verificationMaterial.x509CertificateChain.certificates[1]*",
        "*",
        "further certificates are ignored; the path is built from the trusted root's [8]",
    ),
    may(
        "*chain of three",
        "verificationMaterial.x509CertificateChain.certificates[2]*",
        "*",
        "further certificates are ignored; the path is built from the trusted root's [8]",
    ),
    may(
        "0.3 dsse, no entry, timestamp",
        "verificationMaterial.certificate*",
        "of the same signer again, of another artifact",
        "another certificate of the same key for the same identity; without a log nothing names the one that was used",
    ),
    may(
        "*given key",
        "verificationMaterial.publicKey",
        "empty object",
        "the key that the user gave overrides the hint [12]",
    ),
    may(
        "*given key",
        "verificationMaterial.publicKey.hint",
        "*",
        "the key that the user gave overrides the hint [12]",
    ),
    may(
        "*SET and timestamp",
        "verificationMaterial.timestampVerificationData*",
        "*",
        "the SET establishes the time; a timestamp that does not verify is skipped and reported [4]",
    ),
    may(
        "*timestamp, given key",
        "verificationMaterial.timestampVerificationData*",
        "*",
        "a key without a window needs no time [12]",
    ),
    may(
        "*",
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps[0]",
        "twice",
        "the same timestamp counts once [4]",
    ),
    may(
        "*",
        "*.signedTimestamp>0.0",
        "flip",
        "PKIStatus granted or granted with modifications: both are grants, and neither is signed [7]",
    ),
    may(
        "*",
        "*.signedTimestamp>1.1.0.3*",
        "flip",
        "an embedded certificate, where the trusted root has the signer's [7]",
    ),
    may(
        "*SET and timestamp",
        "verificationMaterial.tlogEntries[0].inclusionPromise*",
        "drop, null, empty object, empty text",
        "the SET is optional in 0.3, and the timestamp establishes the time [5]",
    ),
    may(
        "*0.1 *, proof and SET",
        "verificationMaterial.tlogEntries[0].inclusionProof",
        "drop, null",
        "in 0.1 a SET alone will do [5]",
    ),
    may(
        "0.3 message, hashedrekord 0.0.1, proof and timestamp",
        "verificationMaterial.tlogEntries[0].integratedTime",
        "*",
        "means nothing without a SET [2]",
    ),
    may(
        "0.3 message, hashedrekord 0.0.1, proof and timestamp",
        "verificationMaterial.tlogEntries[0].logIndex",
        "*",
        "the index over all shards of a v1 log, which only a SET signs; the proof is checked with its own index [5]",
    ),
    may(
        "*",
        "*.checkpoint.envelope>line[4]",
        "twice, doubled, swap",
        "the log's own line again, or behind a witness's: it counts wherever it stands [5]",
    ),
    may(
        "*",
        "*.checkpoint.envelope>line[5]",
        "twice, doubled",
        "the log's own line again: it counts wherever it stands [5]",
    ),
    may(
        "*hashedrekord 0.0.2*",
        "*.checkpoint.envelope>line[5]",
        "*",
        "a witness's line, and the policy demands none [5]",
    ),
    may(
        "*hashedrekord 0.0.2*",
        "*.checkpoint.envelope>line[6]",
        "*",
        "a witness's line, and the policy demands none [5]",
    ),
    may(
        "*hashedrekord 0.0.2*",
        "*.checkpoint.envelope>line[7]",
        "*",
        "a witness's line, and the policy demands none [5]",
    ),
    may(
        "0.3 dsse, no entry, timestamp",
        "mixture>dsseEnvelope+timestampVerificationData",
        "of the same signer again",
        "the other bundle with this certificate: of the same key, for the same identity",
    ),
    may(
        "*SET and timestamp",
        "mixture>messageSignature+certificate+canonicalizedBody+inclusionPromise+inclusionProof",
        "of the same signer again",
        "the other bundle with this timestamp, which is skipped: its SET establishes the time [4]",
    ),
    may(
        "*",
        "body as logged>spec.content.hash*",
        "*",
        "of the envelope as it was submitted, which nobody can check; payload, signature and signer are compared [6]",
    ),
    may(
        "*",
        "body as logged>spec.envelopeHash*",
        "*",
        "of the envelope as it was submitted, which nobody can check; payload, signature and signer are compared [6]",
    ),
    may(
        "*key by hint",
        "body as logged>spec.content.envelope.signatures[0].keyid",
        "*",
        "a hint that nothing authenticates; the key itself is compared [6]",
    ),
    may(
        "*",
        "body as logged>*publicKey*",
        "cut, extend, flip",
        "text behind the PEM's last line; the certificate or key in it is compared as DER [6]",
    ),
    may(
        "*dsse 0.0.1*",
        "body as logged>spec.signatures[0].verifier",
        "cut, extend, flip",
        "text behind the PEM's last line; the certificate or key in it is compared as DER [6]",
    ),
    may(
        "0.3 message, hashedrekord 0.0.1, proof and SET",
        "certificate as issued",
        "SCT list before the extension that it followed",
        "the SCT covers all extensions but this one, in their order, which stays the same",
    ),
    may("0.3*", "keys>*", "*", "this bundle has no use for it"),
    may("*key by hint", "keys>keys[1]*", "*", "this bundle has no use for it"),
    may(
        "*key by hint",
        "keys>keys[0]",
        "swap, twice",
        "the order means nothing; the key is found by its hint [12]",
    ),
    may(
        "*key by hint",
        "keys>keys[0].publicKey.validFor",
        "drop, null",
        "a key of the trust material that has no window has no limits in time [12]",
    ),
    may("*key by hint", "trusted root>certificateAuthorities*", "*", "this bundle has no use for it"),
    may("*key by hint", "trusted root>ctlogs*", "*", "this bundle has no use for it"),
    may("*key by hint", "trusted root>timestampAuthorities*", "*", "this bundle has no use for it"),
    may("*key by hint", "trusted root>tlogs[1]*", "*", "this bundle has no use for it"),
    may("*, proof and SET", "trusted root>timestampAuthorities*", "*", "this bundle has no use for it"),
    may("*, proof and SET", "trusted root>tlogs[1]*", "*", "this bundle has no use for it"),
    may("*hashedrekord 0.0.2*", "trusted root>tlogs[0]*", "*", "this bundle has no use for it"),
    may("*", "trusted root>*.subject*", "*", "informative; certificates are found by their own names"),
    may("*", "trusted root>*.uri", "*", "only the name under which the report mentions it"),
    may("*", "trusted root>ctlogs[0].baseUrl", "*", "only the name under which the report mentions it"),
    may(
        "*SET*",
        "trusted root>tlogs[0].baseUrl",
        "*",
        "only the name under which the report mentions it; a v1 log is known by its key [5]",
    ),
    may("*hashedrekord 0.0.2*", "trusted root>tlogs[1].baseUrl", "flip", "only its host name counts [5]"),
    may("*", "*.validFor.start", "flip", "an earlier start: the window still contains the time"),
    may(
        "*",
        "trusted root>*[*]",
        "twice, swap",
        "the same one twice, or in another order, trusts nobody else",
    ),
    may(
        "*",
        "trusted root>*.certificates[*]",
        "drop, twice, swap",
        "the last certificate is the anchor, and every path to it is tried",
    ),
    may(
        "0.3 message, *",
        "trusted root>*.certificates[1].rawBytes",
        "flip",
        "the anchor, whose own signature means nothing: it is trusted as it stands",
    ),
    may(
        "0.3 dsse, no entry, timestamp",
        "trusted root>*.certificates[2].rawBytes",
        "flip",
        "the anchor, whose own signature means nothing: it is trusted as it stands",
    ),
    may(
        "0.3*",
        "trusted root>ctlogs*",
        "drop, null, empty list",
        "the trusted root decides what is demanded: where it lists none, no SCT is [1]",
    ),
    may(
        "*hashedrekord 0.0.2*",
        "trusted root>tlogs",
        "drop, null, empty list",
        "the trusted root decides what is demanded: where it lists none, no entry is [1]",
    ),
];

/// Which lines of the list were needed, change by change.
pub(crate) struct Used(Vec<Vec<AtomicBool>>);

impl Default for Used {
    fn default() -> Self {
        let unused = |accepted: &Accepted| accepted.changes().map(|_| AtomicBool::new(false)).collect();
        Self(ACCEPTED.iter().map(unused).collect())
    }
}

impl Used {
    /// Whether this mutation may be accepted. Every line that says so counts as needed.
    pub(crate) fn may_be(&self, bundle: &str, place: &str, change: &str) -> bool {
        let mut found = false;
        let lines = ACCEPTED.iter().zip(&self.0);
        for (accepted, used) in lines.filter(|(accepted, _)| accepted.is_about(bundle, place)) {
            for (_, used) in accepted.changes().zip(used).filter(|(listed, _)| like(listed, change)) {
                used.store(true, Ordering::Relaxed);
                found = true;
            }
        }
        found
    }

    /// Lines that no mutation needed, with what of them.
    pub(crate) fn stale(&self) -> Vec<String> {
        let mut stale = Vec::new();
        for (accepted, used) in ACCEPTED.iter().zip(&self.0) {
            for (listed, _) in accepted.changes().zip(used).filter(|(_, used)| !used.load(Ordering::Relaxed))
            {
                stale.push(format!("{listed}: {}", accepted.row()));
            }
        }
        stale
    }
}

impl Accepted {
    fn is_about(&self, bundle: &str, place: &str) -> bool {
        like(self.bundle, bundle) && like(self.place, place)
    }

    fn changes(&self) -> impl Iterator<Item = &'static str> {
        self.change.split(", ")
    }

    /// As the table in the documentation has it.
    fn row(&self) -> String {
        format!("| {} | `{}` | {} | {} |", self.bundle, self.place, self.change, self.reason)
    }
}

/// The heading under which the documentation lists them.
const HEADING: &str = "## Mutations that may be accepted";

/// The rows that the documentation lacks or has beyond the list.
pub(crate) fn differences(documentation: &str) -> Vec<String> {
    let section = documentation.split_once(HEADING).map(|(_, section)| section).unwrap_or_default();
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let (there, here): (Vec<&str>, Vec<String>) =
        (rows.collect(), ACCEPTED.iter().map(Accepted::row).collect());
    let missing =
        here.iter().filter(|row| !there.contains(&row.as_str())).map(|row| format!("missing: {row}"));
    let stale =
        there.iter().filter(|row| !here.iter().any(|known| known == *row)).map(|row| format!("stale: {row}"));
    missing.chain(stale).collect()
}

/// Whether `text` is `pattern`, in which `*` stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(position) = rest.find(part) else { return false };
        rest = &rest[position + part.len()..];
    }
    rest.ends_with(last)
}
