//! A new instance of ours. The keys of its authorities are brought along, on the curve that is measured, so that the peers can
//! have them too: a key that is in the instance's vault at its first start is used, not made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealwax_crypto::{KeyKind, SigningKey, base64, pem, random, sealed};
use serde_json::Value;

use super::Curve;
use super::issuer::Issuer;
use crate::Failure;
use crate::process::output;
use crate::running::sealwax::absent;
use crate::running::{Address, Kind, Recipe};

/// A directory that the next start makes an instance of.
pub(in crate::bench) struct Instance {
    pub(in crate::bench) directory: PathBuf,
}

impl Instance {
    /// Makes the directory, with the keys in it.
    pub(in crate::bench) fn lay(parent: &Path, curve: Curve, issuer: &str) -> Result<Self, Failure> {
        let directory = absent(parent, &format!("sealwax-{}", curve.name()))?;
        let (secrets, secret) = (directory.join("secrets"), random::<{ sealed::SECRET_BYTES }>()?);
        fs::create_dir_all(&secrets)?;
        for private in [&directory, &secrets] {
            fs::set_permissions(private, fs::Permissions::from_mode(0o700))?;
        }
        let instance = Self { directory };
        write_private(&instance.secret(), format!("{}\n", base64::encode(&secret)).as_bytes())?;
        for name in ["ca-1", "tsa-1"] {
            let kind = match curve {
                Curve::P256 => KeyKind::EcdsaP256,
                Curve::P384 => KeyKind::EcdsaP384,
            };
            let key = SigningKey::generate(kind)?.to_pkcs8_der()?;
            write_private(&secrets.join(name), &sealed::seal(&secret, name, &random()?, &key)?)?;
            write_private(&instance.key(name), pem::encode("PRIVATE KEY", &key).as_bytes())?;
        }
        fs::write(instance.issuers(), Issuer::configuration(issuer))?;
        Ok(instance)
    }

    /// A directory that is not there, for an instance that makes all of its keys.
    pub(in crate::bench) fn unmade(parent: &Path, issuer: &str) -> Result<Self, Failure> {
        let instance = Self { directory: absent(parent, "sealwax-new")? };
        let _ = fs::remove_file(instance.secret());
        fs::write(instance.issuers(), Issuer::configuration(issuer))?;
        Ok(instance)
    }

    /// How to serve it.
    pub(in crate::bench) fn recipe(&self, program: &Path) -> Recipe {
        self.serving(program, &["--listen", "127.0.0.1:0"])
    }

    /// The same at this address, for clients who know it by another one.
    pub(in crate::bench) fn recipe_behind(&self, program: &Path, listen: &str, url: &str) -> Recipe {
        self.serving(program, &["--listen", listen, "--url", url])
    }

    fn serving(&self, program: &Path, at: &[&str]) -> Recipe {
        let ready = self.directory.with_extension("ready");
        let _ = fs::remove_file(&ready);
        let mut command = Command::new(program);
        command.arg("serve").arg("--dir").arg(&self.directory).args(at);
        command.arg("--issuers").arg(self.issuers()).arg("--ready-file").arg(&ready);
        Recipe {
            name: "sealwax".to_owned(),
            command,
            directory: self.directory.clone(),
            address: Address::ReadyFile(ready),
            kind: Kind::Signature,
            key: String::new(),
        }
    }

    /// The private key of `ca-1` or `tsa-1`, in PEM.
    pub(in crate::bench) fn key(&self, name: &str) -> PathBuf {
        self.directory.with_extension(format!("{name}.key.pem"))
    }

    /// The chain of `ca-1` or `tsa-1`, once the instance was started.
    pub(in crate::bench) fn chain(&self, name: &str) -> PathBuf {
        self.directory.join(format!("certificates/{name}.pem"))
    }

    /// Its root alone, in a file.
    pub(in crate::bench) fn root(&self, name: &str) -> Result<PathBuf, Failure> {
        let chain = pem::decode_all(&fs::read_to_string(self.chain(name))?)?;
        let root = chain.last().ok_or("a chain without certificates")?;
        let file = self.directory.with_extension(format!("{name}.root.pem"));
        fs::write(&file, pem::encode("CERTIFICATE", &root.der))?;
        Ok(file)
    }

    /// The public key of its certificate log, as its trusted root has it, in a file.
    pub(in crate::bench) fn certificate_log_key(&self) -> Result<PathBuf, Failure> {
        let find = ["-name", "*trusted_root.json", "-type", "f"];
        let found = output(Command::new("find").arg(self.directory.join("tuf")).args(find))?;
        let file = found.lines().next().ok_or("the instance has published no trusted root")?;
        let trusted: Value = serde_json::from_slice(&fs::read(file)?)?;
        let key = trusted["ctlogs"][0]["publicKey"]["rawBytes"].as_str().ok_or("no certificate log")?;
        let key = sealwax_formats::base64::decode(key)?;
        let file = self.directory.with_extension("ct.public.pem");
        fs::write(&file, pem::encode("PUBLIC KEY", &key))?;
        Ok(file)
    }

    /// Whom besides its own accounts it believes; the peers too.
    pub(in crate::bench) fn issuers(&self) -> PathBuf {
        self.directory.with_extension("issuers.yaml")
    }

    fn secret(&self) -> PathBuf {
        self.directory.with_extension("secret")
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}
