//! Rekor of the first version, Trillian behind it, and MariaDB behind both.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::super::place::said;
use super::signature_log::Running;
use super::{HOST, mariadb, recipe, url};
use crate::Failure;
use crate::interop::peers;
use crate::running::{Server, empty, free_port};

/// Who puts entries into the tree.
pub(in crate::interop::serve) const SIGNER: &str = "trillian_log_signer";

const SERVER: &str = "trillian_log_server";

/// The programs.
pub(super) struct RekorV1 {
    rekor: PathBuf,
    server: PathBuf,
    signer: PathBuf,
    tables: String,
}

impl RekorV1 {
    pub(super) fn install(directory: &Path) -> Result<Self, Failure> {
        mariadb::install()?;
        Ok(Self {
            rekor: peers::rekor(directory)?,
            server: peers::trillian(directory, SERVER)?,
            signer: peers::trillian(directory, SIGNER)?,
            tables: peers::trillian_tables()?,
        })
    }

    /// Starts all of it, with an empty tree and a new key.
    pub(super) fn start(&self, parent: &Path) -> Result<Running, Failure> {
        let (database, source) = mariadb::start(parent, &self.tables)?;
        let trillian = |program: &Path, name: &str, more: &[&str]| -> Result<(Server, String), Failure> {
            let port = free_port()?.to_string();
            let mut command = Command::new(program);
            command.args(["--rpc_endpoint", &format!("127.0.0.1:{port}"), "--http_endpoint", ""]);
            command.args(["--storage_system", "mysql", "--mysql_uri", &source, "--quota_system", "noop"]);
            command.args(more);
            let server = Server::start(recipe(name, command, empty(parent, name)?, &port))?;
            Ok((server, port))
        };
        let (server, server_port) = trillian(&self.server, SERVER, &[])?;
        let (signer, _) = trillian(&self.signer, SIGNER, &["--force_master"])?;

        let port = free_port()?.to_string();
        let mut serve = Command::new(&self.rekor);
        // Its metrics are at port 2112 of every interface, whatever it is told; where timestamp-authority is there already, nowhere.
        serve.args(["serve", "--rekor_server.address", "127.0.0.1", "--port", &port]);
        serve.args(["--rekor_server.hostname", HOST, "--rekor_server.signer", "memory"]);
        serve.args([
            "--trillian_log_server.address",
            "127.0.0.1",
            "--trillian_log_server.port",
            &server_port,
        ]);
        serve.args(["--search_index.storage_provider", "mysql", "--search_index.mysql.dsn", &source]);
        let rekor = Server::start(recipe("rekor-server", serve, empty(parent, "rekor-server")?, &port))?;

        let (url, key) = (url(&rekor), parent.join("rekor.public.pem"));
        let mut fetch = Command::new("curl");
        said(fetch.args(["-sSf", "-o"]).arg(&key).arg(format!("{url}/api/v1/log/publicKey")))?;
        Ok(Running { url, key, origin: None, version: 1, servers: vec![rekor, signer, server, database] })
    }
}
