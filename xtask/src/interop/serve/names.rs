//! Names that mean this machine, for the programs that are started so alone; and the certificate of who answers to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::certificates::Certificates;
use super::place::Key;
use crate::Failure;

pub(super) struct Names {
    /// What such a program sees as `/etc/hosts`.
    hosts: PathBuf,
    /// The root that it believes.
    root: PathBuf,
    /// The certificate of the server, and its key.
    pub(super) tls: Key,
}

/// Where programs are told of a root that the system does not have: Go, rustls and Python; requests; Node; curl.
const VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"];

impl Names {
    pub(super) fn make(directory: &Path, names: &[String]) -> Result<Self, Failure> {
        let certificates = Certificates::in_directory(directory)?;
        let root = certificates.root("root")?;
        let named: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let extensions = [
            "basicConstraints=critical,CA:false",
            "keyUsage=critical,digitalSignature",
            "extendedKeyUsage=serverAuth",
            &format!("subjectAltName={}", named.join(",")),
        ];
        let tls = certificates.below(&root, "server", &extensions)?;
        let hosts = directory.join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {}\n", names.join(" ")))?;
        Ok(Self { hosts, root: root.public, tls })
    }

    /// A program for whom the names are there: it has file systems of its own, in which `/etc/hosts` is another.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args([
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            r#"mount --bind "$0" /etc/hosts && exec "$@""#,
        ]);
        command.arg(&self.hosts).arg(program);
        for variable in VARIABLES {
            command.env(variable, &self.root);
        }
        command
    }
}
