//! Names that mean this machine, for the programs that are started so alone; and the certificate of who answers to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{Key, said};
use crate::Failure;

pub(super) struct Names {
    /// What such a program sees as `/etc/hosts`.
    hosts: PathBuf,
    /// The root that it believes.
    root: PathBuf,
    /// The certificate of the server, and its key.
    pub(super) tls: Key,
}

/// What openssl writes into its certificates; strict verifiers want all of it.
const ROOT: [&str; 2] = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"];
const LEAF: [&str; 3] = [
    "basicConstraints=critical,CA:false",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
];

/// Where programs are told of a root that the system does not have: Go, OpenSSL, rustls and Python; requests; Node.
const VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

impl Names {
    pub(super) fn make(directory: &Path, names: &[String]) -> Result<Self, Failure> {
        let file = |name: &str| directory.join(name);
        let configuration = file("openssl.cnf");
        fs::write(&configuration, "[req]\ndistinguished_name = dn\n[dn]\n")?;
        let certificate = |name: &str, extensions: &[&str], issuer: Option<&str>| {
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
            make.arg("-config").arg(&configuration).args(["-subj", &format!("/CN={name}")]);
            for extension in
                extensions.iter().chain(&["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid:always"])
            {
                make.args(["-addext", extension]);
            }
            if let Some(issuer) = issuer {
                make.arg("-CA").arg(file(&format!("{issuer}.pem")));
                make.arg("-CAkey").arg(file(&format!("{issuer}.key")));
            }
            let (public, private) = (file(&format!("{name}.pem")), file(&format!("{name}.key")));
            said(make.arg("-out").arg(&public).arg("-keyout").arg(&private))?;
            Ok::<_, Failure>(Key { private, public })
        };
        let root = certificate("root", &ROOT, None)?.public;
        let named: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let named = format!("subjectAltName={}", named.join(","));
        let tls = certificate("server", &[&LEAF[..], &[&named]].concat(), Some("root"))?;
        let hosts = file("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {}\n", names.join(" ")))?;
        Ok(Self { hosts, root, tls })
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
