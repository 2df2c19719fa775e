//! GitHub Actions, as configured without templates.

use super::{Identity, IdentityError, Subject, join, url};
use crate::claims::Claims;
use crate::extensions::Extensions;

/// The workflow that is called is the subject; every claim is needed.
pub(super) fn workflow(claims: &Claims) -> Result<Identity, IdentityError> {
    let signer_ref = claims.text("job_workflow_ref")?;
    let sha = claims.text("sha")?;
    let event = claims.text("event_name")?;
    let repository = claims.text("repository")?;
    let workflow = claims.text("workflow")?;
    let git_ref = claims.text("ref")?;
    let signer_sha = claims.text("job_workflow_sha")?;
    let runner = claims.text("runner_environment")?;
    let repository_id = claims.text("repository_id")?;
    let owner = claims.text("repository_owner")?;
    let owner_id = claims.text("repository_owner_id")?;
    let visibility = claims.text("repository_visibility")?;
    let config_ref = claims.text("workflow_ref")?;
    let config_sha = claims.text("workflow_sha")?;
    let run = claims.text("run_id")?;
    let attempt = claims.text("run_attempt")?;

    let base = url("https://github.com/")?;
    let signer = join(&base, &[signer_ref])?;
    let mut extensions = Extensions::new(claims.issuer(), claims.subject());
    extensions.set(2, event);
    extensions.set(3, sha);
    extensions.set(4, workflow);
    extensions.set(5, repository);
    extensions.set(6, git_ref);
    extensions.set(9, signer.as_str());
    extensions.set(10, signer_sha);
    extensions.set(11, runner);
    extensions.set(12, join(&base, &[repository])?);
    extensions.set(13, sha);
    extensions.set(14, git_ref);
    extensions.set(15, repository_id);
    extensions.set(16, join(&base, &[owner])?);
    extensions.set(17, owner_id);
    extensions.set(18, join(&base, &[config_ref])?);
    extensions.set(19, config_sha);
    extensions.set(20, event);
    extensions.set(21, join(&base, &[repository, "actions/runs", run, "attempts", attempt])?);
    extensions.set(22, visibility);
    Ok(Identity::by_subject(claims, Subject::Uri(signer), extensions))
}
