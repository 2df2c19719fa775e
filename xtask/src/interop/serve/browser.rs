//! The browser: Debian's.

use std::path::{Path, PathBuf};

use super::super::peers;
use crate::Failure;

/// Where distributions put it.
const PROGRAMS: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Its program, installed if there is none.
pub(super) fn install() -> Result<PathBuf, Failure> {
    let find = || PROGRAMS.iter().map(Path::new).find(|path| path.exists()).map(Path::to_owned);
    if let Some(program) = find() {
        return Ok(program);
    }
    // Pages without a font are boxes.
    peers::debian(&["chromium", "fonts-dejavu-core"])?;
    find().ok_or_else(|| format!("there is no browser at {PROGRAMS:?}").into())
}
