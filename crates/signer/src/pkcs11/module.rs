//! The modules that this process has loaded.

use super::{CallError, TokenError, uri::Uri};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
};
use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError},
    thread,
    time::{Duration, Instant},
};

/// Names the module of keys whose URI does not.
pub const MODULE_VARIABLE: &str = "SEALWAX_PKCS11_MODULE";

/// A module is not started anew more often: the sessions of all keys in all its tokens end with it.
const RESTART_EVERY: Duration = Duration::from_secs(2);

/// How long a restart waits for calls of other threads.
const PATIENCE: Duration = Duration::from_millis(200);

/// A module is loaded once and never let go: it is one for a whole process, and whoever finished with one key would end the
/// sessions of all others.
static LOADED: Mutex<BTreeMap<PathBuf, Arc<Module>>> = Mutex::new(BTreeMap::new());

/// A module, between `C_Initialize` and `C_Finalize`.
pub(super) struct Module {
    pub(super) calls: Pkcs11,
    path: PathBuf,
    run: RwLock<Run>,
}

/// From one `C_Initialize` to the next `C_Finalize`. The numbers of sessions and objects mean nothing in another run.
pub(super) struct Run {
    pub(super) number: u64,
    /// It was ended here, and the next could not be begun.
    is_over: bool,
    restarted: Option<Instant>,
}

impl Module {
    /// The module that leads to a key.
    pub(super) fn load(uri: &Uri) -> Result<Arc<Self>, TokenError> {
        let named = uri.module_path.clone();
        let path = named.or_else(|| env::var_os(MODULE_VARIABLE).map(PathBuf::from));
        // What is not absolute is looked for in places that others may choose.
        let path = path.filter(|path| path.is_absolute()).ok_or(TokenError::NoModule)?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(&path) {
            return Ok(module.clone());
        }
        let calls = load(&path)?;
        initialize(&calls, &path)?;
        let run = Run { number: 0, is_over: false, restarted: None };
        let module = Arc::new(Self { calls, path: path.clone(), run: RwLock::new(run) });
        loaded.insert(path, module.clone());
        Ok(module)
    }

    /// Keeps the module from being started anew while calls are made.
    pub(super) fn run(&self) -> RwLockReadGuard<'_, Run> {
        self.run.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the module anew, since some look for their tokens only then; unless another thread has, after the run that was
    /// `seen`. Returns whether there is a new run: not while calls are made, which say that the module lives and which
    /// `C_Finalize` may not meet, and not again soon.
    pub(super) fn restart(&self, seen: u64) -> Result<bool, TokenError> {
        let Some(mut run) = self.run_alone() else { return Ok(false) };
        if !run.is_over {
            if run.number != seen {
                return Ok(true);
            }
            if run.restarted.is_some_and(|restarted| restarted.elapsed() < RESTART_EVERY) {
                return Ok(false);
            }
            // It may have ended by itself.
            let _ = self.calls.clone().finalize();
            *run = Run { number: run.number + 1, is_over: true, restarted: Some(Instant::now()) };
        }
        initialize(&self.calls, &self.path)?;
        run.is_over = false;
        Ok(true)
    }

    /// Waits for calls that are being made, and not for one that hangs.
    fn run_alone(&self) -> Option<RwLockWriteGuard<'_, Run>> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.run.try_write() {
                Ok(run) => return Some(run),
                Err(TryLockError::Poisoned(run)) => return Some(run.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PATIENCE / 20),
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }
}

fn load(path: &Path) -> Result<Pkcs11, TokenError> {
    let path = || path.to_owned();
    Pkcs11::new(path()).map_err(|error| match error {
        Error::MissingSymbol(_) => TokenError::NotAModule { path: path() },
        Error::LibraryLoading(error) => {
            TokenError::ModuleNotLoaded { path: path(), reason: error.to_string() }
        }
        error => TokenError::ModuleNotStarted { path: path(), cause: CallError::new(&error) },
    })
}

fn initialize(calls: &Pkcs11, path: &Path) -> Result<(), TokenError> {
    // Threads sign at the same time; the module locks as the system does.
    match calls.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => {
            Err(TokenError::ModuleNotStarted { path: path.to_owned(), cause: CallError::new(&error) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(path: &str) -> TokenError {
        Module::load(&Uri::parse(&format!("pkcs11:?module-path={path}")).unwrap()).err().unwrap()
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let missing = "/nowhere/module.so";
        let is_missing = |error: &TokenError| matches!(error, TokenError::ModuleNotLoaded { path, reason } if path == Path::new(missing) && !reason.is_empty());
        assert!(is_missing(&error(missing)));
        assert!(is_missing(&error(missing)), "the second time is as the first");
        // A file that is no library at all.
        let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(matches!(error(text), TokenError::ModuleNotLoaded { .. }));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_that_is_no_module_is_refused() {
        // The C library that this very process runs on, wherever the system keeps it.
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let library = maps.lines().find_map(|line| {
            let path = line.split_whitespace().nth(5)?;
            path.contains("/libc.so").then_some(path)
        });
        let library = library.expect("tests are linked with the system's C library");
        assert!(matches!(error(library), TokenError::NotAModule { path } if path == Path::new(library)));
    }
}
