//! A web server for a directory, and copies of directories.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common;

/// Serves the files of a directory on the loopback interface until the process ends.
pub(crate) fn serve(directory: PathBuf) -> String {
    common::serve(move |path| fs::read(directory.join(path)).ok())
}

/// Copies a directory into another one, over what is there.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
