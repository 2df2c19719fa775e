//! MariaDB, as Debian has it, on a directory of its own. Only the server's program is installed: no database of the system is
//! started, or touched. It listens on the loopback interface, and runs as whoever runs this.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::super::place::said;
use super::recipe;
use crate::interop::peers;
use crate::process::output;
use crate::running::{Server, empty, free_port};
use crate::{Failure, Outcome};

/// Outside the search path of those who are not root.
const PROGRAM: &str = "/usr/sbin/mariadbd";

/// The one database, whoever may use it, and their password.
const NAME: &str = "rekor";

/// Installs what is missing.
pub(super) fn install() -> Outcome {
    peers::debian_programs(&[(PROGRAM, "mariadb-server-core"), ("my_print_defaults", "mariadb-client-core")])
}

/// Starts it with these tables, and returns where drivers of Go find them.
pub(super) fn start(parent: &Path, tables: &str) -> Result<(Server, String), Failure> {
    let (directory, setup) = (empty(parent, "mariadb")?, parent.join("mariadb.sql"));
    let user = format!("--user={}", output(Command::new("id").arg("-un"))?.trim());
    let data = format!("--datadir={}", directory.display());
    let mut make = Command::new("mariadb-install-db");
    make.args(["--no-defaults", &user, &data, "--skip-test-db"]);
    said(make.arg("--auth-root-authentication-method=socket"))?;
    let grant = format!(
        "CREATE DATABASE {NAME};\nCREATE USER '{NAME}'@'127.0.0.1' IDENTIFIED BY '{NAME}';\n\
         GRANT ALL ON {NAME}.* TO '{NAME}'@'127.0.0.1';\nUSE {NAME};\n"
    );
    fs::write(&setup, grant + tables)?;

    let port = free_port()?.to_string();
    let mut serve = Command::new(PROGRAM);
    serve.args(["--no-defaults", &user, &data, "--bind-address=127.0.0.1", "--port", &port]);
    // Relative to the data: the path of a socket may have 107 bytes.
    serve.args(["--socket=socket", "--pid-file=pid", "--skip-name-resolve", "--innodb-buffer-pool-size=32M"]);
    serve.arg(format!("--init-file={}", setup.display()));
    let server = Server::start(recipe("mariadbd", serve, directory, &port))?;
    let source = format!("{NAME}:{NAME}@tcp(127.0.0.1:{port})/{NAME}?parseTime=true&interpolateParams=true");
    Ok((server, source))
}
