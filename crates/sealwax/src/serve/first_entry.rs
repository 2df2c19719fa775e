//! The first entry of a signature log, which is the instance's own.
//!
//! cosign and sigstore-go leave a log index of 0 out of the bundles that they write, as protobuf's JSON lets them, and sigstore-python
//! reads no bundle without it (`docs/divergences.md`). So nobody else gets index 0: before a new shard answers, the instance logs a
//! signature of its own there, over a text that names the shard. The key of that signature is made for it and forgotten: it stands
//! for nobody, and what the entry says can be told from the shard's name and key alone.
//!
//! **Never twice.** The entry is added while nobody else can add one, and only to a log of size 0, which is what the log's own
//! durable state says: a start that is killed before the entry was sequenced leaves size 0 to the next one, and any other leaves 1.

use sealwax_crypto::{HashAlgorithm, KeyDetails, KeyKind, Message, Scheme, SignError, SigningKey, sha256};
use sealwax_log::rekor::message::{
    HashedRekordRequest, RawBytes, RequestSpec, Signature, Verifier, VerifierKey,
};
use sealwax_log::rekor::{CreateEntryRequest, InvalidEntry, ValidEntry};
use sealwax_log::{AddError, Log};
use sealwax_server::Bytes;

/// Why a log has no first entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FirstEntryError {
    /// No key, or no signature.
    #[error("cannot sign: {0}")]
    Sign(#[from] SignError),
    /// It would not be logged for anybody else either.
    #[error(transparent)]
    Entry(#[from] InvalidEntry),
    /// The log did not take it.
    #[error(transparent)]
    Log(#[from] AddError),
}

/// Adds the first entry to a signature log that has none and takes some. A log that is only read, because it is frozen or was
/// restored, stays as it is.
///
/// # Errors
/// [`FirstEntryError`]; the entry may have been sequenced nevertheless.
pub async fn add_first_entry(log: &Log) -> Result<(), FirstEntryError> {
    let is_empty = log.published().is_some_and(|published| published.size == 0);
    if is_empty && log.ready().is_ok() {
        log.add(entry(&statement(log))?.submission()).await?;
    }
    Ok(())
}

/// What is signed: which log this is, by its name and its keys.
fn statement(log: &Log) -> String {
    let keys: String = log.verifier_keys().iter().map(|key| format!("{key}\n")).collect();
    format!("sealwax: the first entry of a log\n{}\n{keys}", log.origin())
}

fn entry(statement: &str) -> Result<ValidEntry, FirstEntryError> {
    let key = SigningKey::generate(KeyKind::EcdsaP256)?;
    let digest = sha256(statement.as_bytes());
    let signature = key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(statement.as_bytes()))?;
    let raw_bytes = Bytes::copy_from_slice(key.public_key().spki_der());
    let verifier = Verifier {
        key: Some(VerifierKey::PublicKey(RawBytes { raw_bytes })),
        key_details: KeyDetails::PkixEcdsaP256Sha256.number(),
    };
    let request = HashedRekordRequest {
        digest: Bytes::copy_from_slice(&digest),
        signature: Some(Signature { content: signature.into(), verifier: Some(verifier) }),
    };
    Ok(ValidEntry::check(&CreateEntryRequest { spec: Some(RequestSpec::HashedRekord(request)) })?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use jiff::Timestamp;
    use sealwax_formats::base64;
    use sealwax_log::Kind;
    use sealwax_log::metrics::Metrics;
    use sealwax_server::journal::Journal;
    use sealwax_tlog::tile::EntryBundle;

    use super::*;
    use crate::serve::instance::{Instance, Shard};
    use crate::serve::places::HostNames;
    use crate::serve::secret::Secret;
    use crate::serve::shard::{self, Running};
    use crate::serve::vault::Vault;

    /// A directory with a shard, gone with the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sealwax-first-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn directory(&self) -> &Path {
            &self.0
        }

        fn vault(&self) -> Vault {
            let secret = Secret::find(&self.0.join("instance"), None, true).unwrap();
            Vault::open(self.0.join("secrets"), secret).unwrap()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn first_shard() -> Shard {
        let (here, now) = ("127.0.0.1:4000".parse().unwrap(), Timestamp::UNIX_EPOCH);
        let url = "https://a.example".to_owned();
        let instance = Instance::new(url, HostNames::new(), BTreeSet::new(), here, now).unwrap();
        instance.signature_shards[0].clone()
    }

    async fn open(place: &Place, vault: &Vault) -> Running {
        let shard = first_shard();
        let keys = shard::keys(vault, Kind::Signature, &shard).unwrap();
        let directory = place.directory().to_owned();
        let lay = move || shard::lay(&directory, Kind::Signature, &shard, keys, None).unwrap();
        let laid = tokio::task::spawn_blocking(lay).await.unwrap();
        Running::start(laid, Arc::new(Metrics::default()), Journal::silent()).await.unwrap()
    }

    fn size(running: &Running) -> u64 {
        running.log().published().unwrap().size
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_gets_it_once_whenever_it_was_cut_short() {
        let place = Place::new("once");
        let vault = place.vault();
        // Killed before it.
        let running = open(&place, &vault).await;
        assert_eq!(size(&running), 0);
        running.stop().await.unwrap();
        for _ in 0..2 {
            let running = open(&place, &vault).await;
            for _ in 0..2 {
                add_first_entry(running.log()).await.unwrap();
                assert_eq!(size(&running), 1);
            }
            let bundle = EntryBundle::new(0, 1).unwrap();
            let bytes = running.log().entries(bundle).await.unwrap().unwrap();
            let digest = sha256(statement(running.log()).as_bytes());
            assert!(String::from_utf8_lossy(&bytes).contains(&base64::encode(&digest)));
            running.stop().await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_that_takes_no_entries_stays_as_it_is() {
        let place = Place::new("frozen");
        let running = open(&place, &place.vault()).await;
        running.log().freeze();
        let mut published = running.log().watch();
        published.wait_for(|now| now.as_ref().is_some_and(|now| now.frozen)).await.unwrap();
        add_first_entry(running.log()).await.unwrap();
        assert_eq!(size(&running), 0);
        running.stop().await.unwrap();
    }
}
