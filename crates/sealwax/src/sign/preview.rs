//! What will be public, said before it is.

use std::io::{self, BufRead, IsTerminal, Write};

use sealwax_client::{Choice, IdentityToken, Prediction, Services};
use sealwax_pki::Certificate;

use super::jobs::Job;
use super::trust::SigningTrust;
use crate::Failure;
use crate::terminal::{Escaped, notice};

/// What a signature makes known, as far as that is known before.
pub struct Preview<'a> {
    /// Who signs, by token; `None` if what is signed is completed only.
    pub token: Option<&'a IdentityToken>,
    /// SHA-256 of the key that signs instead.
    pub key_id: Option<[u8; 32]>,
    /// The certificate that this key has.
    pub certificate: Option<&'a Certificate>,
    pub services: &'a Services,
    pub jobs: &'a [Job],
    /// The profile, or the file, that the services are from, and who chose it.
    pub trust: &'a SigningTrust,
}

impl Preview<'_> {
    /// Says it, and asks where somebody can answer.
    ///
    /// # Errors
    /// They said no.
    pub fn show(&self, may_ask: bool) -> Result<(), Failure> {
        if self.trust.private || self.is_told_to_nobody() {
            // Nothing becomes public. That a file of the project has chosen whom to ask is still news.
            if let Some(file) = &self.trust.project {
                notice(&format!(
                    "signing by the services of {}, which {} names",
                    self.trust.name,
                    file.display()
                ));
            }
            return Ok(());
        }
        let mut errors = io::stderr().lock();
        // Whoever has closed standard error does not want to read it.
        let _ = errors.write_all(self.text().as_bytes());
        if !may_ask || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(());
        }
        let _ = write!(errors, "Go on? [y/N] ");
        let _ = errors.flush();
        let mut answer = String::new();
        let _ = io::stdin().lock().read_line(&mut answer);
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(Failure::cannot("nothing was sent")),
        }
    }

    /// No certificate is issued and no log is asked: a timestamp authority sees the hash of a signature, and publishes nothing.
    fn is_told_to_nobody(&self) -> bool {
        self.token.is_none() && self.services.logs.needed == 0
    }

    fn text(&self) -> String {
        let mut lines = vec!["This becomes public, and stays so:".to_owned()];
        if let Some(token) = self.token {
            let (identity, likely) = match token.prediction() {
                Prediction::Known(identity) => (identity, ""),
                Prediction::Likely(identity) => (identity, "likely "),
            };
            let certificate = "in a certificate, which is logged as soon as it is issued";
            lines.push(format!("  identity  {likely}{} ({certificate})", Escaped(&identity)));
            lines.push(format!("  issuer    {}", Escaped(token.issuer())));
        }
        if let Some(id) = &self.key_id {
            lines.push(format!("  key       {}", sealwax_crypto::hex(id)));
        }
        if let Some(name) = self.certificate.and_then(|leaf| leaf.subject_alternative_names().first()) {
            let identity = Escaped(name.identity().unwrap_or_default());
            lines.push(format!(
                "  identity  {identity} (in the key's certificate, which is logged with the signature)"
            ));
        }
        lines.push(match self.jobs {
            [job] => format!("  digest    of {}", Escaped(&job.name)),
            jobs => format!("  digests   of {} artifacts", jobs.len()),
        });
        match names(&self.services.logs).as_slice() {
            [] => lines.push("  log       none".to_owned()),
            logs => lines.extend(logs.iter().map(|log| format!("  log       {}", Escaped(log)))),
        }
        let by = format!("  by        the services of {}", Escaped(&self.trust.name));
        lines.push(match &self.trust.project {
            Some(file) => format!("{by}, as {} says", Escaped(&file.display().to_string())),
            None => by,
        });
        lines.into_iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Those that are asked if all goes well.
fn names(choice: &Choice) -> Vec<&str> {
    let first = choice.operators.iter().filter_map(|operator| operator.first());
    first.take(choice.needed).map(|service| service.url.as_str()).collect()
}
