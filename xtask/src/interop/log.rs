//! `cargo xtask interop log`: other people's programs write to our log, verify its proofs, and go over its directory.
//!
//! What a registry carries is installed by name and version. TesseraCT's check and load test are taken where they are:
//! `--peer tesseract-fsck=PATH`, `--peer tesseract-hammer=PATH`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{peers, takeover};
use crate::process::{cargo, command, output, run as run_command};
use crate::running::sealwax::{self, ORIGIN, absent};
use crate::running::{Kind, Server};
use crate::{Failure, Outcome};

const USAGE: &str =
    "usage: cargo xtask interop log [--peer tesseract-fsck=PATH] [--peer tesseract-hammer=PATH]";

/// Messages that sigstore-go adds, and as many envelopes: more than one tile.
const MESSAGES: &str = "150";

/// Precertificates that TesseraCT's load test adds.
const PRECERTIFICATES: &str = "600";

/// A peer that takes longer hangs: TesseraCT's check does when it finds a fault.
const PATIENCE_S: &str = "120";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (mut fsck, mut hammer) = (None, None);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match (word, words.next().and_then(|peer| peer.split_once('='))) {
            ("--peer", Some(("tesseract-fsck", path))) => fsck = Some(PathBuf::from(path).canonicalize()?),
            ("--peer", Some(("tesseract-hammer", path))) => {
                hammer = Some(PathBuf::from(path).canonicalize()?);
            }
            _ => return Err(USAGE.into()),
        }
    }
    let directory = super::directory()?;
    let program = super::built(&["-p", "sealwax"], "sealwax")?;
    signature_log(&program, &directory)?;
    certificate_log(&program, &directory, fsck.as_deref(), hammer.as_deref())
}

/// The signature log: written to, verified, gone over.
fn signature_log(program: &Path, directory: &Path) -> Outcome {
    let server = Server::start(sealwax::recipe(program, directory, Kind::Signature, Path::new(""))?)?;
    let (url, key) = (format!("http://{}", server.address), server.key.clone());
    let (log, signed) = (server.directory.clone(), directory.join("signed"));
    let vkey = directory.join("vkey");
    fs::write(&vkey, &key)?;

    run_command(
        cargo()
            .args(["run", "-q", "-p", "sealwax-log", "--example", "sign_and_log", "--"])
            .args([&url, &key])
            .arg(&signed),
    )?;
    verified_by_us(program, &signed)?;
    println!("sealwax verify: a bundle with a proof of our log");
    verified_by_cosign(&peers::cosign(directory)?, &signed)?;
    println!("cosign: the same");

    let mut add = Command::new(peers::sigstore_go(directory)?);
    let said = output(add.arg(&url).arg(signed.join("trusted_root.json")).arg(MESSAGES))?;
    println!("sigstore-go: {}", said.trim());

    let fsck = peers::tessera_fsck(directory)?;
    tessera_accepts(&fsck, &format!("{url}/"), &vkey)?;
    println!("tessera's fsck: the running log");
    server.stop()?;
    tessera_accepts(&fsck, &format!("file://{}/", log.canonicalize()?.display()), &vkey)?;
    println!("tessera's fsck: its directory");
    sealwax::check(program, &log, &key)?;
    takeover::of_rekor_tiles(program, directory, &fsck)?;
    takeover::of_tessera(program, directory, &fsck)
}

/// The certificate log, before Fulcio's client, and before the programs of TesseraCT that were given.
fn certificate_log(program: &Path, directory: &Path, fsck: Option<&Path>, hammer: Option<&Path>) -> Outcome {
    let authority = Authority::make(directory)?;
    let server = Server::start(sealwax::recipe(program, directory, Kind::Certificate, &authority.root)?)?;
    let url = format!("http://{}/", server.address);
    let spki = spki_base64(&server.key)?;
    let client = peers::ct_client(directory)?;
    authority.uploaded_by(&client, &url, &server.directory.join("key.pub"))?;
    println!("ctclient: SCTs of a certificate and a precertificate, with and without root, the same again");
    if fsck.is_none() && hammer.is_none() {
        println!("TesseraCT's programs: not given, left out");
    }
    if let Some(hammer) = hammer {
        let mut command = patient(hammer);
        command.args(["--log_url", &url, "--write_log_url", &url, "--origin", ORIGIN]);
        command.args(["--log_public_key", &spki, "--show_ui=false"]);
        command.arg("--intermediate_ca_cert_path").arg(&authority.intermediate);
        command.arg("--intermediate_ca_key_path").arg(&authority.intermediate_key);
        command.arg("--cert_sign_private_key_path").arg(&authority.leaf_key);
        command.args([
            "--max_write_ops=200",
            "--num_writers=32",
            "--num_mmd_verifiers=16",
            "--mmd_duration=1s",
        ]);
        command.args(["--leaf_write_goal", PRECERTIFICATES, "--max_runtime=60s"]);
        run_command(&mut command)?;
        println!("TesseraCT's hammer: {PRECERTIFICATES} precertificates, their inclusion proved");
    }
    let (log, key) = (server.directory.clone(), server.key.clone());
    let stored = format!("file://{}/", log.canonicalize()?.display());
    if let Some(fsck) = fsck {
        tesseract_accepts(fsck, &url, &spki)?;
        println!("TesseraCT's fsck: the running log");
    }
    server.stop()?;
    if let Some(fsck) = fsck {
        tesseract_accepts(fsck, &stored, &spki)?;
        println!("TesseraCT's fsck: its directory");
    }
    sealwax::check(program, &log, &key)
}

/// One verdict, one code path: that of public bundles.
fn verified_by_us(program: &Path, signed: &Path) -> Outcome {
    let mut verify = Command::new(program);
    verify.arg("verify").arg("--trusted-root").arg(signed.join("trusted_root.json"));
    verify.arg("--identity").arg(fs::read_to_string(signed.join("identity"))?);
    verify.arg("--issuer").arg(fs::read_to_string(signed.join("issuer"))?);
    output(verify.arg(signed.join("artifact"))).map(drop)
}

fn verified_by_cosign(cosign: &Path, signed: &Path) -> Outcome {
    let mut verify = command(cosign);
    verify.arg("verify-blob").arg("--trusted-root").arg(signed.join("trusted_root.json"));
    verify.arg("--bundle").arg(signed.join("artifact.sigstore.json")).arg("--use-signed-timestamps");
    verify.arg("--certificate-identity").arg(fs::read_to_string(signed.join("identity"))?);
    verify.arg("--certificate-oidc-issuer").arg(fs::read_to_string(signed.join("issuer"))?);
    output(verify.arg(signed.join("artifact"))).map(drop)
}

pub(super) fn tessera_accepts(fsck: &Path, url: &str, vkey: &Path) -> Outcome {
    let mut check = patient(fsck);
    check.args(["--ui=false", "--storage_url", url]).arg("--public_key").arg(vkey);
    output(&mut check).map(drop)
}

/// Its exit status says nothing without a terminal, so it must say it in words.
fn tesseract_accepts(fsck: &Path, url: &str, spki: &str) -> Outcome {
    let mut check = patient(fsck);
    check.args(["--ui=false", "--monitoring_url", url, "--origin", ORIGIN, "--public_key", spki]);
    let said = check.output()?;
    let said = String::from_utf8_lossy(&said.stderr);
    if said.contains("Successfully fsck'd log") {
        Ok(())
    } else {
        Err(format!("TesseraCT's fsck: {said}").into())
    }
}

/// The program, ended when it takes too long.
fn patient(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE_S).arg(program);
    command
}

/// The key of a certificate log's verifier key, as its peers want it: a verifier key is name, hash and base64 of a type
/// byte and the SPKI.
fn spki_base64(vkey: &str) -> Result<String, Failure> {
    let typed = vkey.splitn(3, '+').nth(2).ok_or("a verifier key has three parts")?;
    let mut decode = Command::new("sh");
    decode.args(["-c", "printf %s \"$0\" | base64 -d | tail -c +2 | base64 -w0", typed]);
    output(&mut decode)
}

/// What the load test makes precertificates with. It takes RSA only.
struct Authority {
    directory: PathBuf,
    root: PathBuf,
    intermediate: PathBuf,
    intermediate_key: PathBuf,
    leaf_key: PathBuf,
}

impl Authority {
    fn make(directory: &Path) -> Result<Self, Failure> {
        let directory = absent(directory, "authority")?;
        fs::create_dir_all(&directory)?;
        let file = |name: &str| directory.join(name);
        let openssl = |arguments: &[&str]| -> Outcome {
            // It shows its progress on standard error.
            let done = Command::new("openssl").args(arguments).current_dir(&directory).output()?;
            if done.status.success() {
                return Ok(());
            }
            Err(format!("openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)).into())
        };
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                          subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
        fs::write(file("extensions"), extensions)?;
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=root",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ])?;
        openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=intermediate",
            "-keyout",
            "intermediate.key",
            "-out",
            "intermediate.csr",
        ])?;
        openssl(&[
            "x509",
            "-req",
            "-in",
            "intermediate.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-days",
            "30",
            "-extfile",
            "extensions",
            "-out",
            "intermediate.pem",
        ])?;
        openssl(&["genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "leaf.key"])?;
        Ok(Self {
            directory: directory.clone(),
            root: file("root.pem"),
            intermediate: file("intermediate.pem"),
            intermediate_key: file("intermediate.key"),
            leaf_key: file("leaf.key"),
        })
    }
    /// Issues a certificate and a precertificate, and has the client submit them. It verifies each SCT.
    fn uploaded_by(&self, client: &Path, url: &str, key: &Path) -> Outcome {
        let file = |name: &str| self.directory.join(name);
        let leaf = "extendedKeyUsage=codeSigning\nsubjectAltName=critical,email:a@example.com\n\
                    authorityKeyIdentifier=keyid\n";
        fs::write(file("certificate.ext"), leaf)?;
        fs::write(file("precertificate.ext"), format!("{leaf}1.3.6.1.4.1.11129.2.4.3=critical,ASN1:NULL\n"))?;
        let openssl = |arguments: &str| {
            let mut command = Command::new("openssl");
            command.args(arguments.split(' ')).current_dir(&self.directory);
            output(command.stderr(std::process::Stdio::null())).map(drop)
        };
        openssl("req -new -key leaf.key -subj /CN=leaf -out leaf.csr")?;
        for kind in ["certificate", "precertificate"] {
            let authority = "-CA intermediate.pem -CAkey intermediate.key";
            let files = format!("-extfile {kind}.ext -out {kind}.pem");
            openssl(&format!("x509 -req -in leaf.csr {authority} -days 1 {files}"))?;
            let mut indices = Vec::new();
            for issuers in [&["intermediate.pem", "root.pem"][..], &["intermediate.pem"]] {
                let mut chain = fs::read_to_string(file(&format!("{kind}.pem")))?;
                for issuer in issuers {
                    chain += &fs::read_to_string(file(issuer))?;
                }
                fs::write(file("chain.pem"), chain)?;
                let mut upload = Command::new(client);
                upload.args(["upload", "--log_uri", url, "--pub_key"]).arg(key);
                let said = output(upload.arg("--cert_chain").arg(file("chain.pem")))?;
                let index = said.lines().find(|line| line.starts_with("Extensions: 0000050"));
                indices.push(index.ok_or("ctclient shows no SCT with an index")?.to_owned());
            }
            if indices.first() != indices.last() {
                return Err(format!("the same {kind} has two places: {indices:?}").into());
            }
        }
        Ok(())
    }
}
