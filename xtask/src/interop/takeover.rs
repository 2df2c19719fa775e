//! A log that rekor-tiles has written is taken over, and one of a program that has nothing but tessera: imported, gone on with,
//! and accepted by the check of those who wrote it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::peers;
use crate::process::output;
use crate::running::sealwax::{self, ORIGIN, absent};
use crate::running::{Server, rekor_tiles};
use crate::{Failure, Outcome};

/// Clients at once: rekor-tiles answers each once per second.
const CLIENTS: usize = 15;

/// Messages of one client, and as many envelopes: together more than a tile.
const MESSAGES: &str = "10";

/// Settings with which it answers soonest.
const FLAGS: &[&str] = &["--checkpoint-interval=100ms", "--batch-max-age=10ms"];

/// Runs of tessera's program, and how many entries each adds. The second one outgrows partial tiles that the first one has left,
/// and leaves some.
const RUNS: &[usize] = &[200, 411];

pub(super) fn of_rekor_tiles(program: &Path, directory: &Path, fsck: &Path) -> Outcome {
    let theirs = rekor_tiles::install(directory)?;
    let add = peers::sigstore_go(directory)?;
    let server = Server::start(rekor_tiles::recipe(&theirs, directory, FLAGS)?)?;
    let private = rekor_tiles::private_key(directory);
    let trusted = trusted_root(program, directory, &private)?;
    let url = format!("http://{}", server.address);
    let clients: Vec<Child> = (0..CLIENTS)
        .map(|_| {
            let mut client = Command::new(&add);
            client.arg(&url).arg(&trusted).args([MESSAGES, "once"]).stdout(Stdio::null()).spawn()
        })
        .collect::<Result<_, _>>()?;
    for mut client in clients {
        let status = client.wait()?;
        if !status.success() {
            return Err(format!("sigstore-go before rekor-tiles: {status}").into());
        }
    }
    let old = server.directory.clone();
    server.stop()?;
    println!("rekor-tiles: a log of {} entries", size(&old)?);

    take_over(program, directory, fsck, &old, &private)
}

/// Entries are arbitrary bytes to tessera, and so they are to a log that has taken them over.
pub(super) fn of_tessera(program: &Path, directory: &Path, fsck: &Path) -> Outcome {
    let oneshot = peers::tessera_oneshot(directory)?;
    let (old, keys) = (absent(directory, "tessera")?, absent(directory, "tessera-keys")?);
    let mut new = Command::new(program);
    let printed = output(new.args(["log", "new"]).arg(&keys).args(["--origin", ORIGIN]))?;
    let private = keys.join("key.pem");
    let signer = directory.join("tessera.signer");
    fs::write(&signer, note_signer(&printed, &private)?)?;
    for (run, count) in RUNS.iter().enumerate() {
        let entries = absent(directory, "tessera-entries")?;
        fs::create_dir_all(&entries)?;
        for number in 0..*count {
            // From twenty bytes to some kilobytes.
            let entry = format!("run {run}, entry {number} ").repeat(1 + number % 200);
            fs::write(entries.join(format!("{number:03}")), entry)?;
        }
        let mut add = Command::new(&oneshot);
        add.arg("--storage_dir").arg(&old).arg("--private_key").arg(&signer);
        // It names each entry on standard error.
        let added = add.arg("--entries").arg(entries.join("*")).output()?;
        if !added.status.success() {
            return Err(format!("posix-oneshot: {}", String::from_utf8_lossy(&added.stderr)).into());
        }
    }
    println!("tessera: a log of {} entries", size(&old)?);
    take_over(program, directory, fsck, &old, &private)
}

/// Imports a log with its key, goes on with it, and has it checked by both sides.
fn take_over(program: &Path, directory: &Path, fsck: &Path, old: &Path, private: &Path) -> Outcome {
    let new = absent(directory, "taken-over")?;
    let mut import = Command::new(program);
    import.args(["log", "import"]).arg(old).arg(&new).args(["--origin", ORIGIN, "--key"]).arg(private);
    output(&mut import)?;
    let description: serde_json::Value = serde_json::from_slice(&fs::read(new.join("log.json"))?)?;
    let key = description.pointer("/verifier_keys/0").and_then(|key| key.as_str());
    let key = key.ok_or("log.json names no verifier key")?.to_owned();
    sealwax::check(program, &new, &key)?;
    let before = size_by_us(program, &new)?;
    println!("sealwax log import: {before} entries, checked");

    let server = Server::start(sealwax::serve(program, &new, &key))?;
    let url = format!("http://{}", server.address);
    let add = peers::sigstore_go(directory)?;
    let said = output(Command::new(add).arg(&url).arg(new.join("trusted_root.json")).arg(MESSAGES))?;
    println!("sigstore-go: {}", said.trim());
    let vkey = directory.join("taken-over.vkey");
    fs::write(&vkey, &key)?;
    super::log::tessera_accepts(fsck, &format!("{url}/"), &vkey)?;
    server.stop()?;
    super::log::tessera_accepts(fsck, &format!("file://{}/", new.canonicalize()?.display()), &vkey)?;
    println!("tessera's fsck: the log that was taken over, running, and its directory");
    sealwax::check(program, &new, &key)?;
    let after = size_by_us(program, &new)?;
    // A message and an envelope each.
    if after != before + 20 {
        return Err(format!("{before} entries and 20 more are {after}").into());
    }
    Ok(())
}

/// The key of a log in a file, as tessera's program wants it: Go's `note` writes the name, the key's hash, and base64 of a type
/// byte and the seed, which are the last bytes of the key in PKCS #8.
fn note_signer(verifier: &str, private: &Path) -> Result<String, Failure> {
    let name = format!("{ORIGIN}+");
    let hash = verifier.split_whitespace().find_map(|word| word.strip_prefix(&name)?.split('+').next());
    let hash = hash.ok_or("`log new` printed no verifier key")?;
    let mut encode = Command::new("sh");
    let script = r#"{ printf '\001'; openssl pkey -in "$0" -outform DER | tail -c 32; } | base64 -w0"#;
    let seed = output(encode.args(["-c", script]).arg(private))?;
    Ok(format!("PRIVATE+KEY+{name}{hash}+{}", seed.trim()))
}

/// What verifies entries of a log with this key: what `sealwax log new` writes beside one.
fn trusted_root(program: &Path, directory: &Path, key: &Path) -> Result<PathBuf, Failure> {
    let log = absent(directory, "of-the-same-key")?;
    let mut new = Command::new(program);
    output(new.args(["log", "new"]).arg(&log).args(["--origin", ORIGIN, "--key"]).arg(key))?;
    Ok(log.join("trusted_root.json"))
}

/// The size in the checkpoint of a static log.
fn size(directory: &Path) -> Result<u64, Failure> {
    let checkpoint = fs::read_to_string(directory.join("checkpoint"))?;
    Ok(checkpoint.lines().nth(1).ok_or("a checkpoint has a size")?.parse()?)
}

fn size_by_us(program: &Path, directory: &Path) -> Result<u64, Failure> {
    let said = output(Command::new(program).args(["log", "check", "--json"]).arg(directory))?;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    Ok(said.get("size").and_then(serde_json::Value::as_u64).ok_or("the check says no size")?)
}
