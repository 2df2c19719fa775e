//! Certificates for servers and for other people's services, made with openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{Key, said};
use crate::Failure;

/// Where certificates and their keys are made.
pub(super) struct Certificates<'a> {
    directory: &'a Path,
    configuration: PathBuf,
}

/// Strict verifiers want all of it.
const IDENTIFIERS: [&str; 2] = ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid:always"];
const ROOT: [&str; 2] = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"];

impl<'a> Certificates<'a> {
    pub(super) fn in_directory(directory: &'a Path) -> Result<Self, Failure> {
        let configuration = directory.join("openssl.cnf");
        // Without what the system's adds.
        fs::write(&configuration, "[req]\ndistinguished_name = dn\n[dn]\n")?;
        Ok(Self { directory, configuration })
    }

    pub(super) fn root(&self, name: &str) -> Result<Key, Failure> {
        self.make(name, &ROOT, None)
    }

    /// A certificate below another, with these extensions.
    pub(super) fn below(&self, issuer: &Key, name: &str, extensions: &[&str]) -> Result<Key, Failure> {
        self.make(name, extensions, Some(issuer))
    }

    fn make(&self, name: &str, extensions: &[&str], issuer: Option<&Key>) -> Result<Key, Failure> {
        let file = |extension: &str| self.directory.join(format!("{name}.{extension}"));
        let mut make = Command::new("openssl");
        make.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]);
        make.arg("-config").arg(&self.configuration).args(["-subj", &format!("/O=sealwax.test/CN={name}")]);
        for extension in extensions.iter().chain(&IDENTIFIERS) {
            make.args(["-addext", extension]);
        }
        if let Some(issuer) = issuer {
            make.arg("-CA").arg(&issuer.public).arg("-CAkey").arg(&issuer.private);
        }
        let made = Key { private: file("key"), public: file("pem") };
        said(make.arg("-out").arg(&made.public).arg("-keyout").arg(&made.private))?;
        Ok(made)
    }
}
