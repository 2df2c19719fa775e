//! A TUF repository that does what a test tells it to, right or wrong.
//!
//! A role's `signed` part is a [`serde_json::Value`] that a test may change at will before [`TufRepository::publish`] signs it;
//! the files that were published may be changed afterwards, too. The canonical form is written here, not borrowed from
//! the client.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, digest};
use serde_json::{Value, json};

use crate::{SIGNED_AT, hex};

/// A key, and how metadata writes it.
#[derive(Clone)]
pub struct TufKey {
    /// Its name in the metadata.
    pub keyid: String,
    /// The object that stands for it in the metadata.
    pub object: Value,
    signer: Arc<SigningKey>,
    scheme: Scheme,
}

impl TufKey {
    /// The Ed25519 key number `number`.
    pub fn ed25519(number: u8) -> Self {
        let signer = SigningKey::from_seed(KeyKind::Ed25519, &[number; 32]).expect("a seed");
        let public = hex(signer.public_key().raw().expect("raw bytes"));
        Self::new(signer, Scheme::Ed25519, "ed25519", "ed25519", &public)
    }

    /// A fresh key of another kind, written as PEM under these names.
    pub fn generate(kind: KeyKind, scheme: Scheme, keytype: &str, scheme_name: &str) -> Self {
        let signer = SigningKey::generate(kind).expect("a key");
        let public = signer.public_key().to_pem();
        Self::new(signer, scheme, keytype, scheme_name, &public)
    }

    fn new(signer: SigningKey, scheme: Scheme, keytype: &str, scheme_name: &str, public: &str) -> Self {
        let object = json!({ "keytype": keytype, "scheme": scheme_name, "keyval": { "public": public } });
        let keyid = hex(digest(HashAlgorithm::Sha256, &olpc(&object)).as_bytes());
        TufKey { keyid, object, signer: Arc::new(signer), scheme }
    }

    /// The same key under another name.
    pub fn named(&self, keyid: &str) -> Self {
        TufKey { keyid: keyid.to_owned(), ..self.clone() }
    }

    /// An entry of `signatures`.
    pub fn sign(&self, signed: &Value) -> Value {
        let signature = self.signer.sign(self.scheme, Message::Bytes(&olpc(signed))).expect("a signature");
        json!({ "keyid": self.keyid, "sig": hex(&signature) })
    }
}

/// A repository: drafts of its roles, who signs them, and the files that clients can fetch.
pub struct TufRepository {
    /// The `signed` part of every role, as it will be published next.
    pub drafts: BTreeMap<String, Value>,
    /// Who signs each role.
    pub signers: BTreeMap<String, Vec<TufKey>>,
    /// What is served, by the path below the metadata URL.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is served, by the path below the targets URL.
    pub targets: BTreeMap<String, Vec<u8>>,
    /// Whether snapshot and timestamp state the lengths and digests of the files.
    pub announces_digests: bool,
    /// The metadata paths that were asked for, in order.
    pub requests: Vec<String>,
    next_key: u8,
}

/// The four roles in the order in which a repository publishes them.
pub const TOP_LEVEL: [&str; 4] = ["root", "targets", "snapshot", "timestamp"];

impl Default for TufRepository {
    fn default() -> Self {
        Self::new()
    }
}

impl TufRepository {
    /// A repository with consistent snapshots, version 1 of each top-level role, one key each. Nothing expires before
    /// [`SIGNED_AT`] plus 30 days.
    pub fn new() -> Self {
        let mut repository = TufRepository {
            drafts: BTreeMap::new(),
            signers: BTreeMap::new(),
            files: BTreeMap::new(),
            targets: BTreeMap::new(),
            announces_digests: false,
            requests: Vec::new(),
            next_key: 1,
        };
        let empty_role = json!({ "keyids": [], "threshold": 1 });
        let roles: BTreeMap<_, _> = TOP_LEVEL.iter().map(|role| (*role, empty_role.clone())).collect();
        let root = json!({ "consistent_snapshot": true, "keys": {}, "roles": roles });
        repository.draft("root", "root", root);
        repository.draft("targets", "targets", json!({ "targets": {} }));
        repository.draft("snapshot", "snapshot", json!({ "meta": {} }));
        repository.draft("timestamp", "timestamp", json!({ "meta": {} }));
        for role in TOP_LEVEL {
            let key = repository.new_key();
            repository.add_key("root", role, &key);
        }
        repository.publish(&TOP_LEVEL);
        repository
    }

    /// An Ed25519 key that nobody has yet.
    pub fn new_key(&mut self) -> TufKey {
        self.next_key += 1;
        TufKey::ed25519(self.next_key - 1)
    }

    fn draft(&mut self, role: &str, kind: &str, mut signed: Value) {
        signed["_type"] = kind.into();
        signed["spec_version"] = "1.0.34".into();
        signed["version"] = 0.into();
        signed["expires"] = days(30).into();
        self.drafts.insert(role.to_owned(), signed);
    }

    /// The draft of a role.
    pub fn role(&mut self, role: &str) -> &mut Value {
        self.drafts.get_mut(role).unwrap_or_else(|| panic!("no role {role}"))
    }

    /// The current version of a role.
    pub fn version(&self, role: &str) -> u64 {
        self.drafts[role]["version"].as_u64().expect("a version")
    }

    /// Makes a role expire so many days after [`SIGNED_AT`].
    pub fn expire(&mut self, role: &str, after_days: i64) {
        self.role(role)["expires"] = days(after_days).into();
    }

    /// Lists the key for a role that `delegator` delegates to, and lets it sign the role.
    pub fn add_key(&mut self, delegator: &str, role: &str, key: &TufKey) {
        self.list_key(delegator, role, key);
        self.signers.entry(role.to_owned()).or_default().push(key.clone());
    }

    /// Lists the key for a role without letting it sign.
    pub fn list_key(&mut self, delegator: &str, role: &str, key: &TufKey) {
        let keyid: Value = key.keyid.as_str().into();
        let keys = match delegator {
            "root" => &mut self.role(delegator)["keys"],
            _ => &mut self.role(delegator)["delegations"]["keys"],
        };
        keys[&key.keyid] = key.object.clone();
        self.delegation(delegator, role)["keyids"].as_array_mut().expect("keyids").push(keyid);
    }

    /// The object in which `delegator` says who signs `role`.
    pub fn delegation(&mut self, delegator: &str, role: &str) -> &mut Value {
        let draft = self.role(delegator);
        if delegator == "root" {
            return &mut draft["roles"][role];
        }
        if !draft["delegations"]["succinct_roles"].is_null() {
            return &mut draft["delegations"]["succinct_roles"];
        }
        let roles = draft["delegations"]["roles"].as_array_mut().expect("delegations");
        roles.iter_mut().rfind(|entry| entry["name"] == role).expect("a delegation")
    }

    /// Takes all keys from a top-level role and gives it these, with a threshold.
    pub fn set_keys(&mut self, role: &str, keys: &[TufKey], threshold: u64) {
        self.signers.insert(role.to_owned(), Vec::new());
        *self.delegation("root", role) = json!({ "keyids": [], "threshold": threshold });
        for key in keys {
            self.list_key("root", role, key);
        }
    }

    /// Replaces the keys of a top-level role by a new one.
    pub fn rotate(&mut self, role: &str) {
        let key = self.new_key();
        self.set_keys(role, std::slice::from_ref(&key), 1);
        self.signers.insert(role.to_owned(), vec![key]);
    }

    /// Adds a delegation to the end of the delegator's list, with one key; the role itself if it is new.
    pub fn delegate(&mut self, delegator: &str, role: &str, paths: &[&str], terminating: bool) {
        let entry = json!({
            "name": role, "keyids": [], "threshold": 1, "terminating": terminating, "paths": paths,
        });
        self.delegate_as(delegator, role, entry);
    }

    /// Adds a delegation that a test has written itself.
    pub fn delegate_as(&mut self, delegator: &str, role: &str, entry: Value) {
        let draft = self.role(delegator);
        if draft["delegations"].is_null() {
            draft["delegations"] = json!({ "keys": {}, "roles": [] });
        }
        draft["delegations"]["roles"].as_array_mut().expect("roles").push(entry);
        if !self.drafts.contains_key(role) {
            self.draft(role, "targets", json!({ "targets": {} }));
        }
        let key = self.new_key();
        self.add_key(delegator, role, &key);
    }

    /// Gives the delegator 2^bits succinct roles (TAP 15), all with one key; their names.
    pub fn delegate_succinctly(&mut self, delegator: &str, bits: u32, prefix: &str) -> Vec<String> {
        let width = bits.div_ceil(4) as usize;
        let roles = json!({ "keyids": [], "threshold": 1, "bit_length": bits, "name_prefix": prefix });
        self.role(delegator)["delegations"] = json!({ "keys": {}, "succinct_roles": roles });
        let key = self.new_key();
        self.list_key(delegator, prefix, &key);
        let names: Vec<String> = (0..1_u64 << bits).map(|bin| format!("{prefix}-{bin:0width$x}")).collect();
        for name in &names {
            self.draft(name, "targets", json!({ "targets": {} }));
            self.signers.insert(name.clone(), vec![key.clone()]);
        }
        names
    }

    /// Lists a target in a role and serves it.
    pub fn add_target(&mut self, role: &str, path: &str, bytes: &[u8]) {
        let sha256 = digest(HashAlgorithm::Sha256, bytes).to_hex();
        self.role(role)["targets"][path] = json!({ "length": bytes.len(), "hashes": { "sha256": sha256 } });
        let (directory, name) =
            path.rsplit_once('/').map_or((String::new(), path), |(d, n)| (format!("{d}/"), n));
        let consistent = self.drafts["root"]["consistent_snapshot"] == true;
        let file = if consistent { format!("{directory}{sha256}.{name}") } else { path.to_owned() };
        self.targets.insert(file, bytes.to_vec());
    }

    /// Raises the version of each role, signs it and serves it. The snapshot learns of targets roles, the timestamp of the
    /// snapshot, if they are published before.
    pub fn publish(&mut self, roles: &[&str]) {
        for role in roles {
            let version = self.version(role) + 1;
            self.publish_version(role, version);
        }
    }

    /// Publishes a role under a version of the test's choice.
    pub fn publish_version(&mut self, role: &str, version: u64) {
        self.role(role)["version"] = version.into();
        let bytes = self.signed(role);
        let mut meta = json!({ "version": version });
        if self.announces_digests {
            meta["length"] = bytes.len().into();
            meta["hashes"] = json!({ "sha256": digest(HashAlgorithm::Sha256, &bytes).to_hex() });
        }
        match role {
            "root" | "timestamp" => {}
            "snapshot" => self.role("timestamp")["meta"]["snapshot.json"] = meta,
            _ => self.role("snapshot")["meta"][format!("{role}.json")] = meta,
        }
        let file = self.file(role, version);
        self.files.insert(file, bytes);
    }

    /// The draft with the signatures of everyone who signs the role.
    pub fn signed(&self, role: &str) -> Vec<u8> {
        let signed = &self.drafts[role];
        let signatures: Vec<Value> = self.signers[role].iter().map(|key| key.sign(signed)).collect();
        serde_json::to_vec_pretty(&json!({ "signatures": signatures, "signed": signed })).expect("JSON")
    }

    /// The path of one version of a role.
    pub fn file(&self, role: &str, version: u64) -> String {
        let name: String = role
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect();
        let bare =
            role == "timestamp" || (role != "root" && self.drafts["root"]["consistent_snapshot"] != true);
        if bare { format!("{name}.json") } else { format!("{version}.{name}.json") }
    }

    /// Changes a published file, from its JSON to its JSON.
    pub fn tamper(&mut self, file: &str, change: impl FnOnce(&mut Value)) {
        let bytes = self.files.get_mut(file).unwrap_or_else(|| panic!("no file {file}"));
        let mut value = serde_json::from_slice(bytes).expect("JSON");
        change(&mut value);
        *bytes = serde_json::to_vec(&value).expect("JSON");
    }

    /// The first version of the root.
    pub fn initial_root(&self) -> Vec<u8> {
        self.files["1.root.json"].clone()
    }

    /// Serves a metadata file, and remembers that it was asked for.
    pub fn fetch(&mut self, path: &str) -> Option<Vec<u8>> {
        self.requests.push(path.to_owned());
        self.files.get(path).cloned()
    }
}

/// An instant so many days after [`SIGNED_AT`], as metadata writes it.
fn days(days: i64) -> String {
    let instant: Timestamp = SIGNED_AT + SignedDuration::from_hours(24 * days);
    instant.to_string()
}

/// OLPC canonical JSON of what occurs here.
fn olpc(value: &Value) -> Vec<u8> {
    fn quoted(text: &str) -> String {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
    fn text(value: &Value) -> String {
        match value {
            Value::String(string) => quoted(string),
            Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(",")),
            Value::Object(members) => {
                let sorted: BTreeMap<&String, &Value> = members.iter().collect();
                let members =
                    sorted.into_iter().map(|(name, value)| format!("{}:{}", quoted(name), text(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }
    text(value).into_bytes()
}
