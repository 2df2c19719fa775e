//! Buildkite and Codefresh, as configured without templates.

use super::{Identity, IdentityError, Subject, join, url};
use crate::claims::Claims;
use crate::extensions::Extensions;

/// Where a Codefresh token comes from unless it says so.
const CODEFRESH: &str = "https://g.codefresh.io";

/// Buildkite: the pipeline is the subject.
pub(super) fn buildkite(claims: &Claims) -> Result<Identity, IdentityError> {
    let organization = claims.text("organization_slug")?;
    let pipeline = claims.text("pipeline_slug")?;
    let subject = url(&format!("https://buildkite.com/{organization}/{pipeline}"))?.to_string();
    let extensions = Extensions::new(claims.issuer(), claims.subject());
    Ok(Identity::by_subject(claims, Subject::Uri(subject), extensions))
}

/// Codefresh: the pipeline by its names and its numbers is the subject.
pub(super) fn codefresh(claims: &Claims) -> Result<Identity, IdentityError> {
    let account_id = claims.text("account_id")?;
    let pipeline_id = claims.text("pipeline_id")?;
    let workflow = claims.text("workflow_id")?;
    let account = claims.optional_text("account_name")?.unwrap_or_default();
    let pipeline = claims.optional_text("pipeline_name")?.unwrap_or_default();
    let runner = claims.optional_text("runner_environment")?.unwrap_or_default();
    let repository = claims.optional_text("scm_repo_url")?.unwrap_or_default();
    let git_ref = claims.optional_text("scm_ref")?.unwrap_or_default();
    let base = url(claims.optional_text("platform_url")?.unwrap_or(CODEFRESH))?;

    let subject = join(&base, &[account, &format!("{pipeline}:{account_id}/{pipeline_id}")])?;
    let run = join(&base, &["build", workflow])?;
    let mut extensions = Extensions::new(claims.issuer(), claims.subject());
    extensions.set(9, run.as_str());
    extensions.set(11, runner);
    extensions.set(12, repository);
    extensions.set(14, git_ref);
    extensions.set(18, join(&base, &["api", "pipelines", pipeline_id])?);
    extensions.set(21, run.as_str());
    Ok(Identity::by_subject(claims, Subject::Uri(subject), extensions))
}
