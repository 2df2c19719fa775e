//! The signer's certificate: what it must be, who vouches for it, when, and in which log it stands (rules 3 and 8).

use jiff::Timestamp;
use sealwax_pki::{Certificate, EndEntity, EndEntityError, FulcioExtensions, Path, PathError, Search};

use crate::report::{CheckId, Report};
use crate::trust::{Authority, Trust};

const PATH: &str = "a path to a trusted authority";
const VALID: &str = "valid at every established time";

/// Reads the leaf.
pub(crate) fn read(der: &[u8], report: &mut Report) -> Option<Certificate> {
    report.once().check(CheckId::CertificateParse, "a readable certificate", Certificate::from_der(der))
}

/// RFC 5280 §4.2, Fulcio's certificate specification: what a leaf must be.
pub(crate) fn profile<'c>(
    leaf: &'c Certificate,
    report: &mut Report,
) -> Option<(EndEntity<'c>, FulcioExtensions<'c>)> {
    const PARTS: [(CheckId, &str); 5] = [
        (CheckId::CertificateNotCa, "not a CA"),
        (CheckId::CertificateExtensions, "no critical extension that is not understood"),
        (CheckId::CertificateKeyUsage, "key usage digitalSignature"),
        (CheckId::CertificateExtendedKeyUsage, "extended key usage codeSigning"),
        (CheckId::CertificateSan, "exactly one subject alternative name, with text"),
    ];
    let mut scope = report.once();
    let end_entity = match EndEntity::code_signing(leaf) {
        Ok(end_entity) => {
            PARTS.into_iter().for_each(|(id, expected)| scope.pass(id, expected, expected));
            Some(end_entity)
        }
        Err(error) => {
            let failed = part_of(&error);
            for (id, expected) in PARTS {
                if id == failed {
                    scope.fail(id, expected, error.to_string());
                }
            }
            None
        }
    };
    let extensions = scope.check(
        CheckId::CertificateIssuerExtension,
        "readable extensions, and one issuer",
        leaf.fulcio(),
    );
    let key = scope.check(CheckId::CertificateKey, "a key of a known kind", leaf.public_key());
    key?;
    Some((end_entity?, extensions?))
}

fn part_of(error: &EndEntityError) -> CheckId {
    match error {
        EndEntityError::IsCa => CheckId::CertificateNotCa,
        EndEntityError::UnknownCriticalExtension(_) => CheckId::CertificateExtensions,
        EndEntityError::NoKeyUsage | EndEntityError::NoDigitalSignature => CheckId::CertificateKeyUsage,
        EndEntityError::SubjectAlternativeNameCount(_)
        | EndEntityError::UnsupportedSubjectAlternativeName(_) => CheckId::CertificateSan,
        _ => CheckId::CertificateExtendedKeyUsage,
    }
}

/// A path to an authority of the trusted root, valid with that authority at every established time.
/// RFC 5280 §6.1; rule 3 for the times.
pub(crate) fn path(
    leaf: &EndEntity<'_>,
    times: &[Timestamp],
    trust: &Trust,
    report: &mut Report,
) -> Option<Path> {
    let mut scope = report.once();
    let mut authorities: Vec<&Authority> = trust.authorities.iter().collect();
    authorities
        .sort_by_cached_key(|authority| std::cmp::Reverse(authority.chain.likelihood(leaf.certificate())));

    let mut no_path: Option<PathError> = None;
    let mut wrong_time: Option<(Path, String)> = None;
    for authority in authorities {
        let search = Search { memo: &trust.memo, further_intermediates: &[] };
        let paths = match authority.chain.paths(leaf, search) {
            Ok(paths) => paths,
            Err(error) => {
                no_path.get_or_insert(error);
                continue;
            }
        };
        for path in paths {
            match times.iter().try_for_each(|time| valid_at(authority, &path, *time)) {
                Ok(()) => {
                    scope.pass(CheckId::CertificatePath, PATH, authority.name.clone());
                    if times.is_empty() {
                        scope.not_run(CheckId::CertificateTime, CheckId::TimeEstablished);
                    } else {
                        scope.pass(CheckId::CertificateTime, VALID, VALID);
                    }
                    return Some(path);
                }
                Err(reason) => {
                    wrong_time.get_or_insert((path, reason));
                }
            }
        }
    }
    if let Some((path, reason)) = wrong_time {
        scope.pass(CheckId::CertificatePath, PATH, PATH);
        scope.fail(CheckId::CertificateTime, VALID, reason);
        return Some(path);
    }
    let mut reason = no_path
        .map_or_else(|| "the trusted root lists no usable authority".to_owned(), |error| error.to_string());
    if !trust.unusable.is_empty() {
        reason = format!("{reason}; {}", trust.unusable.join("; "));
    }
    scope.fail(CheckId::CertificatePath, PATH, reason);
    scope.not_run(CheckId::CertificateTime, CheckId::CertificatePath);
    None
}

fn valid_at(authority: &Authority, path: &Path, time: Timestamp) -> Result<(), String> {
    if !authority.window.contains(time) {
        return Err(format!(
            "the authority {} is trusted {}, not at {time}",
            authority.name, authority.window
        ));
    }
    path.check_at(time).map_err(|error| error.to_string())
}

/// Embedded SCTs: each of a known log must verify, and one must exist if certificate logs are listed.
/// RFC 6962 §3.2 over the precertificate rebuilt with the issuer of the path; rules 1, 3, 4.
pub(crate) fn timestamps(leaf: &Certificate, path: &Path, trust: &Trust, report: &mut Report) -> Option<()> {
    let scts = match leaf.embedded_scts() {
        Ok(scts) => scts,
        Err(error) => {
            report.once().fail(CheckId::CertificateTimestamp, "a readable list of SCTs", error.to_string());
            return None;
        }
    };
    let mut verified = 0;
    let mut good = true;
    for (item, sct) in scts.iter().enumerate() {
        let mut scope = report.item(item);
        let mut outcome = None;
        for log in trust.certificate_logs.iter().filter(|log| log.id == sct.log_id) {
            let result = log.verify(sct, leaf, path.issuer());
            let done = result.is_ok();
            outcome = Some(result);
            if done {
                break;
            }
        }
        match outcome {
            None => scope.skip(
                CheckId::CertificateTimestamp,
                "a certificate log of the trusted root",
                "another log's",
            ),
            Some(Ok(name)) => {
                verified += 1;
                scope.pass(CheckId::CertificateTimestamp, "a verified SCT of a trusted log", name);
            }
            Some(Err(reason)) => {
                good = false;
                scope.fail(CheckId::CertificateTimestamp, "a verified SCT of a trusted log", reason);
            }
        }
    }
    if trust.certificate_logs.is_empty() || !good {
        return good.then_some(());
    }
    report.once().hold(
        CheckId::CertificateTimestampRequired,
        "at least one verified SCT, since the trusted root lists certificate logs",
        verified > 0,
        || format!("{} SCTs, none of a trusted log", scts.len()),
    )
}
