//! Is it one of those whom the policy names?

use sealwax_pki::FulcioExtensions;

use crate::policy::{IdentityRule, IssuerRule, Match, Who};
use crate::report::{CheckId, Report};
use crate::verdict::CertificateSigner;

/// Compares the certificate with the policy's rules; one of them suffices.
pub(crate) fn check(
    signer: &CertificateSigner,
    extensions: &FulcioExtensions<'_>,
    who: &Who,
    report: &mut Report,
) -> Option<()> {
    let mut scope = report.once();
    let found = || match extensions.issuer() {
        Some(issuer) => [signer.subject(), " (issuer ", issuer, ")"].concat(),
        None => [signer.subject(), " (no issuer)"].concat(),
    };
    let rules = match who {
        Who::Identities(rules) => rules.as_slice(),
        Who::Unnamed | Who::Key(_) => &[],
    };
    if rules.is_empty() {
        scope.fail(CheckId::Identity, "an identity that the policy names, and it names none", found());
        return None;
    }
    match rules.iter().find(|rule| rule.names_someone() && satisfies(rule, signer.subject(), extensions)) {
        Some(_) => {
            scope.pass(CheckId::Identity, "an identity that the policy names", found());
            Some(())
        }
        None => {
            let mut expected: Vec<String> = rules.iter().take(8).map(describe).collect();
            if rules.len() > expected.len() {
                expected.push(format!("{} more", rules.len() - expected.len()));
            }
            let mut found = found();
            // What else the rules ask about, so that the difference can be seen.
            for rule in rules.iter().take(1) {
                for (name, wanted, values) in parts(rule, extensions) {
                    if wanted.is_some() {
                        let values: Vec<&str> = values.into_iter().flatten().collect();
                        found.push_str(&format!(
                            ", {name} {}",
                            if values.is_empty() { "absent".into() } else { values.join(" or ") }
                        ));
                    }
                }
            }
            scope.fail(CheckId::Identity, expected.join("; or "), found);
            None
        }
    }
}

fn satisfies<'a>(rule: &'a IdentityRule, subject: &str, extensions: &FulcioExtensions<'a>) -> bool {
    let issuer = match (&rule.issuer, extensions.issuer()) {
        (None, _) => true,
        (Some(IssuerRule::Is(wanted)), Some(issuer)) => wanted.matches(issuer),
        (Some(IssuerRule::Absent), None) => true,
        (Some(_), _) => false,
    };
    issuer
        && rule.subject.as_ref().is_none_or(|wanted| wanted.matches(subject))
        && parts(rule, extensions).into_iter().all(|(_, wanted, values)| {
            wanted.is_none_or(|wanted| values.into_iter().flatten().any(|value| wanted.matches(value)))
        })
}

/// Name, what is asked for, and the extensions that may answer, new and old.
type Part<'a> = (&'static str, Option<&'a Match>, [Option<&'a str>; 2]);

/// The structured parts of a rule.
fn parts<'a>(rule: &'a IdentityRule, extensions: &FulcioExtensions<'a>) -> [Part<'a>; 5] {
    let workflow = extensions.build_signer_uri();
    let without_ref = workflow.and_then(|uri| uri.rsplit_once("@refs/")).map(|(path, _)| path);
    [
        (
            "repository",
            rule.repository.as_ref(),
            [extensions.source_repository_uri(), extensions.github_workflow_repository()],
        ),
        (
            "ref",
            rule.source_ref.as_ref(),
            [extensions.source_repository_ref(), extensions.github_workflow_ref()],
        ),
        ("signer workflow", rule.signer_workflow.as_ref(), [workflow, without_ref]),
        (
            "trigger",
            rule.trigger.as_ref(),
            [extensions.build_trigger(), extensions.github_workflow_trigger()],
        ),
        ("runner environment", rule.runner_environment.as_ref(), [extensions.runner_environment(), None]),
    ]
}

fn describe(rule: &IdentityRule) -> String {
    let mut words = Vec::new();
    if let Some(subject) = &rule.subject {
        words.push(subject.to_string());
    }
    match &rule.issuer {
        Some(IssuerRule::Is(issuer)) => words.push(format!("issuer {issuer}")),
        Some(IssuerRule::Absent) => words.push("no issuer".to_owned()),
        None => {}
    }
    for (name, wanted, _) in parts(rule, &FulcioExtensions::default()) {
        if let Some(wanted) = wanted {
            words.push(format!("{name} {wanted}"));
        }
    }
    if words.is_empty() { "a rule that names nobody".to_owned() } else { words.join(", ") }
}
