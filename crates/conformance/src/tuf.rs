//! The protocol of the TUF client suite (its CLIENT-CLI.md).

use sealwax_net::cache::Directory;
use sealwax_net::http::Client;
use sealwax_net::now;
use sealwax_net::tuf::{Repository, Session, UpdateError, block_on};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// The largest target that is compared with what was downloaded before.
const MAX_TARGET_BYTES: u64 = 64 << 20;

/// The suite judges by the exit code, people by the sentence.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sealwax-conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Anything; nobody decides on it.
type Failure = Box<dyn std::error::Error>;

fn dispatch(arguments: &[OsString]) -> Result<(), Failure> {
    let call = Call::read(arguments)?;
    let command: Vec<&str> = call.positional.iter().map(String::as_str).collect();
    match command.as_slice() {
        ["init", root] => init(&call, root),
        ["refresh"] => block_on(download(&call)),
        ["download"] if call.target_names.is_empty() => Err("--target-name is missing".into()),
        ["download"] => block_on(download(&call)),
        _ => Err("expected init ROOT, refresh or download".into()),
    }
}

/// The arguments, taken apart.
#[derive(Debug, Default)]
struct Call {
    metadata_dir: Option<String>,
    metadata_url: Option<String>,
    target_names: Vec<String>,
    target_base_url: Option<String>,
    target_dir: Option<String>,
    positional: Vec<String>,
}

impl Call {
    fn read(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut call = Call::default();
        let arguments = arguments.iter().map(|argument| argument.to_str().ok_or("an argument is not UTF-8"));
        let arguments: Vec<&str> = arguments.collect::<Result<_, _>>()?;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().map(str::to_owned).ok_or_else(|| format!("{argument} needs a value"));
            match argument {
                "--metadata-dir" => call.metadata_dir = Some(value()?),
                "--metadata-url" => call.metadata_url = Some(value()?),
                "--target-name" => call.target_names.push(value()?),
                "--target-base-url" => call.target_base_url = Some(value()?),
                "--target-dir" => call.target_dir = Some(value()?),
                option if option.starts_with("--") => return Err(format!("unknown option {option}").into()),
                _ => call.positional.push(argument.to_owned()),
            }
        }
        Ok(call)
    }

    fn metadata_dir(&self) -> Result<Directory, Failure> {
        let path = self.metadata_dir.as_deref().ok_or("--metadata-dir is missing")?;
        Ok(Directory::create(Path::new(path))?)
    }
}

/// Takes the root as it is; whether it is one shows at the first refresh.
fn init(call: &Call, root: &str) -> Result<(), Failure> {
    Ok(call.metadata_dir()?.write("root.json", &fs::read(root)?)?)
}

/// Refreshes, then downloads what is asked for, in order, with one client.
async fn download(call: &Call) -> Result<(), Failure> {
    let directory = call.metadata_dir()?;
    let metadata_url = call.metadata_url.as_deref().ok_or("--metadata-url is missing")?;
    let root = directory.read("root.json", MAX_TARGET_BYTES).map_err(UpdateError::from)?;
    let repository = Repository {
        metadata_url,
        targets_url: call.target_base_url.as_deref().unwrap_or(metadata_url),
        initial_root: &root.ok_or("not initialised")?,
    };
    let client = Client::new()?;
    let session = Session::open(&client, &repository, directory.path())?;
    let trusted = session.refresh(repository.initial_root, now()).await?;
    if call.target_names.is_empty() {
        return Ok(());
    }
    let target_dir = call.target_dir.as_deref().ok_or("--target-dir is missing")?;
    let target_dir = Directory::create(Path::new(target_dir)).map_err(UpdateError::from)?;
    for path in &call.target_names {
        let target =
            session.find(&trusted, path).await?.ok_or_else(|| format!("there is no target {path}"))?;
        let file = sealwax_tuf::file_name(path);
        let kept = target_dir.read(&file, MAX_TARGET_BYTES).map_err(UpdateError::from)?;
        if !kept.is_some_and(|bytes| target.matches(&bytes)) {
            target_dir.write(&file, &session.fetch(&target).await?).map_err(UpdateError::from)?;
        }
    }
    Ok(())
}
