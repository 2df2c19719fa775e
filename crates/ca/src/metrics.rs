//! What the authority counts.

use std::time::Duration;

use sealwax_oidc::IssuerType;
use sealwax_server::metrics::{Histogram, Label, Labelled, Text};

use crate::api::ApiError;
use crate::ct_log::CtLogError;
use crate::issue::IssueError;
use crate::service::Service;

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Certificates that were handed out, by the type of the token's issuer.
    pub certificates: Labelled<IssuerLabel, 12>,
    /// Requests that got none, by cause.
    pub refused: Labelled<RefusedFor, 11>,
    /// Of those, what logs did.
    pub log_failures: Labelled<LogFailure, 5>,
    /// From the request to its certificate.
    pub issue_seconds: Histogram,
}

/// A type of issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerLabel {
    /// People with an e-mail address.
    Email,
    /// Workloads with a SPIFFE ID.
    Spiffe,
    /// Subjects that are URIs.
    Uri,
    /// Subjects that are user names.
    Username,
    /// Service accounts of a Kubernetes cluster.
    Kubernetes,
    /// GitHub Actions.
    GithubWorkflow,
    /// GitLab CI.
    GitlabPipeline,
    /// Buildkite.
    BuildkiteJob,
    /// Codefresh.
    CodefreshWorkflow,
    /// Chainguard.
    ChainguardIdentity,
    /// A CI provider described by templates.
    CiProvider,
    /// A type that has no label yet.
    Other,
}

/// Why there was no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedFor {
    /// The body is no request.
    Request,
    /// The token is no good.
    Token,
    /// Nobody knows its issuer.
    UnknownIssuer,
    /// The issuer's keys cannot be had.
    Provider,
    /// There is no identity in the token.
    Identity,
    /// The key was not proved, or gets no certificate.
    Key,
    /// The quota is used up.
    Quota,
    /// A certificate log promised nothing, or lied.
    Log,
    /// The authority did not sign.
    Authority,
    /// Nobody waited for the answer.
    GoneAway,
    /// It could not be recorded.
    Audit,
}

/// What a certificate log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFailure {
    /// It does not answer.
    Unreachable,
    /// It was too slow.
    TimedOut,
    /// It did not want the chain.
    Refused,
    /// Its answer is no SCT.
    Malformed,
    /// Its SCT does not verify.
    Lies,
}

impl Metrics {
    /// A certificate was handed out, so long after it was asked for.
    pub(crate) fn issued(&self, issuer: IssuerLabel, took: Duration) {
        self.certificates.add(issuer, 1);
        self.issue_seconds.time(took);
    }

    /// None was.
    pub(crate) fn refused(&self, error: &ApiError) {
        self.refused.add(error.into(), 1);
        if let ApiError::Issue(error) = error
            && let Some(failure) = LogFailure::of(error)
        {
            self.log_failures.add(failure, 1);
        }
    }

    /// All of it as text, with the state of the authority.
    pub fn write(&self, text: &mut Text, service: &Service) {
        let help = "Certificates handed out, by the type of the issuer.";
        text.labelled("certificates_total", help, "issuer_type", &self.certificates);
        text.labelled("refused_total", "Requests without a certificate, by cause.", "cause", &self.refused);
        let help =
            "Certificates that were not issued since a certificate log gave no good SCT, by what it did.";
        text.labelled("sct_failures_total", help, "cause", &self.log_failures);
        text.seconds("issue_seconds", "From the request to its certificate.", &self.issue_seconds);
        let help = "1 if the authority's certificate outlasts what it would issue now.";
        text.gauge("ready", help, u64::from(service.ready()));
    }
}

impl From<&IssuerType> for IssuerLabel {
    fn from(kind: &IssuerType) -> Self {
        let named = Self::ALL.into_iter().find(|(_, name)| *name == kind.name());
        named.map_or(Self::Other, |(label, _)| label)
    }
}

impl From<&ApiError> for RefusedFor {
    fn from(error: &ApiError) -> Self {
        match error {
            ApiError::Request(_) => Self::Request,
            ApiError::Token(_) => Self::Token,
            ApiError::UnknownIssuer { .. } => Self::UnknownIssuer,
            ApiError::Provider { .. } => Self::Provider,
            ApiError::Identity(_) => Self::Identity,
            ApiError::Possession(_) => Self::Key,
            ApiError::Quota(_) => Self::Quota,
            ApiError::Issue(IssueError::NoLog | IssueError::Log { .. } | IssueError::LogLies { .. }) => {
                Self::Log
            }
            ApiError::Issue(_) => Self::Authority,
            ApiError::GoneAway => Self::GoneAway,
            ApiError::Audit(_) => Self::Audit,
        }
    }
}

impl LogFailure {
    fn of(error: &IssueError) -> Option<Self> {
        match error {
            IssueError::LogLies { .. } => Some(Self::Lies),
            IssueError::Log { cause, .. } => Some(match cause {
                CtLogError::Unreachable { .. } => Self::Unreachable,
                CtLogError::TimedOut { .. } => Self::TimedOut,
                CtLogError::Refused { .. } => Self::Refused,
                CtLogError::Malformed { .. } => Self::Malformed,
            }),
            _ => None,
        }
    }
}

impl Label<12> for IssuerLabel {
    const ALL: [(Self, &'static str); 12] = [
        (Self::Email, "email"),
        (Self::Spiffe, "spiffe"),
        (Self::Uri, "uri"),
        (Self::Username, "username"),
        (Self::Kubernetes, "kubernetes"),
        (Self::GithubWorkflow, "github-workflow"),
        (Self::GitlabPipeline, "gitlab-pipeline"),
        (Self::BuildkiteJob, "buildkite-job"),
        (Self::CodefreshWorkflow, "codefresh-workflow"),
        (Self::ChainguardIdentity, "chainguard-identity"),
        (Self::CiProvider, "ci-provider"),
        (Self::Other, "other"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

impl Label<11> for RefusedFor {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Request, "request"),
        (Self::Token, "token"),
        (Self::UnknownIssuer, "unknown_issuer"),
        (Self::Provider, "provider"),
        (Self::Identity, "identity"),
        (Self::Key, "key"),
        (Self::Quota, "quota"),
        (Self::Log, "log"),
        (Self::Authority, "authority"),
        (Self::GoneAway, "gone_away"),
        (Self::Audit, "audit"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

impl Label<5> for LogFailure {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Unreachable, "unreachable"),
        (Self::TimedOut, "timed_out"),
        (Self::Refused, "refused"),
        (Self::Malformed, "malformed"),
        (Self::Lies, "lies"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_its_place<L: Label<N> + PartialEq + std::fmt::Debug, const N: usize>() {
        for (place, (label, _)) in L::ALL.into_iter().enumerate() {
            assert_eq!(label.place(), place, "{label:?}");
        }
    }

    #[test]
    fn labels_are_in_their_places() {
        in_its_place::<IssuerLabel, 12>();
        in_its_place::<RefusedFor, 11>();
        in_its_place::<LogFailure, 5>();
    }

    #[test]
    fn what_logs_did_is_counted_once_more_by_what_it_was() {
        let metrics = Metrics::default();
        let log = || "one".to_owned();
        let refused = CtLogError::Refused { status: 503, reason: String::new() };
        let lies = crate::ct_log::LogLies::NoLeafIndex;
        metrics.refused(&IssueError::Log { log: log(), cause: refused }.into());
        metrics.refused(&IssueError::LogLies { log: log(), cause: lies }.into());
        metrics.refused(&IssueError::NoLog.into());
        metrics.refused(&ApiError::GoneAway);
        assert_eq!(metrics.refused.value(RefusedFor::Log), 3);
        assert_eq!(metrics.refused.value(RefusedFor::GoneAway), 1);
        assert_eq!(metrics.log_failures.value(LogFailure::Refused), 1);
        assert_eq!(metrics.log_failures.value(LogFailure::Lies), 1);
        assert_eq!(metrics.log_failures.value(LogFailure::TimedOut), 0);
    }
}
