//! The certificate of a server and its key, in files that are read again when they change: certificates are renewed every few
//! weeks, by a program that knows nothing of ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::sha256;
use sealwax_pki::Certificate;
use sealwax_server::Tls;
use sealwax_server::journal::{Journal, Value};
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Failure;
use crate::looks::Looks;
use crate::sources::read_limited;

/// The longest file that is read, bytes: a chain of ten certificates with RSA keys has 20,000.
const MAX_BYTES: u64 = 1 << 18;

/// The files, and what is served of them.
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    tls: Tls,
    validity: watch::Sender<Option<Validity>>,
    /// Of what was read last, whether it was any good or not: a fault is reported once.
    seen: Seen,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// The digests of both files, or what the system said.
type Seen = Result<[[u8; 32]; 2], String>;

struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl TlsFiles {
    /// Reads both files, if there are any.
    pub fn open(certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<Self>, Failure> {
        let (Some(certificate), Some(key)) = (certificate, key) else { return Ok(None) };
        let pair = Pair::read(certificate, key).map_err(Failure::cannot)?;
        let tls = Tls::new(&pair.certificate, &pair.key);
        let tls = tls.map_err(|error| Failure::cannot(format!("{}: {error}", certificate.display())))?;
        let (validity, _) = watch::channel(Validity::of(&pair.certificate));
        let seen = Ok(pair.digests());
        Ok(Some(Self { certificate: certificate.to_owned(), key: key.to_owned(), tls, validity, seen }))
    }

    /// How long the certificate that is served is valid, at any time; unknown of one that is of a kind which only TLS knows.
    pub fn validity(&self) -> watch::Receiver<Option<Validity>> {
        self.validity.subscribe()
    }

    /// For the server.
    pub fn config(&self) -> Arc<rustls::ServerConfig> {
        self.tls.config()
    }

    /// Follows the files until the task is aborted. A pair that is no good leaves the one before in use.
    pub fn follow(mut self, hangup: Signal, journal: Journal) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut looks = Looks::new(hangup);
            loop {
                looks.next().await;
                self.look(&journal, Timestamp::now());
            }
        })
    }

    /// Two small files, of which the system has the pages.
    fn look(&mut self, journal: &Journal, now: Timestamp) {
        let pair = Pair::read(&self.certificate, &self.key);
        let seen = pair.as_ref().map(Pair::digests).map_err(String::clone);
        if seen == self.seen {
            return;
        }
        self.seen = seen;
        let file = self.certificate.display().to_string();
        let file = ("certificate", Value::Text(&file));
        match pair.and_then(|pair| self.replace(&pair, now)) {
            Ok(()) => journal.info("took the new TLS certificate", &[file]),
            Err(reason) => {
                let reason = ("error", Value::Text(&reason));
                journal.error("the TLS certificate stays as it was", &[file, reason]);
            }
        }
    }

    fn replace(&self, pair: &Pair, now: Timestamp) -> Result<(), String> {
        // One that is of a kind which only TLS knows is for TLS to judge.
        let validity = Validity::of(&pair.certificate);
        if let Some(Validity { until, .. }) = validity.filter(|validity| validity.until < now) {
            return Err(format!("the new one has expired at {until}"));
        }
        self.tls.replace(&pair.certificate, &pair.key).map_err(|error| error.to_string())?;
        self.validity.send_replace(validity);
        Ok(())
    }
}

impl Validity {
    /// Of the certificate in a file, as far as it can be read.
    pub fn of_file(path: &Path) -> Option<Self> {
        Self::of(&read_limited(path, MAX_BYTES).ok()?)
    }

    /// Of the first certificate of a chain in PEM.
    fn of(chain: &[u8]) -> Option<Self> {
        let list = Certificate::list_from_pem(str::from_utf8(chain).ok()?).ok()?;
        list.first().map(|first| Self { from: first.not_before(), until: first.not_after() })
    }
}

impl Pair {
    fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let read = |path: &Path| {
            read_limited(path, MAX_BYTES).map_err(|error| format!("cannot read {}: {error}", path.display()))
        };
        Ok(Self { certificate: read(certificate)?, key: read(key)? })
    }

    fn digests(&self) -> [[u8; 32]; 2] {
        [sha256(&self.certificate), sha256(&self.key)]
    }
}
