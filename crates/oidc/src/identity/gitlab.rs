//! GitLab CI, as configured without templates.

use super::{Identity, IdentityError, Subject, join, url};
use crate::claims::{ClaimError, Claims};
use crate::extensions::Extensions;

/// The pipeline's definition is the subject.
pub(super) fn pipeline(claims: &Claims) -> Result<Identity, IdentityError> {
    let project = claims.text("project_path")?;
    let source = claims.text("pipeline_source")?;
    claims.text("pipeline_id")?;
    let config_ref = claims.text("ci_config_ref_uri")?;
    let job = claims.text("job_id")?;
    let git_ref = full_ref(claims.text("ref")?, claims.text("ref_type")?)?;
    let namespace = claims.text("namespace_path")?;
    let namespace_id = claims.text("namespace_id")?;
    let project_id = claims.text("project_id")?;
    let sha = claims.text("sha")?;
    let runner = claims.text("runner_environment")?;
    check_runner(claims)?;
    // Absent for a definition that lives elsewhere.
    let config_sha = claims.optional_text("ci_config_sha")?.unwrap_or_default();
    let visibility = claims.optional_text("project_visibility")?.unwrap_or_default();

    let base = url("https://gitlab.com/")?;
    let mut config = url(config_ref)?; // without a scheme
    config.set_scheme("https");
    let config = config.to_string();
    let mut extensions = Extensions::new(claims.issuer(), claims.subject());
    extensions.set(9, config.as_str());
    extensions.set(10, config_sha);
    extensions.set(11, runner);
    extensions.set(12, join(&base, &[project])?);
    extensions.set(13, sha);
    extensions.set(14, git_ref);
    extensions.set(15, project_id);
    extensions.set(16, join(&base, &[namespace])?);
    extensions.set(17, namespace_id);
    extensions.set(18, config.as_str());
    extensions.set(19, config_sha);
    extensions.set(20, source);
    extensions.set(21, join(&base, &[project, "/-/jobs/", job])?);
    extensions.set(22, visibility);
    Ok(Identity::by_subject(claims, Subject::Uri(config), extensions))
}

fn full_ref(name: &str, kind: &str) -> Result<String, ClaimError> {
    match kind {
        "branch" => Ok(format!("refs/heads/{name}")),
        "tag" => Ok(format!("refs/tags/{name}")),
        other => Err(ClaimError::value("ref_type", "\"branch\" or \"tag\"", other)),
    }
}

/// The runner's number, which is in no extension and must be there.
fn check_runner(claims: &Claims) -> Result<(), ClaimError> {
    match claims.integer("runner_id")? {
        Some(number) if number != 0 => Ok(()),
        _ => Err(ClaimError::missing("runner_id")),
    }
}
