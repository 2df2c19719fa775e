//! Issuance, from an identity to a certificate.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use sealwax_crypto::SignError;
use sealwax_oidc::Identity;
use sealwax_pki::{Certificate, NewExtension, Sct};

use crate::authority::{Authority, SigningError};
use crate::ct_log::{CertificateLog, CtLogError, LogLies, Promise};
use crate::lint::{self, Draft, LintError};
use crate::possession::ProvenKey;
use crate::profile::Profile;

/// How long all logs together may take: within what clients wait for an authority.
const LOG_DEADLINE: Duration = Duration::from_secs(15);

/// A certificate that was issued, and whom it was issued by.
#[derive(Clone, Debug)]
pub struct IssuedCertificate {
    certificate: Certificate,
    authority: Authority,
}

impl IssuedCertificate {
    /// The leaf.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Leaf first, root last.
    pub fn chain(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.certificate).chain(self.authority.chain())
    }

    /// Who issued it.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

/// Why nothing was issued. No cause is the fault of whoever asked, except a [`LintError`] over an identity that fits no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// No log is configured.
    #[error("no certificate log is configured, and nothing is issued that is not logged")]
    NoLog,
    /// No random numbers.
    #[error(transparent)]
    Random(SignError),
    /// What would be signed is not what should be.
    #[error("not signed: {0}")]
    Lint(#[from] LintError),
    /// The authority's key did not sign.
    #[error("the authority's key did not sign: {0}")]
    Signing(#[from] SigningError),
    /// A log promised nothing.
    #[error("the certificate log {log:?}: {cause}")]
    Log {
        /// The log.
        log: String,
        /// Why.
        cause: CtLogError,
    },
    /// A log's promise is worth nothing. The certificate is not issued.
    #[error("the certificate log {log:?} lies: {cause}")]
    LogLies {
        /// The log.
        log: String,
        /// How.
        cause: LogLies,
    },
}

/// Issues the certificate of that identity and that key, logged in every one of `logs`. `clock` says what time it is, as often as
/// it is asked: once to begin with, and once when the logs have answered.
///
/// # Errors
/// [`IssueError`]. A precertificate may have been signed and logged nonetheless, which promises nothing to anybody.
pub async fn issue(
    authority: &Authority,
    logs: &[CertificateLog],
    identity: &Identity,
    key: ProvenKey,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<IssuedCertificate, IssueError> {
    if logs.is_empty() {
        return Err(IssueError::NoLog);
    }
    let profile = Profile::new(identity, key.into_key(), clock()).map_err(IssueError::Random)?;

    // RFC 6962 3.1: the precertificate.
    let tbs = profile.tbs(authority, NewExtension::poison())?;
    let linted = lint::precertificate(&tbs, &profile, authority)?;
    let precertificate = authority.sign(linted).await?;

    // 3.2: the logs' promises, proved on the certificate that will carry them.
    let scts = promises(authority, logs, &precertificate).await?;
    let list = NewExtension::sct_list(&scts).ok_or(LintError::Field("list of SCTs"))?;
    let draft = Draft::new(&profile.tbs(authority, list)?)?;
    check_promises(authority, logs, &scts, &draft.certificate, clock())?;

    // 3.3: the certificate.
    let linted = draft.lint(&precertificate, &profile, authority, logs.len())?;
    let certificate = authority.sign(linted).await?;
    Ok(IssuedCertificate { certificate, authority: authority.clone() })
}

async fn promises(
    authority: &Authority,
    logs: &[CertificateLog],
    precertificate: &Certificate,
) -> Result<Vec<Sct>, IssueError> {
    let chain: Vec<Certificate> = std::iter::once(precertificate).chain(authority.chain()).cloned().collect();
    let asked: Vec<Promise<'_>> = logs.iter().map(|log| log.log.add_pre_chain(&chain)).collect();
    let answers = all(asked).await;
    let named = |(log, answer): (&CertificateLog, Result<Sct, CtLogError>)| {
        answer.map_err(|cause| IssueError::Log { log: log.name.clone(), cause })
    };
    logs.iter().zip(answers).map(named).collect()
}

fn check_promises(
    authority: &Authority,
    logs: &[CertificateLog],
    scts: &[Sct],
    draft: &Certificate,
    now: Timestamp,
) -> Result<(), IssueError> {
    let issuer = authority.issuer().ok_or(LintError::Field("issuer"))?;
    for (log, sct) in logs.iter().zip(scts) {
        let lies = |cause| IssueError::LogLies { log: log.name.clone(), cause };
        log.check(sct, draft, issuer, now).map_err(lies)?;
    }
    Ok(())
}

/// What all of them say, asked at once; those that have said nothing at the deadline have timed out.
async fn all(mut asked: Vec<Promise<'_>>) -> Vec<Result<Sct, CtLogError>> {
    let mut answers: Vec<Option<Result<Sct, CtLogError>>> = asked.iter().map(|_| None).collect();
    let everybody = poll_fn(|context| {
        let mut pending = false;
        for (promise, answer) in asked.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match promise.as_mut().poll(context) {
                    Poll::Ready(said) => *answer = Some(said),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    });
    let _ = tokio::time::timeout(LOG_DEADLINE, everybody).await;
    let late = || Err(CtLogError::TimedOut { seconds: LOG_DEADLINE.as_secs() });
    answers.into_iter().map(|answer| answer.unwrap_or_else(late)).collect()
}
