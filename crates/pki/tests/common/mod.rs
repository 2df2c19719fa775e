//! Reads the public trust roots and bundles that lie beside the repository, loosely: what is tested is `sealwax-pki`.

// Each test binary uses a part of this.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)] // helpers of tests are tests
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealwax_crypto::PublicKey;
use sealwax_pki::{Authority, Certificate, Sct, Timestamp};
use serde_json::Value;

/// The folder of shared material, or `None`, which the caller says aloud. In CI it must be there.
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if folder.join("conformance").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "../shared is missing");
    println!("skipped: ../shared is missing");
    None
}

pub fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

pub fn bytes(value: &Value) -> Option<Vec<u8>> {
    let text: String = value.as_str()?.split_whitespace().collect(); // one case has lines in it
    STANDARD.decode(text).ok()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The parts of a trusted root that certificates and time stamps need.
pub struct Root {
    pub certificate_authorities: Vec<Authority>,
    pub timestamp_authorities: Vec<Authority>,
    /// (log id, key) of each certificate log.
    pub ctlogs: Vec<(Vec<u8>, PublicKey)>,
}

impl Root {
    pub fn read(path: &Path) -> Option<Self> {
        let json = json(path)?;
        let authorities = |member: &str| -> Vec<Authority> {
            list(&json[member]).iter().map(|entry| authority(&entry["certChain"])).collect()
        };
        let ctlogs = list(&json["ctlogs"]).iter().filter_map(|log| {
            let key = bytes(&log["publicKey"]["rawBytes"])?;
            let key = PublicKey::from_spki_der(&key).or_else(|_| PublicKey::from_pkcs1_der(&key));
            Some((bytes(&log["logId"]["keyId"])?, key.unwrap()))
        });
        Some(Root {
            certificate_authorities: authorities("certificateAuthorities"),
            timestamp_authorities: authorities("timestampAuthorities"),
            ctlogs: ctlogs.collect(),
        })
    }

    pub fn ctlog(&self, sct: &Sct) -> Option<&PublicKey> {
        self.ctlogs.iter().find(|(id, _)| *id == sct.log_id).map(|(_, key)| key)
    }
}

fn authority(chain: &Value) -> Authority {
    let certificates: Vec<Certificate> = list(&chain["certificates"])
        .iter()
        .map(|entry| Certificate::from_der(&bytes(&entry["rawBytes"]).unwrap()).unwrap())
        .collect();
    Authority::from_chain(&certificates).unwrap()
}

/// One case of the public suite.
pub struct Case {
    pub name: String,
    pub bundle: Value,
    pub roots: Vec<Root>,
}

impl Case {
    pub fn certificate_der(&self) -> Option<Vec<u8>> {
        let material = &self.bundle["verificationMaterial"];
        bytes(&material["certificate"]["rawBytes"])
            .or_else(|| bytes(&material["x509CertificateChain"]["certificates"][0]["rawBytes"]))
    }

    pub fn tokens(&self) -> Vec<Vec<u8>> {
        list(&self.bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"])
            .iter()
            .filter_map(|entry| bytes(&entry["signedTimestamp"]))
            .collect()
    }

    /// What the time stamps stamp.
    pub fn signature(&self) -> Option<Vec<u8>> {
        bytes(&self.bundle["messageSignature"]["signature"])
            .or_else(|| bytes(&self.bundle["dsseEnvelope"]["signatures"][0]["sig"]))
    }

    pub fn integrated_time(&self) -> Option<Timestamp> {
        let entry = &self.bundle["verificationMaterial"]["tlogEntries"][0];
        let seconds: i64 = entry["integratedTime"].as_str()?.parse().ok()?;
        if seconds == 0 { None } else { Timestamp::from_second(seconds).ok() }
    }
}

/// Every case whose bundle is JSON, with its own trust root or else the two public ones.
pub fn cases(shared: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(shared.join("conformance/bundle-verify"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let read = |folder: &PathBuf| {
        let bundle = json(&folder.join("bundle.sigstore.json"))?;
        let roots = match Root::read(&folder.join("trusted_root.json")) {
            Some(root) => vec![root],
            None => public_roots(shared),
        };
        Some(Case { name: folder.file_name()?.to_str()?.to_owned(), bundle, roots })
    };
    folders.iter().filter_map(read).collect()
}

pub fn public_roots(shared: &Path) -> Vec<Root> {
    ["public-good", "staging"]
        .iter()
        .map(|name| Root::read(&shared.join(format!("trust/{name}/targets/trusted_root.json"))).unwrap())
        .collect()
}
