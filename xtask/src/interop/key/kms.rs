//! Keys in key management services: AWS's, as moto imitates it, which checks who asks and every request's signature; Vault's, by its own
//! transit engine (`peers/go/transit`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::super::peers;
use super::{Bench, same};
use crate::process::output;
use crate::running::sealwax::absent;
use crate::running::{Address, Kind, Recipe, Server, free_port};
use crate::{Failure, Outcome};

const MOTO: &str = "moto[server]==5.2.5";

/// What Vault calls the types of keys that sign here.
const TYPES: [&str; 5] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-3072", "rsa-4096"];

/// Who holds it may do everything with Vault.
const TOKEN: &str = "the token";

const REGION: &str = "eu-west-3";

/// What AWS calls the kinds of keys that sign here.
const SPECS: [&str; 5] = ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "RSA_3072", "RSA_4096"];

/// moto, taught what it leaves out: it hashes what it is told to sign even where that is a digest.
const SERVE: &str = r#"
import sys
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.kms.utils import ECDSAPrivateKey, RSAPrivateKey
from moto.server import main
def ecdsa(self, message, signing_algorithm):
    algorithm = self._ECDSAPrivateKey__hash_algorithm(signing_algorithm)
    return self.private_key.sign(message, ec.ECDSA(utils.Prehashed(algorithm)))
def rsa(self, message, signing_algorithm):
    padding, algorithm = self._RSAPrivateKey__padding_and_hash_algorithm(signing_algorithm)
    return self.private_key.sign(message, padding, utils.Prehashed(algorithm))
ECDSAPrivateKey.sign, RSAPrivateKey.sign = ecdsa, rsa
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"#;

/// Makes somebody who may sign, and keys; prints both; after that nobody gets in without a signed request.
const PREPARE: &str = r#"
import base64, json, sys, urllib.request
import boto3
endpoint, region, specs = sys.argv[1], sys.argv[2], sys.argv[3:]
def client(name):
    return boto3.client(name, endpoint_url=endpoint, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")
iam, kms = client("iam"), client("kms")
may = {"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"], "Resource": "*"}
iam.create_user(UserName="signer")
iam.put_user_policy(UserName="signer", PolicyName="sign", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}))
access = iam.create_access_key(UserName="signer")["AccessKey"]
print(access["AccessKeyId"], access["SecretAccessKey"])
for spec in specs:
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/" + spec, TargetKeyId=key)
    print(spec, base64.b64encode(kms.get_public_key(KeyId=key)["PublicKey"]).decode())
urllib.request.urlopen(urllib.request.Request(endpoint + "/moto-api/reset-auth", b"0", {"content-type": "text/plain"}))
"#;

/// How cosign and we are told of a service, and of who asks.
pub(super) type Account = Vec<(&'static str, String)>;

/// AWS KMS has the keys that it has, and a wrong secret opens nothing.
pub(super) fn aws(bench: &Bench, peers_directory: &Path) -> Outcome {
    let python = peers::python(peers_directory, "moto", &[MOTO])?;
    let moto = moto(&python, &bench.directory)?;
    let endpoint = format!("http://{}", moto.address);
    let printed = output(Command::new(&python).args(["-c", PREPARE, &endpoint, REGION]).args(SPECS))?;
    let mut lines = printed.lines().filter_map(|line| line.split_once(' '));
    let (id, secret) = lines.next().ok_or("moto made nobody")?;
    let account = |secret: &str| {
        vec![
            ("AWS_ENDPOINT_URL", endpoint.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", id.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ]
    };
    for expected in SPECS {
        let (spec, public) =
            lines.next().filter(|(spec, _)| *spec == expected).ok_or("moto made no such key")?;
        signs(bench, &format!("awskms:///alias/{spec}"), public, &account(secret))?;
    }
    refused(bench, "awskms:///alias/ECC_NIST_P256", &account("another"))?;
    moto.stop().map(drop)
}

/// Vault has the keys that it has; after a rotation the newest one signs; a wrong token opens nothing.
pub(super) fn vault(bench: &Bench, peers_directory: &Path) -> Outcome {
    let program = peers::vault_transit(peers_directory)?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut command = Command::new(program);
    command.args([&address, TOKEN]);
    let vault = start("vault", command, bench.directory.join("vault"), Address::Known(address))?;
    let url = format!("http://{}", vault.address);
    let account = |token: &str| vec![("VAULT_ADDR", url.clone()), ("VAULT_TOKEN", token.to_owned())];
    let ask = |path: &str, body: Option<&str>| {
        let mut curl = bench.command("curl");
        curl.args(["-sSf", "-H", &format!("X-Vault-Token: {TOKEN}")]);
        body.map(|body| curl.args(["-d", body]));
        output(curl.arg(format!("{url}/v1/transit/keys/{path}")))
    };
    for kind in TYPES {
        ask(kind, Some(&format!(r#"{{"type":"{kind}"}}"#)))?;
        for version in ["1", "2"] {
            let answer: Value = serde_json::from_str(&ask(kind, None)?)?;
            let public = answer.pointer(&format!("/data/keys/{version}/public_key"));
            let public = public.and_then(Value::as_str).ok_or("the key has no such version")?;
            signs(bench, &format!("hashivault://{kind}"), &one_line(public), &account(TOKEN))?;
            ask(&format!("{kind}/rotate"), Some("{}"))?;
        }
    }
    refused(bench, "hashivault://ecdsa-p256", &account("another"))?;
    vault.stop().map(drop)
}

/// cosign and we find the same key, the service's, and what we sign with it verifies.
pub(super) fn signs(bench: &Bench, key: &str, public: &str, account: &Account) -> Outcome {
    let by = |mut command: Command| {
        command.envs(account.iter().map(|(name, value)| (name, value)));
        command
    };
    let ours = output(by(bench.sealwax("")).args(["key", "export", key]))?;
    same(key, "sealwax", public, &one_line(&ours))?;
    same(key, "cosign", &ours, &output(by(bench.cosign("")).args(["public-key", "--key", key]))?)?;
    fs::write(bench.directory.join("kms.pub"), ours)?;
    fs::write(bench.directory.join("artifact"), key)?;
    let sign = ["sign", "artifact", "--key", key, "--bundle", "kms.json", "--overwrite", "--yes"];
    output(by(bench.sealwax("")).args(sign).args(["--trust-config", "client_trust_config.json"]))?;
    let of = ["--key", "kms.pub", "--bundle", "kms.json", "--trusted-root", "trusted_root.json", "artifact"];
    output(bench.sealwax("").arg("verify").args(of))?;
    let verify = |more: &[&str]| {
        let mut command = bench.cosign("");
        command.arg("verify-blob").args(of).args(more);
        command
    };
    // Of a key on its command line cosign expects SHA-256, which goes with P-256 and RSA, unless it is told another hash.
    let told = [("384", "sha384"), ("521", "sha512")].into_iter().find(|(size, _)| key.contains(size));
    match told {
        None => output(&mut verify(&[]))?,
        Some(_) if verify(&[]).output()?.status.success() => {
            return Err("docs/signing.md says that cosign must be told the hash, and it need not".into());
        }
        Some((_, hash)) => output(&mut verify(&["--signature-digest-algorithm", hash]))?,
    };
    println!("{key}: cosign finds the same key, and verifies what we sign with it");
    Ok(())
}

fn refused(bench: &Bench, key: &str, account: &Account) -> Outcome {
    let mut export = bench.sealwax("");
    export.envs(account.iter().map(|(name, value)| (name, value)));
    let refused = export.args(["key", "export", key]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    match refused.status.code() == Some(3) && said.contains("status 403") {
        true => Ok(()),
        false => Err(format!("{key}: who may not is not refused as it should be: {said}").into()),
    }
}

/// What is in a block of PEM.
pub(super) fn one_line(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn moto(python: &Path, directory: &Path) -> Result<Server, Failure> {
    let port = free_port()?.to_string();
    let mut command = Command::new(python);
    command.args(["-c", SERVE, &port]);
    start("moto", command, directory.join("moto"), Address::Known(format!("127.0.0.1:{port}")))
}

/// Services to sign with, and what they hand out.
pub(super) fn instance(bench: &Bench) -> Result<Server, Failure> {
    let ready: PathBuf = bench.directory.join("instance.ready");
    let directory = absent(&bench.directory, "instance")?;
    let mut command = Command::new(&bench.sealwax);
    command.args(["serve", "--listen", "127.0.0.1:0", "--dir"]).arg(&directory);
    command.arg("--ready-file").arg(&ready);
    let server = start("sealwax serve", command, directory, Address::ReadyFile(ready))?;
    for name in ["client_trust_config.json", "trusted_root.json"] {
        let mut fetch = bench.command("curl");
        output(fetch.args(["-sSf", "-o", name]).arg(format!("http://{}/{name}", server.address)))?;
    }
    Ok(server)
}

fn start(name: &str, command: Command, directory: PathBuf, address: Address) -> Result<Server, Failure> {
    let (name, kind, key) = (name.to_owned(), Kind::Signature, String::new());
    Server::start(Recipe { name, command, directory, address, kind, key })
}
