//! Which profile applies where the command line may have named one.

use std::path::{Path, PathBuf};

use super::{DEFAULT, Project, ProjectError};

/// The variable that names the profile where no flag does.
pub const VARIABLE: &str = "SEALWAX_TRUST";

/// The profile that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Who chose it.
    pub by: ChosenBy,
}

/// Who chose a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// The command line, or the environment.
    User,
    /// A project's file.
    Project(PathBuf),
    /// Nobody.
    Default,
}

/// The profile that signs what is signed in this directory: what the user says, then what the project says.
///
/// # Errors
/// [`ProjectError`].
pub fn for_signing(named: Option<&str>, directory: &Path) -> Result<Choice, ProjectError> {
    if let Some(name) = named {
        return Ok(Choice { name: name.to_owned(), by: ChosenBy::User });
    }
    Ok(match Project::find(directory)? {
        Some(project) => Choice { name: project.profile, by: ChosenBy::Project(project.file) },
        None => Choice { name: DEFAULT.to_owned(), by: ChosenBy::Default },
    })
}

/// The working directory, from which a project's file is looked for.
///
/// # Errors
/// [`ProjectError::Read`]: there is none any more.
pub fn working_directory() -> Result<PathBuf, ProjectError> {
    std::env::current_dir()
        .map_err(|source| ProjectError::Read { file: PathBuf::from(super::project::NAME), source })
}
