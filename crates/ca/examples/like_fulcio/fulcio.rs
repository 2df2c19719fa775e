//! Fulcio as a process, with an authority and a configuration of ours.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealwax_crypto::{PublicKey, SigningKey, base64, pem};
use sealwax_pki::Certificate;
use serde_json::{Value, json};

use crate::provider::exchange;

/// A running Fulcio, stopped when dropped.
pub(crate) struct Fulcio {
    child: Child,
    url: String,
}

impl Fulcio {
    pub(crate) fn start(
        program: &Path,
        directory: &Path,
        configuration: &str,
        root: &Certificate,
        key: &SigningKey,
    ) -> Self {
        std::fs::create_dir_all(directory).unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            std::fs::write(&path, text).unwrap();
            path.into_os_string().into_string().unwrap()
        };
        let [http, grpc, metrics] = [(); 3].map(|()| free_port());
        let mut command = Command::new("setpriv"); // whatever happens to us, it ends with us
        command.args(["--pdeathsig", "KILL"]).arg(program).args([
            "serve",
            "--ca",
            "fileca",
            "--ct-log-url",
            "",
        ]);
        command.args(["--host", "127.0.0.1", "--grpc-host", "127.0.0.1"]);
        command.args(["--port", &http, "--grpc-port", &grpc, "--metrics-port", &metrics]);
        command.args(["--fileca-cert", &write("root.pem", &pem::encode("CERTIFICATE", root.der()))]);
        let pkcs8 = key.to_pkcs8_der().unwrap();
        command.args(["--fileca-key", &write("key.pem", &pem::encode("PRIVATE KEY", &pkcs8))]);
        command.args(["--fileca-key-passwd", "unused", "--fileca-watch=false"]);
        command.args(["--config-path", &write("config.yaml", configuration)]);
        // One that was killed has left its socket.
        let socket = directory.join("socket");
        let _ = std::fs::remove_file(&socket);
        command.arg("--legacy-unix-domain-socket").arg(socket);
        let output = std::fs::File::create(directory.join("output")).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut child = command.spawn().unwrap();
        for _ in 0..200 {
            if TcpStream::connect(format!("127.0.0.1:{http}")).is_ok() {
                return Fulcio { child, url: format!("http://127.0.0.1:{http}") };
            }
            assert!(
                child.try_wait().unwrap().is_none(),
                "Fulcio ended: see {}",
                directory.join("output").display()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("Fulcio does not answer: see {}", directory.join("output").display());
    }

    /// The certificate for that token and that key.
    pub(crate) fn certificate(
        &self,
        token: &str,
        key: &PublicKey,
        proof: &[u8],
    ) -> Result<Certificate, String> {
        let request = json!({
            "credentials": {"oidcIdentityToken": token},
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": key.to_pem()},
                "proofOfPossession": base64::encode(proof),
            },
        });
        let answer = exchange(&format!("{}/api/v2/signingCert", self.url), "POST", &request.to_string());
        let answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        match answer.pointer("/signedCertificateDetachedSct/chain/certificates/0").and_then(Value::as_str) {
            Some(text) => Ok(Certificate::from_der(&pem::decode_one(text).unwrap().der).unwrap()),
            None => Err(answer.to_string()),
        }
    }
}

impl Drop for Fulcio {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}
