//! sigstore-js and sigstore-go, which are libraries: a small program of ours each, `peers/js/bundle.js` and `peers/go/bundle`,
//! with the same command line.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::super::peers::{self, Node};
use super::super::instance::Instance;
use super::super::place::{private, said, verdict};
use super::cosign::OF_ANOTHER_KEY;
use super::{Account, Change, Claim, Client, Compared, Content, Credential, Job, Signer, Verdict, Way};
use crate::{Failure, Outcome};

pub(super) struct Library {
    program: Vec<PathBuf>,
    language: Language,
}

enum Language {
    /// With the script of its command line, which gets tokens, but signs in another way than the public log of today.
    JavaScript {
        cli: PathBuf,
    },
    Go,
}

impl Library {
    pub(super) fn javascript(node: &Node) -> Result<Self, Failure> {
        let program = vec![node.program.clone(), node.script("bundle.js")?];
        Ok(Self { program, language: Language::JavaScript { cli: node.sigstore_cli() } })
    }

    pub(super) fn go(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { program: vec![peers::sigstore_go_bundle(directory)?], language: Language::Go })
    }

    fn run(&self, instance: &Instance<'_>, command: &str, way: Way, rest: &[&std::ffi::OsStr]) -> Verdict {
        let (program, script) = self.program.split_first().ok_or("a library without a program")?;
        let mut run = instance.place.command(program);
        run.args(script).arg(command);
        match way {
            Way::Tuf => run.arg("tuf").arg(instance.tuf()),
            Way::Files => run.arg("files").arg(instance.files()),
        };
        verdict(run.args(rest))
    }

    /// A token of the person, who signs in with a browser.
    fn sign_in(&self, instance: &Instance<'_>) -> Result<String, Failure> {
        let mut token = match &self.language {
            Language::JavaScript { cli } => {
                let mut token = instance.place.command(self.program.first().ok_or("no Node")?);
                token.arg(cli).args(["token", "--issuer", &instance.issuer]).env("PICTURE", "sigstore-js");
                token
            }
            Language::Go => return instance.person_token(),
        };
        said(&mut token)
    }
}

impl Client for Library {
    fn name(&self) -> String {
        match self.language {
            Language::JavaScript { .. } => format!("sigstore-js {}", peers::SIGSTORE_JS),
            Language::Go => format!("sigstore-go {}", peers::SIGSTORE_GO),
        }
    }

    fn compares(&self, content: Content) -> Compared {
        match (&self.language, content) {
            (Language::JavaScript { .. }, Content::Statement) => Compared::Statement,
            _ => Compared::Artifact,
        }
    }

    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome {
        let token = match &job.credential {
            Credential::Token(token) => token.clone(),
            Credential::Browser => self.sign_in(instance)?,
            Credential::Key(_) => return Err("its program signs by no key".into()),
        };
        let file = job.bundle.with_extension("token");
        private(&file, &token)?;
        let (kind, content) = match job.content {
            Content::Message => ("message", &job.artifact),
            Content::Statement => ("statement", &job.statement),
        };
        let rest = [kind.as_ref(), file.as_os_str(), job.bundle.as_os_str(), content.as_os_str()];
        self.run(instance, "sign", job.way, &rest)?.map_err(|said| format!("it says {said}"))?;
        Ok(fs::remove_file(file)?)
    }

    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let (name, rest) = match &claim.signer {
            Signer::Identity { name, issuer } => (name.as_ref(), issuer.as_ref()),
            Signer::Key(public) => ("key".as_ref(), public.as_os_str()),
        };
        let rest = [claim.bundle.as_os_str(), name, rest, claim.artifact.as_os_str()];
        self.run(instance, "verify", claim.way, &rest)
    }

    fn refusal(&self, content: Content, account: Account, change: Change) -> &'static [&'static str] {
        match (&self.language, content, change) {
            (Language::JavaScript { .. }, _, Change::Identity) if account == Account::Key => {
                &["SIGNATURE_ERROR: signature verification failed"]
            }
            (Language::Go, _, Change::Identity) if account == Account::Key => OF_ANOTHER_KEY,
            (Language::JavaScript { .. }, Content::Message, Change::Byte) => {
                &["SIGNATURE_ERROR: signature verification failed"]
            }
            (Language::JavaScript { .. }, Content::Statement, Change::Byte) => {
                &["TLOG_BODY_ERROR: digest mismatch", "TLOG_BODY_ERROR: DSSE payload hash mismatch"]
            }
            (Language::JavaScript { .. }, _, Change::Identity) => {
                &["UNTRUSTED_SIGNER_ERROR: certificate identity error"]
            }
            (Language::Go, Content::Message, Change::Byte) => {
                &["invalid signature when validating ASN.1 encoded signature"]
            }
            (Language::Go, Content::Statement, Change::Byte) => {
                &["provided artifact digests do not match digests in statement"]
            }
            (Language::Go, _, Change::Identity) => &["no matching CertificateIdentity found"],
        }
    }

    fn remarks(&self) -> &'static [&'static str] {
        match self.language {
            Language::JavaScript { .. } => &[
                "sigstore-js compares no subject (@sigstore/verify, bundle/dsse.js): the byte that is changed for it is one of the statement in the envelope.",
                "sigstore-js's command line signs for Rekor v1 alone (@sigstore/cli, commands/attest.js): its library signs here, with a token of its command line's.",
            ],
            Language::Go => &[
                "sigstore-go has no sign-in of its own: its tokens of a person are of `sealwax token --browser`.",
            ],
        }
    }
}
